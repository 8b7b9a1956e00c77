"""Attacks on the network. @port@, @path@, @name@ are listeners of the test's own."""

from attacks import Attack, ended, refused

ATTACKS: list[Attack] = [
    refused(
        "network",
        "sockets of every family and type",
        """
        import socket
        for family in range(64):
            for kind in (1, 2, 3, 5):
                attempt(socket.socket, family, kind)
        """,
        "socket",
    ),
    refused(
        "network",
        "system calls without Python",
        """
        for family in (1, 2, 10, 16, 17, 38, 40):
            attempt_call("socket", family, 1, 0)
            attempt_call("socketpair", family, 1, 0, (ctypes.c_int * 2)()) \\
                if family != 1 else None
        """,
        "socket",
        "socketpair",
    ),
    ended(
        "network",
        "HTTP to a server on this machine",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:@port@/')",
        "forbidden",
    ),
    refused(
        "network",
        "datagrams from a pair of sockets to somebody else",
        """
        import socket
        one, two = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for address in ("@path@", "\\0@name@"):
            attempt(one.sendto, b"stolen", address)
            attempt(one.connect, address)
            attempt(one.sendmsg, [b"stolen"], [], 0, address)
            attempt(one.bind, "\\0fusemill-test-mine")
        attempt(one.listen)
        """,
        "sendto",
        "connect",
        "bind",
    ),
    refused(
        "network",
        "asyncio to a server on this machine",
        """
        import asyncio
        async def reach():
            await asyncio.open_connection("127.0.0.1", @port@)
        attempt(asyncio.run, reach())
        """,
        "socket",
    ),
    refused(
        "network",
        "a name looked up",
        """
        import socket
        attempt(socket.getaddrinfo, "example.com", 80)
        attempt(socket.gethostbyname, "example.com")
        """,
        "socket",
    ),
]

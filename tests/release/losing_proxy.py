"""A proxy before a server that passes everything on and loses one reply."""

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@contextmanager
def losing_replies(upstream: str, what: str) -> Iterator[tuple[str, list[str]]]:
    """The proxy's address, and the paths whose first reply was lost so far.

    `what` stands in the path of the POST whose reply never comes, though it was done.
    """
    lost: list[str] = []
    address = urlsplit(upstream).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {**self.headers, "Host": address}
            server = http.client.HTTPConnection(address)
            server.request(self.command, self.path, self.rfile.read(length), headers)
            reply = server.getresponse()
            body = reply.read()
            if self.command == "POST" and what in self.path and not lost:
                lost.append(self.path)
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.getheaders():
                if name.lower() not in ("transfer-encoding", "connection"):
                    self.send_header(name, value)
            if reply.getheader("Content-Length") is None:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = pass_on

        def log_message(self, *_: object) -> None:
            pass

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}", lost
    finally:
        proxy.shutdown()
        proxy.server_close()

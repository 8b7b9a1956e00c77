"""Rarer routes to what the other modules attack: CALLS are refused quickly, COSTS run
into a limit, STATE tries to outlast its run."""

from attacks import RAISED, Attack, ended, refused

# Finds the nonce as only code beside the driver can; `frame(kind, text)` is a report.
NONCE = """
        import struct
        frame = sys._getframe()
        while "nonce" not in frame.f_locals:
            frame = frame.f_back
        nonce = frame.f_locals["nonce"]
        def frame(kind, data, size=None):
            size = len(data) if size is None else size
            os.write(3, struct.pack("<16scI", nonce, kind, size) + data)
        """

CALLS = [
    refused("files", "own descriptors opened again for writing", """
        for fd in (1, 2, 3):
            for path in (f"/proc/self/fd/{fd}/../../environ", f"/dev/fd/{fd}/x",
                         f"/proc/self/map_files/{fd}", f"/proc/self/task/1/fd/{fd}"):
                attempt(os.open, path, os.O_RDWR)
        """),
    refused("files", "folders entered, then read from inside", """
        for path in ("/proc/self", "/root", "/etc", "/tmp", "/sys", "@folder@"):
            try:
                os.chdir(path)
            except OSError:
                continue
            for name in (".", "..", "fd", "task"):
                attempt(os.listdir, name)
            for name in ("environ", "passwd", "secret", "maps", "mem"):
                attempt(open, name)
        """),
    refused("files", "descriptors of paths alone", """
        for path in ("/root", "/etc", "/", "@folder@"):
            try:
                fd = os.open(path, os.O_PATH)
            except OSError:
                continue
            attempt(os.listdir, fd)
            attempt(os.read, fd, 1)
            attempt(os.open, ".", os.O_RDONLY, dir_fd=fd)
            attempt(os.open, f"/proc/self/fd/{fd}", os.O_RDONLY)
            attempt(os.open, f"/proc/self/fd/{fd}/passwd", os.O_RDONLY)
        """),
    refused("files", "loaders of archives, libraries, byte code", """
        import py_compile, zipimport
        attempt(py_compile.compile, os.__file__, doraise=True)
        for path in ("@secret@", "@folder@/x.so"):
            attempt(ctypes.CDLL, path)
        try:
            zipimport.zipimporter("@secret@")
            result.append("zipimport")
        except zipimport.ZipImportError:
            pass
        """),
    refused("network", "sending on permitted pairs to an address", """
        import socket
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            pair = socket.socketpair(socket.AF_UNIX, kind)
            attempt(pair[0].sendto, b"x", "@path@")
            attempt(pair[0].sendto, b"x", b"\\0@name@")
            attempt(pair[0].sendmsg, [b"x"], [], 0, "@path@")
            attempt(pair[0].connect, "@path@")
            attempt(pair[0].setsockopt, socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        channel = socket.socket(fileno=os.dup(3))
        attempt(channel.sendto, b"x", "@path@")
        """, "sendto", "connect"),
    refused("io_uring", "the older asynchronous calls", """
        context = ctypes.c_ulong()
        attempt_call("io_setup", 8, ctypes.byref(context))
        attempt_call("io_submit", context, 0, 0)
        attempt_call("io_getevents", 0, 0, 0, 0, 0)
        attempt_call("io_pgetevents", 0, 0, 0, 0, 0, 0)
        attempt_call("io_destroy", 0)
        """, "io_setup"),
    refused("the kernel", "pages moved through pipes", """
        reading, writing = os.pipe()
        attempt_call("splice", 0, 0, writing, 0, 10, 0)
        attempt_call("tee", reading, writing, 10, 0)
        """, "splice", "tee"),
    ended("the kernel", "pages given to pipes",
          "call('vmsplice', 1, 0, 0, 0)", "forbidden"),
    ended("memory", "secret memory", "call('memfd_secret', 0)", "forbidden"),
    refused("memory", "memory files of every kind", """
        for flags in (0, 1, 2, 4, 8, 16):
            attempt_call("memfd_create", b"x", flags)
        attempt_call("shmget", 0x1234, 1 << 20, 0o1666)
        attempt_call("remap_file_pages", 0, 0, 0, 0, 0)
        """, "memfd_create"),
    refused("fork and thread bombs", "clone with each of its flags", """
        for bit in range(8, 32):
            attempt_call("clone", 1 << bit | 17, 0, 0, 0, 0)
        attempt_call("clone", 0x50F00, 0, 0, 0, 0)
        """),
    refused("signals to others", "owners of descriptors by fcntl and ioctl", """
        import fcntl
        owner = ctypes.c_int(os.getppid())
        for number in (8, 10, 15, 1024, 1025, 1026, 1033):
            try:
                fcntl.fcntl(1, number, os.getppid())
                result.append(number)
            except OSError:
                pass
        for number in (0x8901, 0x8902, 0x5452, 0x5410, 0x5412):
            attempt_call("ioctl", 1, number, ctypes.byref(owner))
        """, "fcntl"),
    refused("the kernel", "what prctl could undo", """
        for option, value in ((4, 1), (0x59616D61, -1), (36, 0), (8, 1), (35, 8),
                              (65, 1), (22, 1), (38, 0), (24, 0), (28, 0)):
            attempt_call("prctl", option, value, 0, 0, 0)
        """),
    refused("the kernel", "every limit raised", """
        import resource
        limit = (ctypes.c_uint64 * 2)(1 << 62, 1 << 62)
        for which in range(16):
            try:
                resource.setrlimit(which, (-1, -1))
                result.append(which)
            except (OSError, ValueError):
                pass
            attempt_call("prlimit64", 0, which, limit, 0)
            attempt_call("prlimit64", os.getpid(), which, limit, 0)
            attempt_call("setrlimit", which, limit)
        """),
    refused("environment", "the stack above the program", """
        libc.getauxval.restype = ctypes.c_ulong
        end = libc.getauxval(31)  # the name of the executable lies above the variables
        block = ctypes.string_at(end - 4096, 4096)
        result += [word for word in (b"PATH=", b"HOME=", b"SECRET") if word in block]
        """),
    refused("descriptor theft", "numbers that others may have", """
        for fd in range(4, 64):
            attempt(os.read, fd, 1)
            attempt(os.write, fd, b"x")
            attempt(os.dup, fd)
        """),
    refused("children left behind", "waiting for those of others", """
        attempt(os.waitpid, -1, 0)
        attempt(os.waitpid, os.getppid(), os.WNOHANG)
        attempt(os.waitid, os.P_ALL, 0, os.WEXITED | os.WNOHANG)
        """),
]  # fmt: skip

FORGING = [
    Attack("forging the result", "a part of a report, with the true nonce",
           NONCE + "frame(b'D', b'1', 100); os._exit(0)", ("exited",)),
    Attack("forging the result", "a report of four gigabytes, it says",
           NONCE + "frame(b'D', b'1' * 1000, (1 << 32) - 1); os._exit(0)",
           ("exited",)),
    Attack("forging the result", "a report, then a crash",
           NONCE + "frame(b'D', b'1'); os.abort()", ("killed",)),
    Attack("forging the result", "a report, then sleep",
           NONCE + "frame(b'D', b'1')\n        import time; time.sleep(100)",
           ("timeout",)),
    Attack("forging the result", "a report of an unknown kind",
           NONCE + "frame(b'?', b'1'); os._exit(0)", ("exited",)),
    Attack("forging the result", "a report that needs packages, again and again",
           NONCE + "frame(b'P', b'numpy'); os._exit(0)", ("exited",)),
    Attack("forging the result", "a report that is no text",
           NONCE + "frame(b'D', bytes([255, 254])); os._exit(0)", ("exited",)),
    Attack("forging the result", "the channel shut down", """
        import socket
        socket.socket(fileno=os.dup(3)).shutdown(socket.SHUT_RDWR)
        """, ("exited",)),
]  # fmt: skip

COSTS = [
    ended("memory", "a map that grows", """
        import mmap
        block = mmap.mmap(-1, 4096)
        for i in range(40):
            block.resize(4096 << i)
        """, "memory"),
    ended("memory", "a map without reserve", """
        import mmap
        mmap.mmap(-1, 1 << 36, flags=0x4000 | mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        """, "memory"),
    ended("memory", "widths and precisions", "f'{1.0:.{10**9}f}'", "memory"),
    ended("memory", "decimal digits", """
        import decimal
        decimal.getcontext().prec = 10**9
        decimal.Decimal(2).sqrt()
        """, "memory", "timeout"),
    Attack("deep recursion", "in C: nested JSON",
           "import json; json.loads('[' * 10**6)", ("done",), RAISED),
    Attack("deep recursion", "in C: sorting that sorts", """
        sys.setrecursionlimit(10**8)
        def f(n): return sorted([n], key=lambda x: f(x + 1))
        f(0)
        """, ("killed", "memory", "timeout", "done"), RAISED),
    ended("huge integers", "to a text, the limit of digits lifted",
          "sys.set_int_max_str_digits(0); str(10 ** 10**7)", "timeout"),
    ended("huge integers", "from a text, the limit of digits lifted",
          "sys.set_int_max_str_digits(0); int('9' * 10**7)", "timeout"),
    ended("catastrophic patterns", "a star in a star",
          "import re; re.fullmatch('(.*)*x', 'a' * 40)", "timeout"),
    ended("catastrophic patterns", "collisions of hashes", """
        table = {}
        for i in range(10**6):
            table[i * (2**61 - 1)] = i
        """, "timeout"),
    ended("endless loops", "in C with every signal blocked", """
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        while True:
            pow(3, 10**7)
        """, "timeout"),
    ended("endless loops", "writing nothing",
          "while True: os.write(1, b'')", "timeout"),
    ended("sleeping for ever", "stopped by itself",
          "import signal; signal.raise_signal(signal.SIGSTOP)", "timeout"),
    ended("sleeping for ever", "a futex that nobody wakes",
          "call('futex', (ctypes.c_int * 1)(0), 0, 0, 0, 0, 0)", "timeout"),
    ended("sleeping for ever", "an epoll of nothing",
          "import select; select.epoll().poll()", "timeout"),
    ended("output floods", "through many copies, without blocking", """
        for fd in range(10, 60):
            try:
                os.dup2(1, fd)
            except OSError:
                pass
        os.set_blocking(1, False)
        while True:
            try:
                os.write(20, b"x" * 100_000)
            except BlockingIOError:
                pass
        """, "killed"),
]  # fmt: skip

STATE = [
    Attack("state between runs", "import hooks, codecs, the collector", """
        import codecs, gc, importlib
        codecs.register(lambda name: 1 / 0)
        sys.meta_path.clear()
        sys.path_hooks.clear()
        sys.path_importer_cache.clear()
        importlib.invalidate_caches()
        gc.unfreeze()
        gc.set_threshold(1)
        sys.setswitchinterval(1e-9)
        sys.setprofile(lambda *_: None)
        result = 1
        """, ("done",), 1),
    Attack("state between runs", "objects and code of the interpreter overwritten", """
        address = ctypes.cast(libc.getpid, ctypes.c_void_p).value & ~4095
        if libc.mprotect(ctypes.c_void_p(address), 4096, 7) == 0:
            ctypes.memset(address, 0xC3, 64)
        ctypes.c_int.from_address(id(1000) + 24).value = 7
        result = "overwritten"
        """, ("done",), "overwritten"),
    Attack("state between runs", "flags of the descriptors", """
        import fcntl
        for fd in (0, 1, 2, 3):
            fcntl.fcntl(fd, fcntl.F_SETFL, os.O_APPEND | os.O_NONBLOCK)
        fcntl.fcntl(3, fcntl.F_SETFL, 0)
        result = "set"
        """, ("done",), "set"),
    Attack("time bombs", "an interval timer and a descriptor that counts", """
        import signal
        signal.signal(signal.SIGVTALRM, lambda *_: os.write(1, b"late"))
        signal.setitimer(signal.ITIMER_VIRTUAL, 1, 1)
        call("timerfd_create", 1, 0)
        result = "in time"
        """, ("done",), "in time"),
]  # fmt: skip

QUICK: list[Attack] = [*CALLS, *FORGING[:3], *STATE]
ATTACKS: list[Attack] = [*CALLS, *FORGING, *COSTS, *STATE]

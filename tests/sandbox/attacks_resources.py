"""Attacks on memory, disk, output, time and the interpreter itself."""

from attacks import RAISED, Attack, ended, refused

OVER = ("memory", "killed", "timeout")

MEMORY = [
    ended("memory", "one large block", "x = bytearray(1 << 40)", "memory"),
    ended("memory", "many small ones", "x = []\nwhile 1: x.append([0] * 100)", *OVER),
    ended("memory", "a growing text", "x = 'a'\nwhile True: x += x", "memory"),
    ended("memory", "a dictionary", "x = {i: str(i) for i in range(10**9)}", *OVER),
    ended("memory", "a decompression bomb", """
        import zlib
        layer = zlib.compress(bytes(1 << 28), 9)
        x = [zlib.decompress(layer) for _ in range(100)]
        """, *OVER),
    ended("memory", "anonymous maps, private and shared", """
        import mmap
        x = []
        while True:
            for flags in (mmap.MAP_PRIVATE, mmap.MAP_SHARED):
                x.append(mmap.mmap(-1, 16 << 20, flags | mmap.MAP_ANONYMOUS))
                x[-1].write(bytes(16 << 20))
        """, "memory"),
    refused("memory", "memory that no limit counts", """
        import resource
        attempt(os.memfd_create, "x")
        attempt_call("shmget", 0, 1 << 24, 0o1600)
        attempt_call("msgget", 0, 0o1600)
        attempt_call("semget", 0, 1, 0o1600)
        attempt_call("mq_open", b"x", os.O_CREAT | os.O_RDWR, 0o600, 0)
        attempt_call("mlockall", 1)
        attempt_call("inotify_init1", 0)
        import fcntl
        pipes = []
        for _ in range(1000):
            try:
                pipes.append(os.pipe())
            except OSError:
                break
        else:
            result.append("pipes without end")
        attempt(fcntl.fcntl, pipes[0][1], 1031, 1 << 20)  # F_SETPIPE_SZ
        """, "memfd_create", "shmget", "msgget", "mq_open"),
    ended("memory", "malloc through C, touched", """
        libc.calloc.restype = ctypes.c_void_p
        while True:
            block = libc.calloc(1, 1 << 20)
            if not block:
                raise MemoryError
            ctypes.memset(block, 1, 1 << 20)
        """, "memory"),
]  # fmt: skip

OUTPUT = [
    ended("output floods", "print for ever", "while True: print('x' * 1000)",
          "killed", "timeout"),
    ended("output floods", "both descriptors, in large blocks", """
        block = b"x" * (1 << 20)
        while True:
            os.write(1, block)
            os.write(2, block)
        """, "killed"),
    ended("output floods", "the descriptor of the report", """
        while True:
            os.write(3, b"x" * (1 << 20))
        """, "killed"),
    Attack("output floods", "warnings for ever", """
        while True:
            sys.stderr.write("warning\\n")
        """, ("killed", "timeout")),
]  # fmt: skip

TIME = [
    Attack("deep recursion", "in Python, with the limit lifted", """
        sys.setrecursionlimit(10**9)
        def f(n): return f(n + 1) + 1
        f(0)
        """, ("memory", "killed", "timeout", "done"), RAISED),
    Attack("deep recursion", "in Python, with the limit as it is", """
        def f(): return f()
        f()
        """, ("done",),
        {"exception": "RecursionError: maximum recursion depth exceeded"}),
    Attack("deep recursion", "in C: repr of a nested list", """
        sys.setrecursionlimit(10**9)
        x = []
        for _ in range(10**6): x = [x]
        repr(x)
        """, ("killed", "memory", "timeout", "done"), RAISED),
    ended("deep recursion", "in the parser and compiler", """
        sys.setrecursionlimit(10**9)
        compile("-" * 10**6 + "1", "x", "eval")
        raise MemoryError
        """, "killed", "memory"),
    ended("huge integers", "a power", "x = 10 ** 10 ** 9", "timeout", "memory"),
    ended("huge integers", "a factorial", """
        import math
        x = math.factorial(10**8)
        """, "timeout", "memory"),
    ended("huge integers", "a shift", "x = 1 << (1 << 40)", "memory"),
    Attack("huge integers", "digits of a large one", """
        x = str(10**5000)
        """, ("done",), {"exception": "ValueError: Exceeds the limit (4300 digits) for "
                         "integer string conversion; use sys.set_int_max_str_digits() "
                         "to increase the limit"}),
    ended("catastrophic patterns", "nested repetition", """
        import re
        re.match("(a+)+$", "a" * 50 + "b")
        """, "timeout"),
    ended("catastrophic patterns", "alternatives that overlap", """
        import re
        re.search("(a|aa|a?b?)*c", "ab" * 60)
        """, "timeout"),
    ended("sleeping for ever", "sleep", "import time; time.sleep(10**6)", "timeout"),
    ended("sleeping for ever", "waiting for a signal",
          "import signal; signal.pause()", "timeout"),
    ended("sleeping for ever", "a lock that is held", """
        import threading
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()
        """, "timeout"),
    ended("sleeping for ever", "reading the descriptor of the report",
          "os.read(3, 1)", "timeout"),
    ended("sleeping for ever", "naps, forever and with signals ignored", """
        import signal, time
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        while True:
            try:
                time.sleep(0.01)
            except BaseException:
                pass
        """, "timeout"),
    ended("endless loops", "a plain one", "while True: pass", "timeout"),
    ended("endless loops", "one that catches everything, with SIGXCPU ignored", """
        import signal
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        while True:
            try:
                while True: pass
            except BaseException:
                pass
        """, "timeout"),
    ended("endless loops", "in C, where no signal handler runs", "sum(iter(int, 1))",
          "timeout"),
]  # fmt: skip

ATTACKS: list[Attack] = [*MEMORY, *OUTPUT, *TIME]

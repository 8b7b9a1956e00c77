"""Attacks on the verdict: leaving early, forging, spying, acting late, lasting."""

from attacks import Attack

LEAVING = [
    Attack("leaving early", "os._exit(0)", "os._exit(0)", ("exited",)),
    Attack("leaving early", "sys.exit(0)", "sys.exit(0)", ("exited",)),
    Attack("leaving early", "SystemExit of a wrong kind",
           "raise SystemExit({'passed': True})", ("exited",)),
    Attack("leaving early", "KeyboardInterrupt", "raise KeyboardInterrupt", ("error",)),
    Attack("leaving early", "exit_group as a system call",
           "call('exit_group', 0)", ("exited",)),
    Attack("leaving early", "replacing the driver's frame by a crash",
           "ctypes.string_at(0)", ("killed",)),
    Attack("core dumps", "abort", "os.abort()", ("killed",)),
    Attack("core dumps", "after raising the limit", """
        import resource
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))
        except (OSError, ValueError):
            pass
        call("prctl", 4, 1, 0, 0, 0)
        ctypes.string_at(0)
        """, ("killed",)),
]  # fmt: skip

FORGING = [
    Attack("forging the result", "a report with a guessed nonce", """
        import struct
        text = b'{"passed": true}'
        os.write(3, struct.pack("<16scI", b"0" * 16, b"D", len(text)) + text)
        os._exit(0)
        """, ("exited",)),
    Attack("forging the result", "a report on every descriptor, then a clean end", """
        for fd in range(64):
            try:
                os.write(fd, b'{"status": "done", "report": true}\\n')
            except OSError:
                pass
        """, ("exited",)),
    Attack("forging the result", "a file where a result might be looked for", """
        for path in ("result.json", "/tmp/result.json", "/dev/shm/result"):
            attempt(open, path, "w")
        os._exit(0)
        """, ("exited", "forbidden")),
    Attack("forging the result", "replacing what reports", """
        import json, json.encoder
        json.dumps = json.encoder.JSONEncoder.encode = lambda *_, **__: '"forged"'
        json.encoder.JSONEncoder.iterencode = lambda *_, **__: iter(['"forged"'])
        os.write = os._exit = lambda *_: 0
        result = "mine"
        """, ("done",), "mine"),
    Attack("forging the result", "ending inside the report", """
        sys.stdout = sys.stderr = type("Trap", (), {"flush": lambda _: os._exit(0)})()
        result = "mine"
        """, ("done",), "mine"),
    Attack("forging the result", "more than one report", """
        channel = os.dup(3)
        os.write(channel, b"x")
        result = "passed"
        """, ("exited",)),
]  # fmt: skip

LATE = [
    Attack("time bombs", "atexit and finalizers", """
        import atexit, weakref
        class Bomb:
            def __del__(self):
                os.write(1, b"late")
        bomb = Bomb()
        bomb.self = bomb
        atexit.register(os.write, 1, b"late")
        weakref.finalize(bomb, os.write, 1, b"late")
        result = "in time"
        """, ("done",), "in time"),
    Attack("time bombs", "an alarm", """
        import signal
        signal.signal(signal.SIGALRM, lambda *_: os.write(1, b"late"))
        signal.setitimer(signal.ITIMER_REAL, 0.3, 0.3)
        result = "in time"
        """, ("done",), "in time"),
    Attack("time bombs", "an error when the process ends", """
        import atexit
        atexit.register(lambda: os._exit(1))
        sys.excepthook = sys.unraisablehook = lambda *_: os._exit(1)
        result = "in time"
        """, ("done",), "in time"),
]  # fmt: skip

LASTING = [
    Attack("state between runs", "patched builtins and modules", """
        import builtins, json, math, random, unittest
        builtins.len = builtins.print = lambda *_: 42
        builtins.__build_class__ = builtins.__import__ = None
        math.pi = 3
        random.random = lambda: 4
        unittest.TestCase.assertEqual = lambda *_: None
        json.loads = json.dumps = None
        sys.modules["fractions"] = None
        result = "patched"
        """, ("done",), "patched"),
    Attack("state between runs", "the process's own state", """
        import gc, locale, signal
        os.environ["PATH"] = "/evil"
        libc.setenv(b"LD_PRELOAD", b"/evil.so", 1)
        os.umask(0o777)
        os.chdir("/")
        sys.setrecursionlimit(50)
        sys.path.insert(0, "/tmp")
        sys.set_int_max_str_digits(0)
        gc.disable()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.alarm(1)
        result = "changed"
        """, ("done",), "changed"),
    Attack("environment", "variables, Python's and C's", """
        libc.getenv.restype = ctypes.c_char_p
        found = [libc.getenv(n) for n in (b"PATH", b"HOME", b"FUSEMILL_TEST_SECRET")]
        block = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, "environ")
        first = block[0] if block else None
        result = [dict(os.environ), [f for f in found if f], first]
        """, ("done",), [{}, [], None]),
    Attack("environment", "arguments, user and host", """
        import getpass
        result = [sys.argv, sys.orig_argv, os.path.expanduser("~nobody") and None]
        try:
            os.getlogin()
            result.append("login")
        except OSError:
            pass
        """, ("done",), [[""], [""], None]),
]  # fmt: skip

ATTACKS: list[Attack] = [*LEAVING, *FORGING, *LATE, *LASTING]

"""Attacks by processes, threads, signals and the kernel's rarer calls."""

from attacks import Attack, ended, refused

BOMBS = [
    refused(
        "fork and thread bombs",
        "processes by every route of Python",
        """
        import multiprocessing, pty, subprocess
        attempt(os.fork)
        attempt(os.forkpty)
        attempt(os.system, "true") if os.system("true") == 0 else None
        attempt(subprocess.run, ["true"])
        attempt(subprocess.Popen, "true", shell=True)
        attempt(os.posix_spawn, "/bin/true", ["true"], {})
        attempt(multiprocessing.Process(target=print).start)
        for start in (os.execv, os.execve):
            attempt(start, "/bin/true", ["true"], *([{}] if start is os.execve else []))
        """,
        "clone (process)",
        "execve",
    ),
    refused(
        "fork and thread bombs",
        "clone, clone3, fork, vfork, execveat as system calls",
        """
        for flags in (17, 0x100 | 17, 0x4100 | 17, 0x10000000 | 17, 0x20000000 | 17):
            attempt_call("clone", flags, 0, 0, 0, 0)
        attempt_call("clone3", (ctypes.c_uint64 * 11)(), 88)
        attempt_call("fork")
        attempt_call("vfork")
        attempt_call("execveat", -100, b"/bin/true", 0, 0, 0)
        """,
        "execveat",
    ),
    ended(
        "fork and thread bombs",
        "a fork bomb",
        "while True: os.fork()",
        "forbidden",
    ),
    ended(
        "fork and thread bombs",
        "a fork bomb that minds no refusal",
        """
        while True:
            try:
                os.fork()
            except OSError:
                pass
        """,
        "forbidden",
    ),
    refused(
        "fork and thread bombs",
        "threads by every route",
        """
        import _thread, concurrent.futures, threading
        for _ in range(5):
            attempt(threading.Thread(target=print).start)
            attempt(threading.Timer(0, print).start)
            attempt(_thread.start_new_thread, print, ())
        pool = concurrent.futures.ThreadPoolExecutor()
        attempt(pool.submit, print)
        word = ctypes.c_ulong()
        function = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(lambda _: None)
        if libc.pthread_create(ctypes.byref(word), None, function, None) == 0:
            result.append("pthread_create")
        """,
        "clone (thread)",
    ),
    ended(
        "fork and thread bombs",
        "a thread bomb",
        """
        import threading
        while True:
            try:
                threading.Thread(target=print).start()
            except RuntimeError:
                pass
        """,
        "forbidden",
    ),
    refused(
        "children left behind",
        "daemons",
        """
        for _ in range(3):
            attempt(os.fork)
        attempt(os.setsid)
        attempt(os.setpgid, 0, 0)
        """,
        "clone (process)",
    ),
    refused(
        "children left behind",
        "a process that outlives its parent by vfork and exec",
        """
        import subprocess
        attempt(subprocess.Popen, ["sleep", "100"], start_new_session=True)
        attempt(os.spawnvp, os.P_NOWAIT, "sleep", ["sleep", "100"])
        """,
    ),
]

SIGNALS = [
    refused(
        "signals to others",
        "kill, killpg and all processes",
        """
        import signal
        for pid in (os.getppid(), -1, 0, 1, -os.getppid(), @pid@):
            for number in (0, signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
                attempt(os.kill, pid, number)
        attempt(os.killpg, os.getpgid(os.getppid()), signal.SIGKILL)
        """,
        "kill",
    ),
    refused(
        "signals to others",
        "the rarer calls that send signals",
        """
        parent = os.getppid()
        for pid in (parent, @pid@):
            attempt_call("tkill", pid, 9)
            attempt_call("tgkill", pid, pid, 9)
            info = (ctypes.c_char * 128)()
            attempt_call("rt_sigqueueinfo", pid, 9, info)
            attempt_call("rt_tgsigqueueinfo", pid, pid, 9, info)
            pidfd = call("pidfd_open", pid, 0)
            attempt_call("pidfd_send_signal", max(pidfd, 0), 9, 0, 0)
        """,
        "tkill",
        "rt_sigqueueinfo",
    ),
    refused(
        "signals to others",
        "asking the kernel to signal them: owners of descriptors, timers, limits",
        """
        import fcntl, resource
        reading, writing = os.pipe()
        attempt(fcntl.fcntl, reading, fcntl.F_SETOWN, @pid@)
        attempt(fcntl.fcntl, reading, 10, 9)  # F_SETSIG
        attempt_call("ioctl", reading, 0x8901, ctypes.byref(ctypes.c_int(@pid@)))
        attempt_call("timer_create", 0, 0, ctypes.byref(ctypes.c_int()))
        limit = (ctypes.c_uint64 * 2)(1, 1)
        for pid in (os.getppid(), @pid@):
            attempt_call("prlimit64", pid, 0, limit, 0)
            attempt_call("setpriority", 0, pid, 19)
            attempt_call("sched_setaffinity", pid, 8, (ctypes.c_uint64 * 1)(1))
            attempt_call("sched_setscheduler", pid, 0, ctypes.byref(ctypes.c_int()))
        """,
        "fcntl",
        "timer_create",
    ),
]


def _fatal(kind: str, name: str, call: str) -> Attack:
    source = f"call({call}); result.append('went on')"
    attempts = (call.partition(",")[0].strip('"'),)
    return Attack(kind, name, source, ("forbidden",), None, attempts)


KERNEL = [
    _fatal("ptrace", "attaching to the parent", '"ptrace", 16, os.getppid(), 0, 0'),
    _fatal("ptrace", "asking to be traced", '"ptrace", 0, 0, 0, 0'),
    _fatal("ptrace", "reading the parent's memory",
           '"process_vm_readv", os.getppid(), 0, 0, 0, 0, 0'),
    _fatal("ptrace", "writing the parent's memory",
           '"process_vm_writev", os.getppid(), 0, 0, 0, 0, 0'),
    _fatal("io_uring", "setting a ring up",
           '"io_uring_setup", 8, (ctypes.c_char * 120)()'),
    _fatal("io_uring", "entering a ring", '"io_uring_enter", 0, 1, 0, 0, 0, 0'),
    _fatal("io_uring", "registering with a ring", '"io_uring_register", 0, 0, 0, 0'),
    _fatal("descriptor theft", "taking one by pidfd_getfd", '"pidfd_getfd", 3, 0, 0'),
    _fatal("descriptor theft", "comparing with the parent's",
           '"kcmp", os.getpid(), os.getppid(), 0, 0, 0'),
    _fatal("the kernel", "bpf", '"bpf", 0, 0, 0'),
    _fatal("the kernel", "perf_event_open", '"perf_event_open", 0, 0, 0, 0, 0'),
    _fatal("the kernel", "userfaultfd", '"userfaultfd", 0'),
    _fatal("the kernel", "keys", '"keyctl", 0, 0, 0, 0, 0'),
    _fatal("the kernel", "user namespaces", '"unshare", 0x10000000'),
    _fatal("the kernel", "mounting", '"mount", b"x", b"/", b"tmpfs", 0, 0'),
    _fatal("the kernel", "joining namespaces", '"setns", 0, 0'),
    _fatal("the kernel", "handles of files", '"open_by_handle_at", 0, 0, 0'),
]  # fmt: skip

KERNEL += [
    refused(
        "the kernel",
        "taking the walls down",
        """
        attempt_call("seccomp", 1, 0, 0)
        attempt_call("prctl", 22, 2, 0, 0, 0)  # PR_SET_SECCOMP
        attempt_call("prctl", 4, 1, 0, 0, 0)  # PR_SET_DUMPABLE
        attempt_call("prctl", 1, 0, 0, 0, 0)  # PR_SET_PDEATHSIG
        attempt_call("setresuid", 0, 0, 0)
        attempt_call("setuid", 0)
        attempt_call("capset", 0, 0)
        attempt_call("personality", 0x0040000)
        attempt_call("landlock_restrict_self", 0, 0)
        import resource
        for name in ("AS", "CPU", "NOFILE", "CORE", "FSIZE", "NPROC"):
            which = getattr(resource, "RLIMIT_" + name)
            hard = resource.getrlimit(which)[1]
            try:
                resource.setrlimit(which, (hard, hard))
                result.append(name)
            except (OSError, ValueError):
                pass
        """,
        "setuid",
        "personality",
    ),
    ended(
        "the kernel",
        "32-bit system calls",
        """
        import mmap
        code = bytes.fromhex("b814000000cd80c3")  # mov eax, 20 (getpid); int 0x80; ret
        page = mmap.mmap(-1, 4096, prot=7)
        page.write(code)
        address = ctypes.addressof(ctypes.c_char.from_buffer(page))
        ctypes.CFUNCTYPE(ctypes.c_int)(address)()
        result.append("went on")
        """,
        "forbidden",
        "killed",
    ),
    ended(
        "the kernel",
        "x32 system calls",
        "libc.syscall(0x40000000 + 39); result.append('went on')",
        "forbidden",
        "killed",
    ),
]

DESCRIPTORS = [
    refused(
        "descriptor theft",
        "more descriptors than are ours",
        """
        import stat
        for fd in range(4, 2000):
            try:
                os.fstat(fd)
                result.append(fd)
            except OSError:
                pass
        """,
    ),
    refused(
        "descriptor theft",
        "descriptors by message",
        """
        import array, socket
        one, two = socket.socketpair()
        data = array.array("i", [0])
        attempt(one.sendmsg, [b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, data)])
        attempt(two.recvmsg, 1, 100)
        attempt(socket.socket(fileno=os.dup(3)).recvmsg, 1, 100, socket.MSG_DONTWAIT)
        attempt(os.open, f"/proc/{os.getppid()}/fd/0", os.O_RDWR)
        """,
    ),
]

ATTACKS: list[Attack] = [*BOMBS, *SIGNALS, *KERNEL, *DESCRIPTORS]

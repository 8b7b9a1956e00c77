"""Attacks on files. @secret@: a file that everybody may read; @target@: one that
everybody may write, in a folder where everybody may; @link@ points at @secret@."""

from attacks import Attack, ended, refused

READING = [
    refused(
        "files",
        "reading outside, by many routes",
        """
        import linecache, mmap, pathlib, shutil, sqlite3, tokenize
        for path in ("@secret@", "@link@", "/etc/passwd", "/etc/shadow", "/etc/hosts",
                     "/root/.bashrc", "/etc/../etc/passwd", "//etc/passwd"):
            attempt(open, path)
            attempt(os.open, path, os.O_RDONLY)
            attempt(os.open, path, 3)
            attempt(tokenize.open, path)
            if linecache.getlines(path):
                result.append(path)
            if os.path.isdir(path):
                attempt(os.listdir, path)
        attempt(shutil.copyfile, "@secret@", "/dev/null")
        """,
    ),
    refused(
        "files",
        "reading from folders opened as paths",
        """
        root = os.open("/", os.O_PATH)
        attempt(os.open, "etc/passwd", os.O_RDONLY, dir_fd=root)
        attempt(os.open, "@secret@"[1:], os.O_RDONLY, dir_fd=root)
        os.chdir("/etc")
        attempt(open, "passwd")
        attempt(os.listdir, "/")
        attempt(os.listdir, "@folder@")
        attempt(os.scandir, "/tmp")
        attempt(os.listdir, root)
        """,
    ),
    refused(
        "files",
        "reading through C and through importing",
        """
        import importlib.machinery as machinery, sqlite3
        libc.fopen.restype = ctypes.c_void_p
        if libc.fopen(b"@secret@", b"r"):
            result.append("fopen")
        attempt(machinery.SourceFileLoader("x", "@secret@").get_data, "@secret@")
        how = (ctypes.c_uint64 * 3)()
        attempt_call("openat2", -100, b"@secret@", how, 24)
        try:
            sqlite3.connect("@target@").execute("create table t (x)")
            result.append("sqlite")
        except sqlite3.Error:
            pass
        """,
    ),
    ended("files", "reading /etc/passwd", "open('/etc/passwd').read()", "forbidden"),
    refused(
        "proc and sys",
        "reading what the kernel tells",
        """
        for path in ("/proc/self/environ", "/proc/self/maps", "/proc/self/mem",
                     "/proc/self/cmdline", "/proc/self/status",
                     "/proc/1/environ", "/proc/1/cmdline", "/proc/meminfo",
                     "/proc/kallsyms", "/proc/sys/kernel/hostname", "/proc/net/tcp",
                     "/sys/kernel/mm/transparent_hugepage/enabled", "/proc/mounts",
                     f"/proc/{os.getppid()}/environ", f"/proc/{os.getppid()}/maps",
                     "/proc/thread-self/mem", "/dev/mem", "/dev/kmsg"):
            attempt(open, path, "rb")
        """,
    ),
    refused(
        "proc and sys",
        "listing, links and writing there",
        """
        for path in ("/proc", "/proc/self/fd", "/proc/1", "/sys", "/dev", "/dev/shm"):
            attempt(os.listdir, path)
        for path in ("/proc/self/exe", "/proc/self/cwd", "/proc/self/root"):
            attempt(os.readlink, path)
            attempt(open, path + "/etc/passwd")
        for path in ("/proc/self/oom_score_adj", "/proc/sys/kernel/core_pattern",
                     "/proc/self/comm", "/proc/self/uid_map", "/sys/power/state"):
            attempt(open, path, "w")
        """,
    ),
]

WRITING = [
    refused(
        "files",
        "writing everywhere",
        """
        import tempfile
        for folder in (".", "/tmp", "/var/tmp", "/dev/shm", "/run", "@folder@", "/",
                       os.path.dirname(os.__file__), os.path.expanduser("~")):
            path = os.path.join(folder, "fusemill-attack")
            for mode in ("w", "a", "x", "r+"):
                attempt(open, path, mode)
            attempt(os.open, path, os.O_RDONLY | os.O_CREAT)
            attempt(os.open, folder, os.O_TMPFILE | os.O_RDWR)
            attempt(os.mkdir, path)
            attempt(os.mkfifo, path)
            attempt(os.mknod, path)
        attempt(open, "@target@", "a")
        attempt(tempfile.TemporaryFile)
        attempt(tempfile.mkdtemp)
        """,
        "openat",
    ),
    refused(
        "files",
        "truncating by five routes",
        """
        attempt(os.truncate, "@target@", 0)
        attempt(os.open, "@target@", os.O_RDONLY | os.O_TRUNC)
        attempt(os.open, "@target@", 3 | os.O_TRUNC)
        attempt(open, "@target@", "w")
        attempt_call("truncate", b"@target@", 0)
        attempt_call("creat", b"@target@", 0o644)
        attempt_call("open", b"@target@", os.O_TRUNC, 0)
        """,
        "truncate",
        "openat",
    ),
    refused(
        "files",
        "changing what is there without opening it",
        """
        attempt(os.unlink, "@target@")
        attempt(os.rename, "@target@", "@target@2")
        attempt(os.replace, "@secret@", "@target@")
        attempt(os.chmod, "@target@", 0)
        attempt(os.chown, "@target@", 0, 0)
        attempt(os.utime, "@target@", (0, 0))
        attempt(os.rmdir, "@folder@/empty")
        attempt(os.setxattr, "@target@", "user.x", b"1")
        attempt_call("fchmodat2", -100, b"@target@", 0, 0)
        attempt_call("setxattrat", -100, b"@target@", 0, b"user.x", 0, 0)
        """,
        "fchmodat2",
    ),
    refused(
        "symlinks",
        "making links",
        """
        attempt(os.symlink, "@secret@", "link")
        attempt(os.symlink, "@secret@", "@folder@/link2")
        attempt(os.link, "@secret@", "hard")
        attempt(os.link, "@secret@", "@folder@/hard2")
        attempt_call("symlinkat", b"@secret@", -100, b"link3")
        attempt_call("linkat", -100, b"@secret@", -100, b"hard3", 0)
        """,
        "symlinkat",
        "linkat",
    ),
    refused(
        "symlinks",
        "following links out of what is allowed",
        """
        for path in ("@link@", "/dev/../etc/passwd", "/proc/self/root/etc/passwd",
                     "/dev/fd/0/../../etc/passwd"):
            attempt(open, path)
        """,
    ),
]

ATTACKS: list[Attack] = [*READING, *WRITING]

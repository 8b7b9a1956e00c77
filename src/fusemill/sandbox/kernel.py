"""System calls that Python has no name for, through libc. Linux only."""

import ctypes
import os
import sys

_LIBC = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_REC, MS_PRIVATE = 16384, 1 << 18


class _CapHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


def syscall(number: int, *args: int) -> int:
    """The result of system call `number`; OSError where it fails."""
    result = _LIBC.syscall(ctypes.c_long(number), *map(ctypes.c_long, args))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return int(result)


def prctl(option: int, value: int) -> None:
    """prctl(option, value, 0, 0, 0); OSError where it fails."""
    words = map(ctypes.c_ulong, (value, 0, 0, 0))
    if _LIBC.prctl(ctypes.c_int(option), *words) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def unshare(flags: int) -> None:
    """Leave the namespaces named in `flags`."""
    if _LIBC.unshare(ctypes.c_int(flags)) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def mount(source: str, target: str, kind: str | None, flags: int, data: str) -> None:
    """mount(2)."""
    texts = [None if t is None else t.encode() for t in (source, target, kind)]
    if _LIBC.mount(*texts, ctypes.c_ulong(flags), data.encode()) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def drop_capabilities() -> None:
    """Give up every capability, for good where no-new-privileges is set."""
    header = _CapHeader(0x20080522, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if _LIBC.capset(ctypes.byref(header), nothing) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def is_linux() -> bool:
    """Whether there is a Linux kernel below."""
    return sys.platform == "linux"

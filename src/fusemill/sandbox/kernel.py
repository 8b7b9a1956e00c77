"""System calls that Python has no name for, through libc. Linux only."""

import ctypes
import errno
import os
import struct
import sys
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
# Looked up once, before any fork; absent on other systems than Linux.
# With the types of their arguments, so that a call makes no objects: what a child
# writes to is memory copied.
_PRCTL = getattr(_LIBC, "prctl", None)
_CAPSET = getattr(_LIBC, "capset", None)
_SYSCALL = getattr(_LIBC, "syscall", None)
if _PRCTL is not None:
    _PRCTL.argtypes = (ctypes.c_int, *(ctypes.c_ulong,) * 4)
if _SYSCALL is not None:
    _SYSCALL.argtypes = (ctypes.c_long,) * 7
    _SYSCALL.restype = ctypes.c_long

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


# struct __user_cap_header_struct for this process, and an empty set. Made once: a run
# pays for each page of memory that is written after the fork.
_CAP_VERSION_3 = struct.pack("<Ii", 0x20080522, 0)
_NO_CAPABILITIES = bytes(24)


def syscall(number: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> int:
    """The result of system call `number`; OSError where it fails."""
    result: int = -1 if _SYSCALL is None else _SYSCALL(number, a, b, c, d, 0, 0)
    if result < 0:
        raise _error()
    return result


def prctl(option: int, value: int) -> None:
    """prctl(option, value, 0, 0, 0); OSError where it fails."""
    if _PRCTL is None or _PRCTL(option, value, 0, 0, 0) < 0:
        raise _error()


def _error() -> OSError:
    number = ctypes.get_errno() or errno.ENOSYS
    return OSError(number, os.strerror(number))


def _call(function: Any, *args: Any) -> None:
    if function is None or function(*args) < 0:
        raise _error()


def unshare(flags: int) -> None:
    """Leave the namespaces named in `flags`; OSError where that is not allowed."""
    _call(_LIBC.unshare, ctypes.c_int(flags))


def mount(source: str, target: str, kind: str | None, flags: int, data: str) -> None:
    """mount(2); OSError where it fails."""
    texts = [None if t is None else t.encode() for t in (source, target, kind)]
    _call(_LIBC.mount, *texts, ctypes.c_ulong(flags), data.encode())


def drop_capabilities() -> None:
    """Give up every capability, for good where no-new-privileges is set."""
    _call(_CAPSET, _CAP_VERSION_3, _NO_CAPABILITIES)


def is_linux() -> bool:
    """Whether there is a Linux kernel below."""
    return sys.platform == "linux"

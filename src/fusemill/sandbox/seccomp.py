"""Installing seccomp programs and answering for the calls they refer to us."""

import ctypes
import errno
import fcntl
import os
import signal
import struct
from collections.abc import Callable

from fusemill.sandbox import kernel
from fusemill.sandbox.policy import ATTACKS, name_of
from fusemill.sandbox.syscalls import machine, numbers

_SET_MODE_FILTER = 1
_SPEC_ALLOW = 1 << 2  # no slower memory access; Linux 4.17
_NEW_LISTENER = 1 << 3
_CLONE_THREAD = 0x10000

# struct seccomp_notif (id, pid, flags, then seccomp_data) and its answer.
_NOTIF = struct.Struct("<QIIiIQ6Q")
_ANSWER = struct.Struct("<QqiI")
_RECV = 0xC0502100
_SEND = 0xC0182101
_ID_VALID = 0x40082102


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("ops", ctypes.c_void_p)]


class Program:
    """A program laid out in memory, ready to be installed.

    `hole`: four bytes in it that `install` replaces by a number.
    """

    def __init__(self, ops: bytes, hole: bytes | None = None) -> None:
        self._ops = ctypes.create_string_buffer(ops, len(ops))
        address = ctypes.addressof(self._ops)
        self._header = _Program(len(ops) // 8, address)
        self._address = ctypes.addressof(self._header)
        self._number = numbers()["seccomp"]
        starts = range(0, len(ops), 4)
        holes = [i for i in starts if hole is not None and ops[i : i + 4] == hole]
        self._holes = [ctypes.c_uint32.from_address(address + i) for i in holes]

    def install(self, filling: int = 0, listener: bool = False) -> int:
        """Put it over this process for good; the listener's descriptor, or 0.

        Needs no-new-privileges. OSError where the kernel has no seccomp, or where
        somebody listens already (EBUSY).
        """
        for hole in self._holes:
            hole.value = filling
        flags = _SPEC_ALLOW | (_NEW_LISTENER if listener else 0)
        return kernel.syscall(self._number, _SET_MODE_FILTER, flags, self._address)


def answer(listener: int, remember: Callable[[int, str], None]) -> None:
    """Refuse the call that waits at `listener`; kill whoever made an attack's call.

    `remember(pid, name)` is told first. What the kernel says about the process is
    not the process's to forge.
    """
    notif = bytearray(_NOTIF.size)
    try:
        fcntl.ioctl(listener, _RECV, notif)
    except OSError:  # it was killed meanwhile
        return
    ident, pid, _, number, _, _, first, *_ = _NOTIF.unpack(notif)
    name = name_of(machine(), number)
    remember(pid, _spoken(name, first))
    if name in ATTACKS:
        _kill(listener, ident, pid)
        return
    reply = _ANSWER.pack(ident, 0, -_error(name), 0)
    try:
        fcntl.ioctl(listener, _SEND, reply)
    except OSError:
        return


def _spoken(name: str, first: int) -> str:
    if name == "clone":
        return "clone (thread)" if first & _CLONE_THREAD else "clone (process)"
    return name


def _error(name: str) -> int:
    return errno.EOPNOTSUPP if name in {"openat", "open"} else errno.EPERM


def _kill(listener: int, ident: int, pid: int) -> None:
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        return
    try:
        # Only while its call waits is the pid certain to be still that process.
        fcntl.ioctl(listener, _ID_VALID, struct.pack("<Q", ident))
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    except OSError:
        return
    finally:
        os.close(pidfd)

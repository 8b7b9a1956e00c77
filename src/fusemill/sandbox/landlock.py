"""Landlock: which files a child can open.

Access rights and versions: https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from fusemill.sandbox import kernel
from fusemill.sandbox.syscalls import numbers

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_REFER = 1 << 13  # renaming from folder to folder, from version 2 on
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV

# The call that puts a ruleset over this process for good; needs no-new-privileges.
RESTRICT_SELF = numbers().get("landlock_restrict_self", -1)

READ = _READ_FILE | _READ_DIR
WRITE = _WRITE_FILE | _TRUNCATE
SCRATCH = READ | WRITE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _REFER

# Version → the highest right of the file system it knows, as a count of bits.
_N_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_RIGHTS_NOW = 16
_NETWORK = 0b11  # bind and connect TCP, from version 4 on
_SCOPES = 0b11  # abstract sockets and signals, from version 6 on


def version() -> int:
    """The kernel's Landlock version; 0 where there is none."""
    number = numbers().get("landlock_create_ruleset")
    if number is None or not kernel.is_linux():
        return 0
    try:
        return kernel.syscall(number, 0, 0, 1)
    except OSError:
        return 0


def ruleset(rights: Iterable[tuple[str, int]], at_most: int | None = None) -> int:
    """A descriptor of rules: everything is denied but `rights` (path, READ | …).

    Paths that do not exist are left out. `at_most`: use no version above it.
    """
    abi = version() if at_most is None else min(version(), at_most)
    handled = (1 << _N_RIGHTS.get(abi, _RIGHTS_NOW)) - 1
    words = [handled]
    if abi >= 4:
        words.append(_NETWORK)
    if abi >= 6:
        words.append(_SCOPES)
    attributes = ctypes.create_string_buffer(struct.pack(f"<{len(words)}Q", *words))
    address = ctypes.addressof(attributes)
    size = 8 * len(words)
    fd = kernel.syscall(numbers()["landlock_create_ruleset"], address, size, 0)
    for path, allowed in rights:
        _allow(fd, path, allowed & handled)
    return fd


def _allow(ruleset_fd: int, path: str, allowed: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(beneath).st_mode):
            allowed &= _OF_FILES
        rule = ctypes.create_string_buffer(struct.pack("<Qi", allowed, beneath))
        number = numbers()["landlock_add_rule"]
        kernel.syscall(number, ruleset_fd, 1, ctypes.addressof(rule), 0)
    finally:
        os.close(beneath)

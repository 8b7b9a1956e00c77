"""The seccomp programs, run by an interpreter of their language, on both machines.

The numbers and what must become of them are written by hand from the kernel's tables
(arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h).
"""

import os
import struct

import pytest

from fusemill.sandbox import bpf, policy

ALLOW, KILL, NOTIFY = 0x7FFF0000, 0x80000000, 0x7FC00000
EPERM, ENOSYS, EACCES = 0x00050001, 0x00050026, 0x0005000D
X86, ARM = 0xC000003E, 0xC00000B7


def run(program: bytes, arch: int, number: int, *args: int) -> int:
    """What the kernel would return for the call."""
    padded = [*args, *[0] * (6 - len(args))]
    data = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, arch, 0, *padded)
    ops = list(struct.iter_unpack("<HBBI", program))
    accumulator, at = 0, 0
    while True:
        code, jump_true, jump_false, value = ops[at]
        at += 1
        if code == 0x20:  # load a word
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif code == 0x54:  # and
            accumulator &= value
        elif code in (0x15, 0x35):  # jump if equal, if greater or equal
            holds = accumulator == value if code == 0x15 else accumulator >= value
            at += jump_true if holds else jump_false
        elif code == 0x06:  # return
            return value
        else:
            raise AssertionError(f"code {code:#x}")


# name: (x86_64, aarch64); -1: the machine has no such call
PLAIN = {
    ALLOW: {"read": (0, 63), "write": (1, 64), "futex": (202, 98), "exit": (60, 93)},
    NOTIFY: {
        "socket": (41, 198),
        "connect": (42, 203),
        "bind": (49, 200),
        "execve": (59, 221),
        "execveat": (322, 281),
        "fork": (57, -1),
        "vfork": (58, -1),
        "kill": (62, 129),
        "tkill": (200, 130),
        "truncate": (76, 45),
        "ftruncate": (77, 46),
        "creat": (85, -1),
        "unlink": (87, -1),
        "unlinkat": (263, 35),
        "fchmodat": (268, 53),
        "memfd_create": (319, 279),
        "shmget": (29, 194),
        # attacks: told, then ended by who listens
        "ptrace": (101, 117),
        "io_uring_setup": (425, 425),
        "bpf": (321, 280),
        "process_vm_readv": (310, 270),
        "unknown": (9999, 9999),
    },
    ENOSYS: {"clone3": (435, 435), "openat2": (437, 437)},
    EACCES: {"readlinkat": (267, 78)},
}


@pytest.mark.parametrize(("machine", "arch"), [("x86_64", X86), ("aarch64", ARM)])
def test_calls_that_are_judged_by_their_number(machine: str, arch: int) -> None:
    program = policy.outer(machine, scratch=False, notify=True)
    for action, calls in PLAIN.items():
        for name, numbers in calls.items():
            number = numbers[arch == ARM]
            if number >= 0:
                assert run(program, arch, number) == action, name


@pytest.mark.parametrize(("machine", "arch"), [("x86_64", X86), ("aarch64", ARM)])
def test_without_notice_refusals_and_attacks_are_the_kernels(
    machine: str, arch: int
) -> None:
    program = policy.outer(machine, scratch=False, notify=False)
    for name, numbers in PLAIN[NOTIFY].items():
        number = numbers[arch == ARM]
        attack = name in {"ptrace", "io_uring_setup", "bpf", "process_vm_readv"}
        if number >= 0:
            expected = KILL if attack else EPERM
            assert run(program, arch, number) == expected, name


@pytest.mark.parametrize(
    ("machine", "arch", "openat", "clone", "sendto"),
    [("x86_64", X86, 257, 56, 44), ("aarch64", ARM, 56, 220, 206)],
)
def test_calls_that_are_judged_by_their_arguments(
    machine: str, arch: int, openat: int, clone: int, sendto: int
) -> None:
    program = policy.outer(machine, scratch=False, notify=True)

    def opening(flags: int) -> int:
        return run(program, arch, openat, 0xFFFFFF9C, 0x7FFF12345678, flags)

    # Landlock judges writing; what it may not see is judged here.
    for flags in (os.O_RDONLY, os.O_WRONLY | os.O_TRUNC, os.O_RDWR | os.O_CREAT):
        assert opening(flags) == ALLOW
    for flags in (
        os.O_TRUNC,
        3,
        3 | os.O_TRUNC,
        0o20000000 | 2,
        os.O_TRUNC | os.O_CREAT,
    ):
        assert opening(flags) == NOTIFY
    assert opening((1 << 40) | os.O_RDONLY) == ALLOW  # the kernel sees 32 bits
    assert run(program, arch, clone, 0x01200011) == ALLOW  # fork of glibc
    for flags in (0x3D0F00, 0x4111, 0x10000011, 0x20000011, 0x80000011):
        assert run(program, arch, clone, flags) == NOTIFY
    assert run(program, arch, sendto, 3, 4, 5, 0, 0, 0) == ALLOW
    assert run(program, arch, sendto, 3, 4, 5, 0, 0x7FFF00000000, 16) == NOTIFY
    assert run(program, arch, sendto, 3, 4, 5, 0, 0xFF, 16) == NOTIFY


def test_foreign_architectures_are_killed() -> None:
    program = policy.outer("x86_64", scratch=False, notify=True)
    for arch in (0x40000003, ARM, 0):  # i386, aarch64, nonsense
        assert run(program, arch, 3) == KILL
    assert run(program, X86, 0x40000000) == KILL  # x32
    assert run(program, X86, -1) == KILL


@pytest.mark.parametrize(
    ("machine", "arch", "clone", "tgkill", "prctl", "prlimit", "others"),
    [
        ("x86_64", X86, 56, 234, 157, 302, (317, 446, 424, 434, 46, 47, 109, 117, 126)),
        ("aarch64", ARM, 220, 131, 167, 261, (277, 446, 424, 434, 211, 212, 154, 147)),
    ],
)
def test_the_inner_program(
    machine: str,
    arch: int,
    clone: int,
    tgkill: int,
    prctl: int,
    prlimit: int,
    others: tuple[int, ...],
) -> None:
    program = policy.inner(machine).replace(policy.PID, (4242).to_bytes(4, "little"))
    assert run(program, arch, clone, 0x01200011) == EPERM
    assert run(program, arch, clone, 0x3D0F00) == ALLOW  # the outer one refuses threads
    assert run(program, arch, tgkill, 4242, 4242, 6) == ALLOW  # abort
    assert run(program, arch, tgkill, 4241, 4241, 6) == EPERM
    assert run(program, arch, prctl, 15, 1) == ALLOW  # a thread's name
    for option in (1, 4, 22, 38, 36):
        assert run(program, arch, prctl, option, 1) == EPERM
    assert run(program, arch, prlimit, 0, 7, 0, 0x1000) == ALLOW  # reading
    assert run(program, arch, prlimit, 0, 7, 0x1000, 0) == EPERM
    assert run(program, arch, prlimit, 1, 7, 0, 0x1000) == EPERM
    assert run(program, arch, prlimit, 0, 7, 0x100000000, 0) == EPERM
    for number in others:
        assert run(program, arch, number) == EPERM


def test_scratch_opens_what_it_needs_and_no_more() -> None:
    program = policy.outer("x86_64", scratch=True, notify=True)
    for number in (263, 258, 264, 77):  # unlinkat, mkdirat, renameat, ftruncate
        assert run(program, X86, number) == ALLOW
    for number in (76, 266, 265, 268, 259, 280):  # truncate, symlinks, links, modes
        assert run(program, X86, number) == NOTIFY


def test_a_condition_on_a_pointer_looks_at_both_halves() -> None:
    rule = bpf.Rule(7, KILL, (((bpf.Null(0), bpf.Bits(1, 0xF, 3)), ALLOW),))
    program = bpf.assemble([rule], EPERM, None)
    assert run(program, X86, 7, 0, 0x13) == ALLOW
    assert run(program, X86, 7, 1 << 32, 0x13) == KILL
    assert run(program, X86, 7, 1, 0x13) == KILL
    assert run(program, X86, 7, 0, 0x14) == KILL
    assert run(program, X86, 8, 0, 0x13) == EPERM

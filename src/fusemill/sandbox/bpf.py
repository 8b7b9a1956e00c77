"""Seccomp programs: rules about system calls → classic BPF.

A rule says what happens to one system call, looking at its arguments where it must.
The kernel runs the program at every call that it does not know to be always allowed.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

RET_KILL = 0x80000000
RET_ERRNO = 0x00050000
RET_NOTIFY = 0x7FC00000
RET_ALLOW = 0x7FFF0000

# Offsets in struct seccomp_data (linux/seccomp.h); arguments are 64-bit, little endian.
NR, ARCH, ARGS = 0, 4, 16

_LOAD, _JEQ, _JGE, _AND, _RET = 0x20, 0x15, 0x35, 0x54, 0x06


@dataclass(frozen=True)
class Bits:
    """Holds when the low 32 bits of argument `arg`, masked, equal `value`."""

    arg: int
    mask: int
    value: int


@dataclass(frozen=True)
class Null:
    """Holds when all 64 bits of argument `arg` are zero."""

    arg: int


Condition = Bits | Null


@dataclass(frozen=True)
class Rule:
    """For call `number`: the action of the first case that holds, else `default`."""

    number: int
    default: int
    cases: tuple[tuple[tuple[Condition, ...], int], ...] = ()


def _op(code: int, k: int, jt: int = 0, jf: int = 0) -> bytes:
    return struct.pack("<HBBI", code, jt, jf, k & 0xFFFFFFFF)


def _case(conditions: Sequence[Condition], action: int) -> list[bytes]:
    """Return `action` when all conditions hold, else fall through."""
    ops: list[bytes] = [_op(_RET, action)]
    for condition in reversed(conditions):
        arg = ARGS + 8 * condition.arg
        rest = len(ops)
        if isinstance(condition, Bits):
            test = [_op(_LOAD, arg), _op(_AND, condition.mask)]
            test.append(_op(_JEQ, condition.value, 0, rest))
        else:
            test = [_op(_LOAD, arg), _op(_JEQ, 0, 0, rest + 2)]
            test += [_op(_LOAD, arg + 4), _op(_JEQ, 0, 0, rest)]
        ops = test + ops
    return ops


def _rule(rule: Rule) -> list[bytes]:
    body: list[bytes] = []
    for conditions, action in rule.cases:
        body += _case(conditions, action)
    body.append(_op(_RET, rule.default))
    return [_op(_JEQ, rule.number, 0, len(body)), *body]


def assemble(rules: Sequence[Rule], default: int, arch: int | None) -> bytes:
    """The program. `arch`: any other architecture (32-bit calls, x32) is killed.

    None leaves architectures to another program that is already installed.
    """
    ops: list[bytes] = []
    if arch is not None:
        ops += [_op(_LOAD, ARCH), _op(_JEQ, arch, 1, 0), _op(_RET, RET_KILL)]
    ops.append(_op(_LOAD, NR))
    if arch is not None:
        # x32 calls carry bit 30 and arrive under the x86_64 architecture.
        ops += [_op(_JGE, 0x40000000, 0, 1), _op(_RET, RET_KILL)]
    for rule in rules:
        ops += _rule(rule)
    ops.append(_op(_RET, default))
    return b"".join(ops)

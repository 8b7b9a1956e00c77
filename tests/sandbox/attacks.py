"""What an attack is, and what its program may use.

An attack's program leaves what it got in `result`: an empty list when everything it
tried was refused. `expect` are the statuses that are right; "done" is right only with
a `result` of `report`. `attempts` must be among the refused calls that became known.
"""

from dataclasses import dataclass
from textwrap import dedent

from fusemill.sandbox import Outcome
from fusemill.sandbox.syscalls import numbers

# The report of a program that ended by an exception of its own.
RAISED = "an exception"

PRELUDE = f"""
import ctypes, os, sys
NR = {numbers()}
libc = ctypes.CDLL(None, use_errno=True)
result = []

def call(name, *args):
    value = libc.syscall(NR.get(name, -1), *args)
    return value if value >= 0 else -ctypes.get_errno()

def attempt(function, *args, **fields):
    "Note in `result` that `function` succeeded."
    try:
        got = function(*args, **fields)
    except (OSError, RuntimeError) as error:
        return str(error)
    name = getattr(function, "__name__", function)
    result.append(f"{{name}}{{args}} -> {{got}}"[:200])

def attempt_call(name, *args):
    value = call(name, *args)
    if value >= 0:
        result.append(f"{{name}} -> {{value}}")
"""


@dataclass(frozen=True)
class Attack:
    """One program of an attacker."""

    kind: str
    name: str
    source: str
    expect: tuple[str, ...]
    report: object = None
    attempts: tuple[str, ...] = ()

    @property
    def program(self) -> str:
        return PRELUDE + dedent(self.source)


def refused(kind: str, name: str, source: str, *attempts: str) -> Attack:
    """Everything it tries fails, and it goes on to say so."""
    return Attack(kind, name, source, ("done",), [], attempts)


def ended(kind: str, name: str, source: str, *expect: str) -> Attack:
    """It does not get to its end."""
    return Attack(kind, name, source, expect)


def judge(attack: Attack, outcome: Outcome, notified: bool = True) -> None:
    """Assert that `attack` ended as it should; `notified`: refusals are told."""
    assert outcome.status in attack.expect, outcome
    if outcome.status == "done" and attack.report == RAISED:
        assert isinstance(outcome.report, dict)
        assert set(outcome.report) == {"exception"}
    elif outcome.status == "done":
        assert outcome.report == attack.report
    assert b"late" not in outcome.stdout
    if notified:
        assert set(outcome.attempts).issuperset(attack.attempts), outcome.attempts

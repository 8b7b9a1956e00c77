"""Code answers: extracted, run against their tests in the sandbox, judged.

Example row: text ``def f(x): return x`` in a fence, tests ``["assert f(1) == 1"]``,
entry point ``f``: status ``passed``, extracted ``def f(x): return x``, decided_by
``fence/assertions``. An answer goes through one or more runs, each decided by the one
before (case.py); the same code with the same tests runs once.
"""

import sys
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from fusemill.sandbox.jobs import Job, Limits, Outcome
from fusemill.sandbox.pool import Sandbox
from fusemill.verify.code.case import Case
from fusemill.verify.code.extraction import Missing, extract
from fusemill.verify.code.forms import BadTests
from fusemill.verify.code.plan import Plan, plan
from fusemill.verify.code.program import program
from fusemill.verify.code.verdict import storable
from fusemill.verify.verdict import Verdict

__all__ = ["CHECKER", "CHECKER_VERSION", "CodeRow", "Verdict", "check_many"]

CHECKER = "code"
CHECKER_VERSION = 7
"""Part of checker_hash: raised with every change of a rule, so all is checked again."""

MAX_WAITING = 1_000
"""Verdicts without a run that may wait for a turn to be handed out."""

MAX_REMEMBERED = 20_000
"""Verdicts kept for answers of the same code, the latest."""

MAX_KEPT = 16_000_000
"""Characters of code that these verdicts may hold."""


@dataclass(frozen=True)
class CodeRow:
    """One answer to check. stub: code that a bare continuation continues, or None."""

    key: Hashable
    text: str
    tests: tuple[str, ...]
    entry_point: str | None
    stub: str | None


def check_many(
    rows: Iterable[CodeRow], sandbox: Sandbox, second_runs: bool = True
) -> Iterator[tuple[Hashable, Verdict]]:
    """(key, verdict) of each row, in any order, each once; `rows` is read lazily.

    second_runs False: passes in one process are not confirmed (for measurements).
    """
    work = _Work(iter(rows), second_runs, sandbox.packages)
    while work.more():
        for case, outcomes in sandbox.map(work.jobs(sandbox.limits)):
            work.take(case, outcomes)
            yield from work.finished()
        yield from work.finished()


class _Work:
    """Rows on their way to verdicts."""

    def __init__(
        self, rows: Iterator[CodeRow], second_runs: bool, packages: frozenset[str]
    ) -> None:
        self._packages = packages
        self._rows: Iterator[CodeRow] | None = rows
        self._second_runs = second_runs
        self._next: deque[Case] = deque()
        self._running: dict[bytes, Case] = {}
        self._known: dict[bytes, Verdict] = {}
        self._ready: deque[tuple[Hashable, Verdict]] = deque()
        self._n_same = 0
        self._n_kept = 0

    def more(self) -> bool:
        """Whether there may be something to run."""
        return self._rows is not None or bool(self._next)

    def jobs(self, usual: Limits) -> Iterator[Job]:
        """Runs that can start: those that follow from others first."""
        while self._n_waiting < MAX_WAITING and (self._next or self._read()):
            if self._next:
                case = self._next.popleft()
                packages = not case.modules <= sys.stdlib_module_names
                yield Job(case, case.roles(), case.limits(usual), packages)

    @property
    def _n_waiting(self) -> int:
        """Rows that are read and need no run of their own."""
        return len(self._ready) + self._n_same

    def take(self, case: Case, outcomes: tuple[Outcome, ...]) -> None:
        """Take what a run has shown."""
        case.take(outcomes)
        if case.finding is None:
            self._next.append(case)
            return
        found = case.verdict()
        del self._running[case.digest]
        self._n_same -= len(case.keys) - 1
        self._remember(case.digest, found)
        for key, how in case.keys:
            self._ready.append((key, replace(found, decided_by=how)))

    def _remember(self, digest: bytes, found: Verdict) -> None:
        self._known[digest] = found
        self._n_kept += len(found.extracted or "")
        while len(self._known) > MAX_REMEMBERED or self._n_kept > MAX_KEPT:
            oldest = self._known.pop(next(iter(self._known)))
            self._n_kept -= len(oldest.extracted or "")

    def finished(self) -> Iterator[tuple[Hashable, Verdict]]:
        """Verdicts that nobody has seen yet."""
        while self._ready:
            yield self._ready.popleft()

    def _read(self) -> bool:
        """Read one row, into a case or a verdict; False when there are no more."""
        row = next(self._rows, None) if self._rows is not None else None
        if row is None:
            self._rows = None
            return False
        found = self._case(row)
        if isinstance(found, Verdict):
            self._ready.append((row.key, found))
        elif (known := self._known.get(found.digest)) is not None:
            self._ready.append((row.key, replace(known, decided_by=found.how)))
        elif (same := self._running.get(found.digest)) is not None:
            same.keys.append((row.key, found.how))
            self._n_same += 1
        else:
            found.keys.append((row.key, found.how))
            self._running[found.digest] = found
            self._next.append(found)
        return True

    def _case(self, row: CodeRow) -> Case | Verdict:
        """The row as a case, or the verdict where nothing can be run."""
        read = _plan(tuple(row.tests), row.entry_point, row.stub)
        if isinstance(read, str):
            return Verdict("error", read, None, None, 0.0)
        entry = read.entry()
        found = extract(row.text, entry, row.stub)
        if isinstance(found, Missing):
            return Verdict("unparsed", storable(found.reason), None, None, 0.0)
        stub = None if read.tests.form == "stdio" else row.stub
        code = program(found.code, stub, entry)
        return Case(found.rule, code, read, self._second_runs, self._packages)


@lru_cache(maxsize=256)
def _plan(tests: tuple[str, ...], entry: str | None, stub: str | None) -> Plan | str:
    """The plan of a check, or why nobody can run its tests."""
    try:
        return plan(tests, entry, stub)
    except BadTests as why:
        return storable(str(why))

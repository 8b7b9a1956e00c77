r"""Verdicts on mathematics: one text, or many.

Example row: ``check('… so 9 * 2 = 18.\n#### 18', '18')`` gives status ``passed``,
extracted ``18``, decided_by ``hash_marks/exact``. Two ordered tables decide:
`EXTRACTION_RULES` (where the answer stands) and `COMPARISON_RULES` (whether it equals
the gold answer). In both the first rule that can tell does. All but the last rule of
comparison take microseconds; what they leave open is asked of math-verify, in processes
that can be killed.

Any text gets a verdict, whatever is in it, and no exception.
"""

import atexit
import os
import threading
from collections.abc import Generator, Hashable, Iterable, Iterator
from dataclasses import dataclass

from fusemill.verify.mathematics.comparison import compare
from fusemill.verify.mathematics.extraction import extract
from fusemill.verify.mathematics.gold import damaged, read_gold, shown
from fusemill.verify.mathematics.judge import NeedsProof
from fusemill.verify.mathematics.pool import Pool, Reply
from fusemill.verify.mathematics.single import unclear
from fusemill.verify.verdict import Verdict

CHECKER = "mathematics"
CHECKER_VERSION = 6
"""Part of checker_hash: raised with every change of a rule, so all is checked again."""

MAX_TEXT = 1_000_000
"""Characters. A longer text is no answer to a question."""

MAX_KNOWN = 100_000
"""Replies of math-verify that are remembered; models give the same answers."""


@dataclass(frozen=True)
class MathRow:
    """One text to check. `key` comes back with its verdict and is not looked at."""

    key: Hashable
    text: str
    gold: str


@dataclass(frozen=True)
class _Open:
    """A row that no exact rule decides: where the answer stood, and the two answers."""

    place: str
    answer: str
    gold: str

    @property
    def pair(self) -> tuple[str, str]:
        return self.answer, self.gold


def check(text: str, gold: str) -> Verdict:
    r"""The verdict on `text`, a whole solution, whose right answer is `gold`.

    Where math-verify is needed a process is started that later calls use too.

    >>> check("She earns \\boxed{\\$18.00} a day.", "18").status
    'passed'
    >>> check("The answer is 19.", "18")  # doctest: +NORMALIZE_WHITESPACE
    Verdict(status='failed', reason='expected 18, found 19', extracted='19',
            decided_by='english_answer/number', cpu_s=None)
    >>> check("I don't know.", "18").status, check("18", " ").status
    ('unparsed', 'error')
    """
    decided = _decide(text, gold)
    if isinstance(decided, Verdict):
        return decided
    with _lock:
        pool = _shared_pool()
        try:
            pool.ask(0, decided.answer, decided.gold)
            ((_, reply),) = pool.answers(wait=True)
        except BaseException:
            pool.drop()
            raise
    return _verdict(decided, reply)


def check_many(
    rows: Iterable[MathRow], pool: Pool | None = None
) -> Generator[tuple[Hashable, Verdict], None, None]:
    """(key, verdict) of every row, lazily; those that need math-verify come later.

    `pool`: the processes to use, which stay open; otherwise own ones, which are ended
    when the iterator is, whatever ends it. As many rows as `Pool.is_full` says are kept
    waiting, with their answers and without their texts.

    >>> rows = [MathRow("a", "#### 18", "18"), MathRow("b", "#### 19", "18")]
    >>> [(key, verdict.status) for key, verdict in check_many(rows)]
    [('a', 'passed'), ('b', 'failed')]
    """
    workers = pool or Pool()
    waiting: dict[tuple[str, str], list[tuple[Hashable, _Open]]] = {}
    try:
        for row in rows:
            decided = _decide(row.text, row.gold)
            if isinstance(decided, Verdict):
                yield row.key, decided
            elif reply := workers.known.get(decided.pair):
                yield row.key, _verdict(decided, reply)
            elif decided.pair in waiting:
                waiting[decided.pair].append((row.key, decided))
            else:
                waiting[decided.pair] = [(row.key, decided)]
                workers.ask(decided.pair, decided.answer, decided.gold)
            if waiting:
                yield from _replies(workers, waiting, wait=workers.is_full)
        while waiting:
            yield from _replies(workers, waiting, wait=True)
    finally:
        if pool is None:
            workers.close()
        elif waiting:
            workers.drop()


def _replies(
    pool: Pool,
    waiting: dict[tuple[str, str], list[tuple[Hashable, _Open]]],
    wait: bool,
) -> Iterator[tuple[Hashable, Verdict]]:
    """The verdicts of the rows whose replies are there."""
    for pair, reply in pool.answers(wait):
        assert isinstance(pair, tuple)
        if len(pool.known) < MAX_KNOWN:
            pool.known[pair] = reply
        for key, decided in waiting.pop(pair):
            yield key, _verdict(decided, reply)


def _decide(text: str, gold: str) -> Verdict | _Open:
    """The verdict as far as exact rules go."""
    right = read_gold(gold)
    if right.problem:
        return Verdict("error", right.problem, None, None)
    if problem := _unreadable(text):
        return Verdict("unparsed", f"the text {problem}", None, None)
    if (found := extract(text)) is None:
        return Verdict("unparsed", "no final answer found in the text", None, None)
    answer, place = found
    open_ = _Open(place, answer, right.answer)
    try:
        same, rule = compare(answer, right.answer)
    except NeedsProof:
        return open_
    except Exception as error:
        # a fault of ours in one row of millions must not end the run
        reason = f"the comparison failed: {type(error).__name__}: {error}"
        return Verdict("error", shown(reason), answer, None)
    return _compared(open_, same, rule, f"{place}/{rule}")


def _unreadable(text: str) -> str | None:
    """Why nothing of the text is read, None if it is."""
    if len(text) > MAX_TEXT:
        return f"has {len(text)} characters, at most {MAX_TEXT} are read"
    return damaged(text)


def _compared(open_: _Open, same: bool, rule: str, decided_by: str) -> Verdict:
    """The verdict after a comparison."""
    if same:
        return Verdict("passed", None, open_.answer, decided_by)
    if rule != "number" and unclear(open_.answer, open_.gold):
        return _undecided(open_, "unparsed", "cannot tell")
    return Verdict("failed", _difference(open_), open_.answer, decided_by)


def _difference(open_: _Open) -> str:
    return f"expected {shown(open_.gold)}, found {shown(open_.answer)}"


def _undecided(open_: _Open, status: str, why: str) -> Verdict:
    return Verdict(status, f"{why}: {_difference(open_)}", open_.answer, None)


def _verdict(open_: _Open, reply: Reply) -> Verdict:
    """The verdict that a reply of math-verify leads to."""
    if reply.status == "done":
        asked = "/math_verify" if reply.proven and reply.rule != "math_verify" else ""
        decided_by = f"{open_.place}/{reply.rule}{asked}"
        return _compared(open_, reply.same, reply.rule, decided_by)
    if reply.status == "no_formula":
        why = "cannot tell, math-verify reads no formula in the gold answer"
        return _undecided(open_, "unparsed", why)
    if reply.status == "timeout":
        return _undecided(open_, "timeout", f"math-verify was stopped ({reply.reason})")
    if reply.status == "memory":
        return _undecided(open_, "memory", "math-verify ran out of memory")
    return _undecided(open_, "error", f"math-verify failed ({reply.reason})")


_lock = threading.Lock()
_shared: list[Pool] = []


def _shared_pool() -> Pool:
    """The pool of `check`: one process, started on first use, ended with this one."""
    if not _shared or _shared[0].pid != os.getpid():
        _shared[:] = [Pool(n_processes=1)]
        atexit.register(_shared[0].close)
    return _shared[0]

r"""The right answer, taken from a gold column that may hold more than it.

Example row: ``read_gold('9 * 2 = 18\n#### 18').answer`` is ``18``. A gold answer that
is empty, contradicts itself, or cannot be stored or compared is our error, never a
model's: every answer that is checked against it has status ``error``.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from fusemill.verify.mathematics.comparison import compare
from fusemill.verify.mathematics.judge import NeedsProof
from fusemill.verify.mathematics.marked import (
    MAX_ANSWER,
    boxed,
    hash_marks,
    solitary_boxes,
)
from fusemill.verify.mathematics.numbers import equal
from fusemill.verify.mathematics.phrases import answer_line
from fusemill.verify.mathematics.single import equated
from fusemill.verify.mathematics.written import written

MAX_GOLD = 100_000
"""Characters of a gold column; whole solutions are shorter."""


@dataclass(frozen=True)
class Gold:
    """The right answer, or why there is none."""

    answer: str
    problem: str | None = None


@lru_cache(maxsize=4096)
def read_gold(gold: str) -> Gold:
    r"""The answer in a gold column.

    After the last ``####`` (GSM8K), in the last box (MATH solutions), after ``A:`` on
    the last line (grade-school-math's solutions); otherwise all of it, without the
    ``#`` that ZeroEval leaves in front.

    >>> read_gold("9 * 2 = 18\n#### 18").answer, read_gold("# 2,125").answer
    ('18', '2,125')
    >>> read_gold("\\boxed{5}, no: \\boxed{6}").problem
    'the gold answer contradicts itself: 5 and 6'
    """
    if damage := damaged(gold):
        return Gold("", f"the gold answer {damage}")
    if len(gold) > MAX_GOLD:
        size = f"has {len(gold)} characters"
        return Gold("", f"the gold answer {size}, at most {MAX_GOLD} are read")
    answer = hash_marks(gold) or boxed(gold) or answer_line(gold) or gold
    answer = answer.strip().lstrip("#").strip()
    if not answer:
        return Gold("", "the gold answer is empty")
    if len(answer) > MAX_ANSWER:
        size = f"has {len(answer)} characters"
        return Gold("", f"the gold answer {size}, at most {MAX_ANSWER} can be compared")
    if two := _contradiction(gold, answer):
        found = f"{shown(two[0])} and {shown(two[1])}"
        return Gold("", f"the gold answer contradicts itself: {found}")
    return Gold(answer)


_HASH_MARKS = re.compile(r"^####(?!#)(.*)$", re.MULTILINE)


def _contradiction(gold: str, answer: str) -> tuple[str, str] | None:
    """Two answers of the gold column that differ, None if all it gives are equal."""
    marked = [*_HASH_MARKS.findall(gold), *solitary_boxes(gold)]
    if line := answer_line(gold):
        marked.append(line)
    for other in map(str.strip, marked):
        try:
            if other and not compare(other, answer)[0]:
                return other, answer
        except NeedsProof:
            continue
    if written(answer).items is None:
        for one, other in pairwise(equated(written(answer).plain)):
            if not _may_be_equal(one, other):
                return one, other
    return None


def _may_be_equal(one: str, other: str) -> bool:
    """Whether ``one = other`` can be: not if they are numbers, rounded perhaps."""
    left, right = written(one).quantity, written(other).quantity
    if left is None or right is None or equal(left, right):
        return True
    places = max(left.places or 0, right.places or 0)
    apart = abs(left.number - right.number)
    return bool(places and 2 * apart * 10**places <= 1)


def damaged(text: str) -> str | None:
    """What makes a text one that cannot be stored or published, None if nothing does.

    >>> damaged("18"), damaged("1\\x008")
    (None, 'holds a null byte')
    """
    if "\x00" in text:
        return "holds a null byte"
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            return "holds half of a surrogate pair, which UTF-8 cannot store"
    return None


MAX_SHOWN = 80
"""Characters of an answer that a reason quotes."""


def shown(answer: str) -> str:
    """The answer on one line, cut.

    >>> shown("x\\n =  1"), len(shown("9" * 500))
    ('x = 1', 80)
    """
    line = " ".join(answer[: 4 * MAX_SHOWN].split())
    return line if len(line) <= MAX_SHOWN else line[: MAX_SHOWN - 1] + "…"

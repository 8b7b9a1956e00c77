r"""Mathematics answers: find the final answer, compare it exactly with the gold one.

Example row: ``check('… so 9 * 2 = 18.\n#### 18', '18')`` gives status ``passed``,
extracted ``18``, decided_by ``hash_marks/exact``. Two ordered tables decide:
`EXTRACTION_RULES` (where the answer stands) and `COMPARISON_RULES` (whether it equals
the gold answer). In both the first rule that can tell does. Nothing is evaluated
symbolically: ``2\sqrt{3}`` and ``\sqrt{12}`` are different answers here.

Any text gets a verdict in time linear in its length, and no exception.
"""

from dataclasses import dataclass

from fusemill.verify.mathematics.comparison import compare, unclear
from fusemill.verify.mathematics.extraction import answer_line, extract
from fusemill.verify.mathematics.marked import MAX_ANSWER, boxed, hash_marks

CHECKER = "mathematics"
CHECKER_VERSION = 1
"""Part of checker_hash: raised with every change of a rule, so all is checked again."""

MAX_SHOWN = 80
"""Characters of an answer that a reason quotes."""


@dataclass(frozen=True)
class Verdict:
    """One row of table verdicts (CONTRACT.md, statuses).

    status: ``passed``, ``failed`` (another answer), ``unparsed`` (no final answer in
    the text, or a phrase of several numbers with the gold one among them) or ``error``
    (the gold answer cannot be compared with; that is ours and never a negative).
    reason: None when passed. extracted: the answer as written, None if none was found.
    decided_by: ``extraction rule/comparison rule``, None unless passed or failed.
    """

    status: str
    reason: str | None
    extracted: str | None
    decided_by: str | None


def check(text: str, gold: str) -> Verdict:
    r"""The verdict on `text`, a whole solution, whose right answer is `gold`.

    >>> check("She earns \\boxed{\\$18.00} a day.", "18").status
    'passed'
    >>> check("The answer is 19.", "18")  # doctest: +NORMALIZE_WHITESPACE
    Verdict(status='failed', reason='expected 18, found 19', extracted='19',
            decided_by='english_answer/number')
    >>> check("I don't know.", "18").status, check("18", " ").status
    ('unparsed', 'error')
    """
    expected = gold_answer(gold)
    if not expected or len(expected) > MAX_ANSWER:
        size = f"has {len(expected)} characters, at most {MAX_ANSWER} can be compared"
        reason = f"the gold answer {size if expected else 'is empty'}"
        return Verdict("error", reason, None, None)
    if (found := extract(text)) is None:
        return Verdict("unparsed", "no final answer found in the text", None, None)
    answer, place = found
    same, rule = compare(answer, expected)
    if same:
        return Verdict("passed", None, answer, f"{place}/{rule}")
    shown = f"{_shown(expected)}, found {_shown(answer)}"
    if rule != "number" and unclear(answer, expected):
        return Verdict("unparsed", f"cannot tell: expected {shown}", answer, None)
    return Verdict("failed", f"expected {shown}", answer, f"{place}/{rule}")


def gold_answer(gold: str) -> str:
    r"""The answer in a gold column that may hold more than it.

    After the last ``####`` (GSM8K), in the last box (MATH solutions), after ``A:`` on
    the last line (grade-school-math's solutions); otherwise all of it, without the
    ``#`` that ZeroEval leaves in front.

    >>> gold_answer("9 * 2 = 18\n#### 18"), gold_answer("# 2,125")
    ('18', '2,125')
    >>> gold_answer("She has <<3+4=7>>7 eggs.\nA: 7")
    '7'
    """
    found = hash_marks(gold) or boxed(gold) or answer_line(gold) or gold
    return found.strip().lstrip("#").strip()


def _shown(answer: str) -> str:
    """The answer on one line, cut."""
    line = " ".join(answer.split())
    return line if len(line) <= MAX_SHOWN else line[: MAX_SHOWN - 1] + "…"

"""Answers that name an option: ``B``, ``(B) 12``, ``A and C``.

Example row: ``(B) 12`` is ``B``, and it is ``12``.
"""

import re

from fusemill.verify.mathematics.judge import Judge
from fusemill.verify.mathematics.written import Written

_LETTER = re.compile(r"\(?([A-J])\)?")
_CHOICE = re.compile(
    r"(?:(?i:option|choice) |选(?:择|项)?:? ?)?\(?([A-J])"
    r"(?:$|\)|[.,](?![0-9])|:| ?(?:选?项|(?:是|为)?正确|符合)"
    r"| is (?:the )?(?:correct|right|best|answer)\b)"
)
_MORE = re.compile(r"(?: ?[,;&/] ?|,? ?(?:and|or|和|或) ?)\(?[A-J](?![a-zA-Z'])")
_LABELLED = re.compile(
    r"(?:\(?([A-J])\)[.:]? ?|([A-J])\. )(?! |\(?[A-J][).])(.+)", re.DOTALL
)
_SEVERAL = re.compile(r"\(?[A-J]\)?(?:(?: ?[,;&] ?|,? ?(?:and|和) ?)\(?[A-J]\)?)+")


def same_choice(answer: Written, gold: Written, judge: Judge) -> bool | None:
    """One of the two is an option's letter, perhaps with what the option says.

    The letter that an answer begins with counts, unless it names more of them.
    """
    if right := _LETTER.fullmatch(gold.plain):
        chosen = _CHOICE.match(answer.plain)
        if chosen is None:
            return None
        if _MORE.match(answer.plain, chosen.end(1) + (chosen[0][-1] == ")")):
            return False
        return right[1] == chosen[1]
    if (
        len(gold.plain) > 1
        and _is_rising(gold.plain)
        and _SEVERAL.fullmatch(answer.plain)
    ):
        return sorted(re.findall("[A-J]", answer.plain)) == [*gold.plain]
    return _same_label(answer, gold, judge)


def _is_rising(text: str) -> bool:
    """Whether the text is letters of options in order, as in ``ACD``."""
    return re.fullmatch("[A-J]{2,10}", text) is not None and (
        [*text] == sorted(set(text))
    )


def _same_label(answer: Written, gold: Written, judge: Judge) -> bool | None:
    """A letter with what its option says, beside either of them or both."""
    one, other = _label(answer), _label(gold)
    if one and other:
        return False if one[0] != other[0] else judge.same(one[1], other[1]) or None
    if one:
        return judge.same(one[1], gold.plain) or None
    if other is None:
        return None
    if letter := _LETTER.fullmatch(answer.plain):
        return letter[1] == other[0]
    return judge.same(answer.plain, other[1]) or None


def _label(side: Written) -> tuple[str, str] | None:
    """(letter, what follows it), None for anything else."""
    found = _LABELLED.fullmatch(side.plain)
    return (found[1] or found[2], found[3]) if found else None

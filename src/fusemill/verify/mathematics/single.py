r"""Rules for answers that are one thing: a number, a letter, an equation, a phrase.

Example row: ``5 * $14.00 = $70.00`` is ``70``, and ``x = 2`` is not ``y = 2``.
"""

import re
from itertools import pairwise

from fusemill.verify.mathematics.endings import NUMBER
from fusemill.verify.mathematics.judge import Judge
from fusemill.verify.mathematics.numbers import equal
from fusemill.verify.mathematics.tables import words
from fusemill.verify.mathematics.units import units
from fusemill.verify.mathematics.values import differ, exact, far_apart, proportional
from fusemill.verify.mathematics.words import (
    chinese_number_in,
    core,
    first_number_in,
    is_formula,
    names_number,
    number_in,
)
from fusemill.verify.mathematics.written import Written, written


def same_text(answer: Written, gold: Written, _: Judge) -> bool | None:
    """The very same characters."""
    return True if answer.text.strip() == gold.text.strip() else None


def same_number(answer: Written, gold: Written, _: Judge) -> bool | None:
    """Both are one number, perhaps with a unit: `numbers.equal`."""
    one, other = answer.quantity, gold.quantity
    return None if one is None or other is None else equal(one, other)


_RATIO = re.compile(r"[0-9]{1,20}(?:(?: ?: ?| to | out of )[0-9]{1,20})+")


def same_ratio(answer: Written, gold: Written, _: Judge) -> bool | None:
    """``4:6`` is ``2:3``, and both are two thirds; ``4 out of 6`` is 4 too."""
    ratios = [_RATIO.fullmatch(side.plain) for side in (answer, gold)]
    if not any(ratios):
        return None
    terms = [
        [*map(int, re.findall("[0-9]+", side.plain))] if found else None
        for side, found in zip((answer, gold), ratios, strict=True)
    ]
    if terms[0] and terms[1]:
        one, other = terms[0], terms[1]
        crossed = [a * other[0] == b * one[0] for a, b in zip(one, other, strict=False)]
        return len(one) == len(other) and all(crossed) and any(one) == any(other)
    pair = terms[0] or terms[1] or []
    value = gold.quantity if terms[0] else answer.quantity
    if value is None or len(pair) != 2:
        return None
    if "out of" in answer.plain and value.number == pair[0]:
        return True
    return value.number * pair[1] == pair[0] and not value.units


_NAME = re.compile(r"\\?[a-zA-Z]+(?:_\{?[a-zA-Z0-9]+\}?)?(?:\([a-z](?:, ?[a-z])*\))?")
_MEMBER = re.compile(r"([a-z]) ?\\in(?![a-z])")


def same_equation(answer: Written, gold: Written, judge: Judge) -> bool | None:
    r"""``x = 5`` is 5, ``2 + 3 = 5`` is 5, ``x \in [1,2]`` is the interval.

    Two equations are left to the next rules, unless both define the same name:
    ``x = 2`` and ``y = 2`` may be two lines.
    """
    (name, value), (gold_name, gold_value) = sides(answer.plain), sides(gold.plain)
    if not name and not gold_name:
        return None
    if name and gold_name and not (name == gold_name and _NAME.fullmatch(name)):
        return None
    letters = is_formula(gold.plain) and re.search("[a-zA-Z]", gold.plain)
    if gold_name and letters and not _NAME.fullmatch(gold_name):
        return None  # the gold answer is the whole equation
    if name and value in ("0", "1") and _is_curve(name):
        return False
    # what still begins with a name after one was taken off is no plain equation
    if not value or not gold_value or _MEMBER.match(value) or _MEMBER.match(gold_value):
        return None
    return judge.same(value, gold_value)


def _is_curve(left: str) -> bool:
    """Whether ``left = 0`` is an equation of a curve rather than a value of it."""
    letters = re.search("[a-zA-Z]", left)
    return letters is not None and is_formula(left) and not _NAME.fullmatch(left)


def sides(text: str) -> tuple[str, str]:
    """(left side or empty, what stands after the last equality sign).

    >>> sides("x = 1 + 1 = 2"), sides("x <= 2")
    (('x = 1 + 1', '2'), ('', 'x <= 2'))
    """
    if "=" not in text and "\\in" not in text:
        return "", text
    if member := _MEMBER.match(text):
        return member[1], text[member.end() :].strip()
    right = equated(text)[-1]
    if len(right) == len(text):
        return "", text
    left = text[: len(text) - len(right)].rstrip()[:-1]
    if left.endswith(("<", ">", "!", ":")) or "<" in left or ">" in left:
        return "", text
    return left.strip(), right.strip()


def equated(text: str) -> list[str]:
    r"""What equality signs outside of brackets separate.

    >>> equated("x = 1 + 1 = 2"), equated("\\sum_{k=1}^3 k")
    (['x', '1 + 1', '2'], ['\\sum_{k=1}^3 k'])
    """
    depth, cuts = 0, [-1]
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if char == "=" and depth <= 0:
            cuts.append(at)
    return [text[a + 1 : b].strip() for a, b in pairwise([*cuts, len(text)])]


def is_name(text: str) -> bool:
    """Whether the text is a variable's name, as on the left of a definition."""
    return _NAME.fullmatch(text) is not None


_UNIT = re.compile(
    r"(?:(?<=[0-9})]) ?|(?<=[a-zA-Z]) )((?:[a-zA-Z]{2,}+|\^ ?\{?[23]\}?|[ ./])++)$"
)
_SHORT_UNIT = re.compile(r"(?<=[0-9})a-z]) ([mgsLh](?: ?\^ ?\{?[23]\}?)?)$")
"""After a space, and only where the letter can be no variable."""

_TRIGONOMETRY = re.compile(r"\b(?:sin|cos|tan|cot|sec|csc)(?![a-z])")
_MAX_UNIT = 60


def same_measure(answer: Written, gold: Written, judge: Judge) -> bool | None:
    """A formula with a unit in words: the formula, where the units go together."""
    (one, one_units), (other, other_units) = map(_measured, (answer, gold))
    if not one_units and not other_units:
        return None
    if one_units ^ other_units == {"degree"} and "\\pi" in one + other:
        # 90 degrees are half of π
        turned = (
            (f"({one})*\\pi/180", other) if one_units else (one, f"({other})*\\pi/180")
        )
        return judge.same(*turned)
    if not (one_units <= other_units or other_units <= one_units):
        return False
    return judge.same(one, other)


def _measured(side: Written) -> tuple[str, frozenset[str]]:
    """(formula, unit words); the whole answer and none where that is not what it is."""
    plain, at = side.plain, max(0, len(side.plain) - _MAX_UNIT)
    found = _UNIT.search(plain, at)
    if found is None and (found := _SHORT_UNIT.search(plain, at)):
        variables = _NO_LETTER.sub(" ", plain[: found.start()])
        found = None if re.search("[a-zA-Z]", variables) else found
    named = units(" " + found[1].strip().casefold()) if found else None
    if not found or not named or not is_formula(plain[: found.start()]):
        return plain, frozenset()
    if "degree" in named and _TRIGONOMETRY.search(plain):
        return plain, frozenset()  # of an angle in the formula
    return plain[: found.start()], named


def same_sentence(answer: Written, gold: Written, _: Judge) -> bool | None:
    """The gold answer is a number and the answer a phrase that says one."""
    right = gold.quantity
    if right is None:
        return None
    phrase = answer.plain.casefold()
    if value := number_in(phrase):
        return equal(value, right)
    value = first_number_in(phrase) or chinese_number_in(phrase)
    return True if value is not None and equal(value, right) else None


_IS = re.compile(r"\b(?:is|are|equals|be|was)\b(?! not\b)|是|为|等于")


def same_predicate(answer: Written, gold: Written, judge: Judge) -> bool | None:
    """``the largest n is 34``: what stands after the last "is", if that is right."""
    places = [*_IS.finditer(answer.plain)]
    if not places or re.search(r"\bnot\b|n't\b", answer.plain):
        return None
    said = answer.plain[places[-1].end() :].strip(" :,")
    return True if said and judge.same(said, gold.plain) else None


def unclear(answer: str, gold: str) -> bool:
    """Whether a phrase names the gold answer among others, so that nobody can tell.

    "There are 10 spoons, 80 meatballs and 5 bowls" is neither 80 nor wrong.
    """
    one, other = written(answer), written(gold)
    if other.quantity is None:
        said, right = core(one.plain), core(other.plain)
        wordy = len(said) > len(right) and not is_formula(other.plain)
        return wordy and f" {' '.join(right)} " in f" {' '.join(said)} "
    phrase = one.plain.casefold()
    if not names_number(phrase):
        return False
    named = (written(number[0]).quantity for number in NUMBER.finditer(phrase))
    return any(value is not None and equal(value, other.quantity) for value in named)


_BASED = re.compile(r"(-?[0-9a-f]+)_ ?\{?([0-9]{1,2})\}?", re.IGNORECASE)
_SAME_WORDS = tuple(
    frozenset(words(group))
    for group in (
        "emptyset {} theemptyset anemptyset nosolution nosolutions",
        "r allrealnumbers (-infty,infty) allreals",
        "infty infinity +infty",
        "undefined doesnotexist dne",
    )
)


def same_words(answer: Written, gold: Written, _: Judge) -> bool | None:
    """The same words or the same formula: `notation.canonical`, case ignored."""
    one, other = answer.canonical, gold.canonical
    if one == other or any({one, other} <= group for group in _SAME_WORDS):
        return True
    if based := _BASED.fullmatch(gold.plain):
        # the base may be left out: it stands in the question
        return answer.plain.casefold() == based[1].casefold()
    if _BASED.fullmatch(answer.plain):
        return False
    if is_formula(answer.plain) and is_formula(gold.plain):
        return None
    return core(answer.plain) == core(gold.plain)


def same_value(answer: Written, gold: Written, _: Judge) -> bool | None:
    """Both are formulas: equal if rational and equal, different if their values are."""
    one, other = exact(answer.plain), exact(gold.plain)
    if one is not None and other is not None:
        return one == other
    differs = differ(answer.plain, gold.plain)
    if differs is None:
        differs = far_apart(answer.plain, gold.plain)
    return False if differs else None


_NO_LETTER = re.compile(
    r"\\(?:[a-zA-Z]+)|(?<![a-zA-Z])(?:sqrt|sin|cos|tan|ln|log|pi)(?![a-zA-Z])"
)


def same_equations(answer: Written, gold: Written, _: Judge) -> bool | None:
    """Both are equations: the same up to a factor, or in other letters."""
    one, other = equated(answer.plain), equated(gold.plain)
    if len(one) != 2 or len(other) != 2:
        return None
    letters = [
        set("".join(re.findall("[a-zA-Z]", _NO_LETTER.sub(" ", side.plain))))
        for side in (answer, gold)
    ]
    if letters[0] != letters[1] or not letters[0]:
        return False
    return proportional((one[0], one[1]), (other[0], other[1])) or None


def proven(answer: Written, gold: Written, judge: Judge) -> bool:
    """What algebra finds (math-verify)."""
    return judge.proven(answer, gold)

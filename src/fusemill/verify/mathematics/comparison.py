r"""Whether two final answers are the same: an ordered table of rules.

Example row: ``compare('\\frac{1}{2}', '0.5')`` gives ``(True, 'number')``. A rule
answers True or False, or None when it cannot tell; the first that can decides. The
last one always can. Comparison is exact: no rounding, no symbolic algebra.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from fusemill.verify.mathematics.extraction import NUMBER
from fusemill.verify.mathematics.lists import items, with_both_signs
from fusemill.verify.mathematics.notation import canonical, clean
from fusemill.verify.mathematics.numbers import VALUE_WORDS, equal, quantity


@dataclass(frozen=True)
class ComparisonRule:
    """One way of being equal, with (answer, gold, equal) examples it decides."""

    name: str
    compare: Callable[[str, str], bool | None]
    examples: tuple[tuple[str, str, bool], ...]


def compare(answer: str, gold: str) -> tuple[bool, str]:
    """(whether they are the same answer, name of the rule that decided).

    >>> compare("3,4", "34"), compare("1,000", "1000")
    ((False, 'text'), (True, 'number'))
    """
    for rule in COMPARISON_RULES:
        if (same := rule.compare(answer, gold)) is not None:
            return same, rule.name
    raise AssertionError("the last rule decides")


def _exact(answer: str, gold: str) -> bool | None:
    return True if answer.strip() == gold.strip() else None


def _number(answer: str, gold: str) -> bool | None:
    """Both are one number, perhaps with a unit: `numbers.equal`."""
    one, other = quantity(clean(answer)), quantity(clean(gold))
    return None if one is None or other is None else equal(one, other)


_CHOICE = re.compile(r"\(?([A-J])(?:$|\)|[.:](?![0-9]))")


def _choice(answer: str, gold: str) -> bool | None:
    """The gold answer is one letter: the letter that the answer begins with."""
    right = re.fullmatch(r"\(?([A-J])\)?", clean(gold))
    chosen = _CHOICE.match(clean(answer))
    return None if right is None or chosen is None else right[1] == chosen[1]


def _list(answer: str, gold: str) -> bool | None:
    """Both are lists: item by item.

    Order counts in parentheses and brackets (points, intervals) and among words; it
    does not in braces and bare lists of numbers and formulas (roots).
    """
    one, other = (items(with_both_signs(clean(text))) for text in (answer, gold))
    if one is None or other is None:
        return None
    if one.brackets != other.brackets or len(one.items) != len(other.items):
        return False
    words = all(item.replace(" ", "").isalpha() for item in other.items)
    ordered = bool(one.brackets) or words
    left = one.items if ordered else sorted(one.items, key=_place)
    right = other.items if ordered else sorted(other.items, key=_place)
    return all(compare(a, b)[0] for a, b in zip(left, right, strict=True))


def _place(item: str) -> tuple[int, Fraction, str]:
    """Sort key that is the same for equal items: numbers first, by value."""
    _, value = _sides(clean(item))
    if (found := quantity(value)) is not None:
        return 0, found.number, ""
    return 1, Fraction(0), canonical(value)


_NAME = re.compile(r"\\?[a-zA-Z]+(?:_\{?[a-zA-Z0-9]+\}?)?(?:\([a-z](?:, ?[a-z])*\))?")
_MEMBER = re.compile(r"([a-z]) ?\\in(?![a-z])")


def _equation(answer: str, gold: str) -> bool | None:
    """``x = 5`` is 5, ``2 + 3 = 5`` is 5, ``x \\in [1,2]`` is the interval.

    Two equations with different names on the left are left to the next rules, since
    ``x = 2`` and ``y = 2`` may be two lines.
    """
    sides = [_sides(clean(text)) for text in (answer, gold)]
    (name, value), (gold_name, gold_value) = sides
    if not name and not gold_name:
        return None
    names = [side for side in (name, gold_name) if _NAME.fullmatch(side)]
    if len(names) == 2 and names[0] != names[1]:
        return None
    # what still begins with a name after one was taken off is no plain equation
    if not value or not gold_value or _MEMBER.match(value) or _MEMBER.match(gold_value):
        return None
    return compare(value, gold_value)[0]


def _sides(text: str) -> tuple[str, str]:
    """(left side or empty, what stands after the last equality sign)."""
    if member := _MEMBER.match(text):
        return member[1], text[member.end() :].strip()
    left, _, right = text.rpartition("=")
    if left.endswith(("<", ">", "!", ":")) or "<" in left or ">" in left:
        return "", text
    return left.strip(), right.strip()


_WORD = re.compile(r"[a-z]{2,}|[一-鿿]")
_FORMULA = re.compile(
    r"[0-9\\=<>^_]|(?<![a-z'])[kntxyz](?![a-z'])|\b(?:cannot|most|times) "
)


def _sentence(answer: str, gold: str) -> bool | None:
    """The gold answer is a number and the answer a phrase with exactly one number."""
    right, phrase = quantity(clean(gold)), clean(answer).casefold()
    numbers = list(NUMBER.finditer(phrase))
    if right is None or len(numbers) != 1:
        return None
    before, after = phrase[: numbers[0].start()], phrase[numbers[0].end() :]
    words = set(_WORD.findall(before + " " + after))
    if not words or words & VALUE_WORDS or _FORMULA.search(before + " | " + after):
        return None
    if before.rstrip().endswith(("+", "*", "/", "(", "-", "than", "not", "least")):
        return None
    if re.match(r"(?!(?:st|nd|rd|th)\b)[a-z]", after):
        return None
    value = quantity(numbers[0][0])
    return None if value is None else equal(value, right)


def unclear(answer: str, gold: str) -> bool:
    """Whether a phrase names the gold number among others, so that nobody can tell.

    "She needs 10 spoons for 80 meatballs" is neither 10 nor wrong.
    """
    right, phrase = quantity(clean(gold)), clean(answer).casefold()
    if right is None or len(_WORD.findall(phrase)) < 4:
        return False
    named = (quantity(number[0]) for number in NUMBER.finditer(phrase))
    return any(value is not None and equal(value, right) for value in named)


def _text(answer: str, gold: str) -> bool | None:
    """The same words or the same formula: `notation.canonical`, case ignored."""
    return canonical(answer) == canonical(gold)


COMPARISON_RULES: tuple[ComparisonRule, ...] = (
    ComparisonRule("exact", _exact, (("\\frac{1}{2}", " \\frac{1}{2}", True),)),
    ComparisonRule(
        "number",
        _number,
        (
            ("18.00", "18", True),
            ("118", "18", False),
            ("-5", "5", False),
            ("1.5", "15", False),
            ("1,250", "1250", True),
            ("$18", "18", True),
            ("\\$18.50 per day", "18.5", True),
            ("18 duck eggs", "18 eggs", True),
            ("5 hours", "5 minutes", False),
            ("5 p.m.", "5 a.m.", False),
            ("100\\text{ square units}", "100", True),
            ("12 cm^2", "12 square centimeters", True),
            ("48^\\circ", "48", True),
            ("\\frac{1}{2}", "0.5", True),
            ("\\dfrac12", "1/2", True),
            ("1/2", "12", False),
            ("1/3", "0.333", False),
            ("1 1/2", "1.5", True),
            ("2\\frac{1}{4}", "9/4", True),
            ("50%", "50", True),
            ("50%", "0.5", True),
            ("50", "0.5", False),
            ("2.5 million", "2,500,000", True),
            ("3 \\times 10^{4}", "30000", True),
            ("2^{10}", "1024", True),
            ("18元", "18", True),
        ),
    ),
    ComparisonRule("choice", _choice, (("(B) 12", "B", True), ("C. 12", "B", False))),
    ComparisonRule(
        "list",
        _list,
        (
            ("(1, 0.5)", "(1,\\frac{1}{2})", True),
            ("(2,1)", "(1,2)", False),
            ("[1,2)", "[1,2]", False),
            ("2 and 1", "1, 2", True),
            ("\\{1,2,3\\}", "3,2,1", True),
            ("x = 1 or x = 2", "1,2", True),
            ("1 \\pm \\sqrt{2}", "1-\\sqrt{2}, 1+\\sqrt{2}", True),
            ("Ann, Bob", "Bob, Ann", False),
            ("1,000, 2,000", "1000, 2000", True),
        ),
    ),
    ComparisonRule(
        "equation",
        _equation,
        (
            ("x = 5", "5", True),
            ("5 * $14.00 = $70.00", "70", True),
            ("y = 2x + 3", "2x+3", True),
            ("x \\in [1,2]", "[1,2]", True),
            ("x = 6", "x = 5", False),
        ),
    ),
    ComparisonRule(
        "sentence",
        _sentence,
        (
            ("He has 18 eggs and cookies", "18", True),
            ("There are 19 and no more", "18", False),
        ),
    ),
    ComparisonRule(
        "text",
        _text,
        (
            ("EVELYN", "\\text{Evelyn}", True),
            ("2*sqrt(3)", "2\\sqrt{3}", True),
            ("√3/2", "\\frac{\\sqrt{3}}{2}", True),
            ("2π", "2\\pi", True),
            ("4:30 \\text{ p.m.}", "4:30 p.m.", True),
            ("1010_2", "1010_{2}", True),
            ("3,4", "34", False),
            ("5x", "5", False),
            ("5!", "5", False),
            ("5 and a half", "5", False),
            ("x = 2", "y = 2", False),
            ("2\\sqrt{3}", "\\sqrt{12}", False),
            ("10^{999999999}", "10^{999999998}", False),
        ),
    ),
)
"""In order; the first that can tell decides. The examples are the tests' too."""

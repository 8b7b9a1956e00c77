r"""The value of a simple formula, to tell two formulas apart without algebra.

Example row: ``differ('2\sqrt{3}', '3\sqrt{2}')`` is True: their values differ.
``\frac{12}{3}+1`` is exactly 5. Sums, products, quotients, powers, roots, factorials
and absolute values of numbers, letters and ``\pi`` and the usual functions are read;
everything else is not, and neither is what can be read in two ways (``1/2x``).

Letters are given values. Formulas that are the same have the same value whatever the
letters stand for, so unequal values prove a difference. Equal values of formulas with
letters or roots prove nothing here: that is left to math-verify.
"""

import cmath
import math
from dataclasses import dataclass
from fractions import Fraction

from fusemill.verify.mathematics.formulas import (
    Formula,
    Unreadable,
    parse,
)
from fusemill.verify.mathematics.operations import OPERATIONS, Number

_POINTS = (0.618033988, 2.236067977, 1.324717957)
"""Where letters are put: letter k stands for 1 + point · (1 + k / 7)."""

_BASES = (math.e, 10.0)
"""What ``\\log`` without a base means, to one half of people and to the other."""

_ES = (None, math.e)
"""What ``e`` is: a letter like others, or Euler's number."""

_CLOSE, _NOISE = 1e-9, 1e-12
"""Differences this small, relative to the values and to the largest number on the way
to them, prove nothing."""


@dataclass
class _Place:
    """What letters stand for, and the largest number met on the way."""

    point: float
    base: float
    e: float | None = None
    largest: float = 1.0

    def letter(self, name: str) -> complex:
        """Positive and irrational; π, i and the base of ``log`` are themselves."""
        fixed = {"pi": complex(math.pi), "i": 1j, "base": complex(self.base)}
        if name == "e" and self.e:
            return complex(self.e)
        place = 1 + self.point * (1 + sum(map(ord, name)) % 53 / 7)
        return fixed.get(name, complex(place))

    def value(self, formula: Formula) -> complex:
        value = complex(_value(formula, self))
        if not cmath.isfinite(value):
            raise Unreadable
        return value


def exact(text: str) -> Fraction | None:
    r"""The value of a formula of rational numbers, None for any other.

    >>> exact("2 * 3! * 4!"), exact("\\frac{1}{2}+\\frac{1}{3}")
    (Fraction(288, 1), Fraction(5, 6))
    >>> exact("2\\pi") is exact("10^{10^{10}}") is exact("1/0") is None
    True
    """
    try:
        value = _value(parse(text), None)
    except (Unreadable, ArithmeticError, ValueError):
        return None
    return value if isinstance(value, Fraction) else None


def is_readable(text: str) -> bool:
    """Whether the text is a simple formula, which has one value."""
    try:
        parse(text)
    except (Unreadable, RecursionError):
        return False
    return True


def differ(one: str, other: str) -> bool | None:
    r"""True if the values differ, False if they are equal where tried, None if unread.

    >>> differ("(x+1)^2", "x^2+2x+1"), differ("x+1", "x-1"), differ("5", "five")
    (False, True, None)
    """
    try:
        formulas = parse(one), parse(other)
        bases = _BASES if "log" in one + other else _BASES[:1]
        es = _ES if "e" in one + other else _ES[:1]
        return all(_differ(*formulas, base, e) for base in bases for e in es)
    except (Unreadable, ArithmeticError, ValueError):
        return None


def _differ(one: Formula, other: Formula, base: float, e: float | None) -> bool:
    """Whether the values differ at one of the points."""
    for point in _POINTS:
        place = _Place(point, base, e)
        left, right = place.value(one), place.value(other)
        unsure = _CLOSE * max(abs(left), abs(right)) + _NOISE * place.largest
        if abs(left - right) > unsure:
            return True
    return False


def proportional(one: tuple[str, str], other: tuple[str, str]) -> bool | None:
    r"""Whether two equations, each (left, right), are one up to a constant factor.

    None where a side is not read, or an equation holds whatever its letters are.

    >>> proportional(("y", "2x+3"), ("2x-y+3", "0"))
    True
    """
    try:
        sides = [parse(side) for side in (*one, *other)]
        ratios = []
        for point in _POINTS:
            place = _Place(point, _BASES[0])
            left, right, gold_left, gold_right = map(place.value, sides)
            if abs(gold_left - gold_right) <= _CLOSE * place.largest:
                return None
            ratios.append((left - right) / (gold_left - gold_right))
    except (Unreadable, ArithmeticError, ValueError):
        return None
    first = ratios[0]
    return abs(first) > _CLOSE and all(abs(r / first - 1) < _CLOSE for r in ratios)


_APART = 1e-3


def far_apart(one: str, other: str) -> bool:
    r"""Whether two products of powers and factorials differ by their size alone.

    >>> far_apart("10^{999999999}", "10^{999999998}"), far_apart("20!", "999999999!")
    (True, True)
    """
    try:
        return abs(_log(parse(one)) - _log(parse(other))) > _APART
    except (Unreadable, ArithmeticError, ValueError):
        return False


def _log(formula: Formula) -> float:
    """The natural logarithm of a positive number that may be too large to compute."""
    kind, *parts = formula
    if kind == "number" and parts[0] > 0:
        return math.log(parts[0].numerator) - math.log(parts[0].denominator)
    if kind == "*":
        return _log(parts[0]) + _log(parts[1])
    if kind == "/":
        return _log(parts[0]) - _log(parts[1])
    if kind not in ("^", "!"):
        raise Unreadable
    value = _value(parts[-1], None)
    if not isinstance(value, Fraction):
        raise Unreadable
    if kind == "^":
        return _log(parts[0]) * float(value)
    return math.lgamma(float(value) + 1)


def _value(formula: Formula, place: _Place | None) -> Number:
    """The formula's value: exact as long as only rational numbers meet.

    Raises Unreadable for a letter where there is no place to put it.
    """
    kind, *parts = formula
    if kind == "number":
        value: Number = parts[0]
    elif kind == "letter":
        if place is None:
            raise Unreadable
        value = place.letter(parts[0])
    else:
        if kind == "log" and len(parts) == 1:
            parts.append(("letter", "base"))
        value = OPERATIONS[kind](*(_value(part, place) for part in parts))
    if place:
        place.largest = max(place.largest, abs(complex(value)))
    return value

r"""The value of a simple formula, to tell two formulas apart without algebra.

Example row: ``differ('2\sqrt{3}', '3\sqrt{2}')`` is True: their values differ.
``\frac{12}{3}+1`` is exactly 5. Sums, products, quotients, powers, roots, factorials
and absolute values of numbers, letters and ``\pi`` are read; everything else is not,
and so is what can be read in two ways (``1/2x``, ``\sin 2x``).

Letters are given values. Formulas that are the same have the same value whatever the
letters stand for, so unequal values prove a difference. Equal values of formulas with
letters or roots prove nothing here: that is left to math-verify.
"""

import cmath
import math
from collections.abc import Callable
from fractions import Fraction
from typing import NoReturn

from fusemill.verify.mathematics.formulas import (
    Formula,
    Unreadable,
    parse,
)

Number = Fraction | complex

_POINTS = (0.618033988, 2.236067977, 1.324717957)
"""Where letters are put: letter k stands for 1 + point · (1 + k / 7)."""

_CLOSE = 1e-9
MAX_BITS = 10_000
"""Exact numbers do not grow beyond this; a larger one is not computed."""


def exact(text: str) -> Fraction | None:
    r"""The value of a formula of rational numbers, None for any other.

    >>> exact("2 * 3! * 4!"), exact("\\frac{1}{2}+\\frac{1}{3}")
    (Fraction(288, 1), Fraction(5, 6))
    >>> exact("2\\pi") is exact("10^{10^{10}}") is exact("1/0") is None
    True
    """
    try:
        value = _value(parse(text), _no_letter)
    except (Unreadable, ArithmeticError, ValueError):
        return None
    return value if isinstance(value, Fraction) else None


def differ(one: str, other: str) -> bool | None:
    r"""True if the values differ, False if they are equal where tried, None if unread.

    >>> differ("(x+1)^2", "x^2+2x+1"), differ("x+1", "x-1"), differ("5", "five")
    (False, True, None)
    """
    try:
        formulas = parse(one), parse(other)
        for point in _POINTS:
            left, right = (_number(formula, point) for formula in formulas)
            if abs(left - right) > _CLOSE * max(abs(left), abs(right)):
                return True
    except (Unreadable, ArithmeticError, ValueError):
        return None
    return False


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
    value = _value(parts[-1], _no_letter)
    if not isinstance(value, Fraction):
        raise Unreadable
    if kind == "^":
        return _log(parts[0]) * float(value)
    return math.lgamma(float(value) + 1)


def _number(formula: Formula, point: float) -> complex:
    value = complex(_value(formula, lambda letter: _letter(letter, point)))
    if not cmath.isfinite(value):
        raise Unreadable
    return value


def _no_letter(_: str) -> NoReturn:
    raise Unreadable


def _letter(letter: str, point: float) -> complex:
    """What a letter stands for: positive and irrational, π and i themselves."""
    if letter == "pi":
        return complex(math.pi)
    if letter == "i":
        return 1j
    return complex(1 + point * (1 + sum(map(ord, letter)) % 53 / 7))


def _value(formula: Formula, letter: Callable[[str], complex]) -> Number:
    """The formula's value: exact as long as only rational numbers meet."""
    kind, *parts = formula
    if kind == "number":
        assert isinstance(parts[0], Fraction)
        return parts[0]
    if kind == "letter":
        return letter(str(parts[0]))
    values = [_value(part, letter) for part in parts if isinstance(part, tuple)]
    return _OPERATIONS[str(kind)](*values)


def _both(one: Number, other: Number) -> tuple[Number, Number]:
    """Both exact or both floating; exact ones that have grown too large are refused."""
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        for value in (one, other):
            if max(value.numerator.bit_length(), value.denominator.bit_length()) > (
                MAX_BITS
            ):
                raise Unreadable
        return one, other
    return complex(one), complex(other)


def _add(one: Number, other: Number) -> Number:
    one, other = _both(one, other)
    return one + other


def _times(one: Number, other: Number) -> Number:
    one, other = _both(one, other)
    return one * other


def _over(one: Number, other: Number) -> Number:
    one, other = _both(one, other)
    return one / other


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        if exponent.denominator != 1:
            return _root(exponent, base)
        size = max(base.numerator.bit_length(), base.denominator.bit_length())
        if size * abs(exponent) > MAX_BITS:
            raise Unreadable
        return base ** int(exponent)
    if complex(base) == 0:
        raise Unreadable
    return complex(complex(base) ** complex(exponent))


def _root(exponent: Fraction, base: Fraction) -> complex:
    """`base` to a broken exponent; negative bases mean different things to people."""
    if base < 0:
        raise Unreadable
    return complex(float(base) ** float(exponent))


def _nth_root(degree: Number, value: Number) -> Number:
    """The root that is real where there is one."""
    if not isinstance(degree, Fraction) or degree.denominator != 1 or degree < 2:
        raise Unreadable
    n = int(degree)
    if isinstance(value, Fraction):
        size = abs(value)
        above, below = _whole_root(size.numerator, n), _whole_root(size.denominator, n)
        if above is not None and below is not None and (value >= 0 or n % 2):
            root = Fraction(above, below)
            return root if value >= 0 else -root
    number = complex(value)
    if number.imag == 0 and number.real < 0 and n % 2:
        return -complex((-number.real) ** (1 / n))
    return cmath.sqrt(number) if n == 2 else complex(number ** (1 / n))


def _whole_root(value: int, n: int) -> int | None:
    """The whole n-th root of a whole number, None if it has none."""
    if value.bit_length() > 900:  # beyond a float
        return None
    near = math.isqrt(value) if n == 2 else round(value ** (1 / n))
    return near if near**n == value else None


def _factorial(value: Number) -> Number:
    if (
        not isinstance(value, Fraction)
        or value.denominator != 1
        or not 0 <= value < 200
    ):
        raise Unreadable
    return Fraction(math.factorial(int(value)))


def _choose(n: Number, k: Number) -> Number:
    for value in (n, k):
        if not isinstance(value, Fraction) or value.denominator != 1:
            raise Unreadable
        if not 0 <= value <= 1000:
            raise Unreadable
    return Fraction(math.comb(int(n.real), int(k.real)))


def _absolute(value: Number) -> Number:
    return abs(value) if isinstance(value, Fraction) else complex(abs(value))


_OPERATIONS: dict[str, Callable[..., Number]] = {
    "+": _add,
    "*": _times,
    "/": _over,
    "^": _power,
    "root": _nth_root,
    "!": _factorial,
    "choose": _choose,
    "abs": _absolute,
}

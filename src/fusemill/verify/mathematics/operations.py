"""What the operations of a formula do to its values.

Example row: ``OPERATIONS["root"](Fraction(3), Fraction(-8))`` is ``Fraction(-2)``.
Values are exact as long as only rational numbers meet, floating and complex from there
on. What is too large, or means different things to people, raises Unreadable.
"""

import cmath
import math
from collections.abc import Callable
from fractions import Fraction

from fusemill.verify.mathematics.formulas import Unreadable
from fusemill.verify.mathematics.tables import words

Number = Fraction | complex

MAX_BITS = 10_000
"""Exact numbers do not grow beyond this; a larger one is not computed."""


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


def _logarithm(value: Number) -> complex:
    if not complex(value):
        raise Unreadable
    return cmath.log(complex(value))


def _complex(function: Callable[[complex], complex]) -> Callable[[Number], complex]:
    return lambda value: function(complex(value))


OPERATIONS: dict[str, Callable[..., Number]] = {
    "+": _add,
    "*": _times,
    "/": _over,
    "^": _power,
    "root": _nth_root,
    "!": _factorial,
    "choose": _choose,
    "abs": _absolute,
    "log": lambda value, base: _logarithm(value) / _logarithm(base),
    "ln": _logarithm,
    "lg": lambda value: _logarithm(value) / math.log(10),
    "exp": lambda value: cmath.exp(complex(value)),
    "cot": lambda value: 1 / cmath.tan(complex(value)),
    "sec": lambda value: 1 / cmath.cos(complex(value)),
    "csc": lambda value: 1 / cmath.sin(complex(value)),
    **{
        name: _complex(getattr(cmath, name.replace("arc", "a")))
        for name in words("sin cos tan arcsin arccos arctan sinh cosh tanh")
    },
}

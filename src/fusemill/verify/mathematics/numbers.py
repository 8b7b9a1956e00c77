r"""Answers that are one number: its exact value, percent sign and unit.

Example row: ``quantity('1,250.50 dollars')`` has the number ``Fraction(2501, 2)`` and
the units ``{'dollar'}``. Input is the text that `notation.clean` returns. Values are
exact fractions, never floats. What is not written as one number (``2\sqrt{3}``,
``1+1``) is no quantity. Nothing large is computed: at most 1,000 digits are read, a
power of ten has at most three digits in its exponent.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from fusemill.verify.mathematics.notation import CURRENCY
from fusemill.verify.mathematics.numerals import numeral
from fusemill.verify.mathematics.units import MEASURES, MONEY, ratio, singular, units

# 1,000 digits: int() refuses 4,300, and no answer is that long
_GROUPS = r"[1-9][0-9]{0,2}(?:(?:,[0-9]{3})++|(?:[ ][0-9]{3})++)(?![0-9])"
_DIGITS = rf"(?:{_GROUPS}|[0-9]{{1,1000}})"
_DECIMAL = rf"(?:{_DIGITS}(?:\.[0-9]{{0,1000}})?|\.[0-9]{{1,1000}})"
_SIGNED = rf"[+-]?[ ]?{_DECIMAL}"
_FORMS = re.compile(
    rf"""(?P<sign>[+-]?)\ ?(?:
      (?P<whole>[0-9]{{1,9}})(?:\ and\ |\ ?)
        (?:\\frac\ ?\{{(?P<mixed_n>[0-9]{{1,9}})\}}\ ?\{{(?P<mixed_d>[0-9]{{1,9}})\}}
        |(?<=\ )(?P<slash_n>[0-9]{{1,9}})\ ?/\ ?(?P<slash_d>[0-9]{{1,9}})(?![0-9]))
    | \\frac\ ?\{{\ ?(?P<frac_n>{_SIGNED})\ ?\}}\ ?\{{\ ?(?P<frac_d>{_SIGNED})\ ?\}}
    | (?P<over_n>{_DECIMAL})\ ?/\ ?(?P<over_d>{_DECIMAL})(?![0-9.])
    | (?P<ten_m>{_DECIMAL})\ ?(?:\*|x)\ ?10\ ?\^\ ?\{{?(?P<ten_e>-?[0-9]{{1,3}})\}}?
        (?![0-9])
    | (?P<e_m>{_DECIMAL})[eE](?P<e_e>[+-]?[0-9]{{1,3}})(?![0-9])
    | (?P<base>[0-9]{{1,6}})\ ?\^\ ?\{{?(?P<power>-?[0-9]{{1,3}})\}}?(?![0-9])
    | (?P<plain>{_DECIMAL})
    )""",
    re.VERBOSE,
)
_PLAIN = re.compile(r"-?[0-9]{1,15}")
_APPROXIMATE = re.compile(
    r"(?:\\approx|\\sim|about|approximately|around|roughly|exactly|only|~|约|大约) ?",
    re.IGNORECASE,
)
_CURRENCY = re.compile(
    rf"([+-]?) ?(?:US ?)?([{CURRENCY}€£￥¥₹]|USD|RMB|CNY|(?:人民币)(?=[0-9])) ?"
)
_SCALE = {
    **{"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9},
    **{"trillion": 10**12, "万": 10**4, "亿": 10**8},
}
_SCALED = re.compile(r" ?(hundred|thousand|million|billion|trillion)s?\b|万|亿")
_PERCENT = re.compile(r" ?(?:%|percent\b|per cent\b|pct\b|percentage(?: points?)?\b)")
_PER_HUNDRED = re.compile(r"百分之(?=[0-9])")
_AND_A_HALF = re.compile(r" and (?:a|one)[ -]half\b|个?半(?=[^一-鿿]|$)")


@dataclass(frozen=True)
class Quantity:
    """One number. `number` is as written: 50 for ``50%``, which `percent` tells.

    `places`: how many digits stand after the point, None for other forms.
    """

    number: Fraction
    percent: bool = False
    units: frozenset[str] = frozenset()
    places: int | None = None


def quantity(text: str) -> Quantity | None:
    """The number that cleaned `text` is, or None if it is anything else.

    >>> [quantity(text).number for text in ("1 1/2", "1.50", "\\\\frac{3}{2}")]
    [Fraction(3, 2), Fraction(3, 2), Fraction(3, 2)]
    >>> quantity("50%")
    Quantity(number=Fraction(50, 1), percent=True, units=frozenset(), places=0)
    >>> quantity("twelve eggs").number, quantity("三分之一").number
    (Fraction(12, 1), Fraction(1, 3))
    >>> quantity("5x") is quantity("3,4") is quantity("10^999999999") is None
    True
    """
    if _PLAIN.fullmatch(text):
        return Quantity(Fraction(int(text)), places=0)
    at = found.end() if (found := _APPROXIMATE.match(text)) else 0
    named: set[str] = set()
    sign, hundred = "", _PER_HUNDRED.match(text, at)
    if hundred:
        at = hundred.end()
    elif money := _CURRENCY.match(text, at):
        at, sign = money.end(), money[1]
        named.add(singular(money[2].casefold()))
    read = _written(text, at)
    if read is None or (sign and read[0] < 0):
        return None
    number, at, places = read
    number = -number if sign == "-" else number
    if scaled := _SCALED.match(text, at):
        number, at, places = number * _SCALE[scaled[1] or scaled[0]], scaled.end(), None
    percent = _PERCENT.match(text, at)
    at = percent.end() if percent else at
    more = units(text[at:].casefold())
    if more is None:
        return _compound(text)
    return Quantity(number, bool(percent or hundred), more | named, places)


_PART = re.compile(
    r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?([a-zA-Z]{1,12}|[一-鿿]{1,3})"
    r"(?:,? (?:and )?|(?=[0-9])|$)"
)


def _compound(text: str) -> Quantity | None:
    """``3 hours and 20 minutes``: larger measures first, as so many of the last.

    Money is so many of the first: 13 dollars and 50 cents are 13.5.
    """
    parts: list[tuple[Fraction, str]] = []
    at = 0
    while part := _PART.match(text, at):
        parts.append((Fraction(part[1]), singular(part[2].casefold())))
        at = part.end()
    if at < len(text) or len(parts) < 2 or not {u for _, u in parts} <= MEASURES.keys():
        return None
    kinds, sizes = zip(*(MEASURES[unit] for _, unit in parts), strict=True)
    if len({*kinds}) > 1 or any(a <= b for a, b in pairwise(sizes)):
        return None
    total = sum(n * size for (n, _), size in zip(parts, sizes, strict=True))
    at = 0 if kinds[0] in MONEY else -1
    return Quantity(Fraction(total) / sizes[at], units=frozenset({parts[at][1]}))


_REPEATING = re.compile(
    r"(-?)([0-9]{0,30})\.([0-9]{0,30})\\(?:overline|bar|dot) ?\{([0-9]{1,30})\}"
)


def _repeating(form: re.Match[str]) -> Fraction:
    r"""``0.1\overline{6}``: the repeated digits as so many ninths, moved right."""
    start = Fraction(int(form[2] + form[3] or 0), 10 ** len(form[3]))
    nines = (10 ** len(form[4]) - 1) * 10 ** len(form[3])
    value = start + Fraction(int(form[4]), nines)
    return -value if form[1] else value


def _written(text: str, at: int) -> tuple[Fraction, int, int | None] | None:
    """(value, end, places) of the number at `at`, in digits or in words."""
    if form := _REPEATING.match(text, at):
        return _repeating(form), form.end(), None
    if form := _FORMS.match(text, at):
        number = _value(form)
        if number is None:
            return None
        plain, end = form["plain"], form.end()
        if plain and (half := _AND_A_HALF.match(text, end)):
            return number + Fraction(1, 2), half.end(), None
        return number, end, len(plain.partition(".")[2]) if plain else None
    words = numeral(text[at : at + 200].casefold())
    return (words[0], at + words[1], None) if words else None


def _value(form: re.Match[str]) -> Fraction | None:
    """The value of one written form; None for a zero denominator."""
    part = {name: text for name, text in form.groupdict().items() if text is not None}
    sign = -1 if part["sign"] == "-" else 1
    if "whole" in part:
        above = int(part.get("mixed_n") or part["slash_n"])
        below = int(part.get("mixed_d") or part["slash_d"])
        # 2 3/2 is a misprint or a product, not a mixed number
        proper = above < below
        return sign * (int(part["whole"]) + Fraction(above, below)) if proper else None
    for above_name, below_name in (("frac_n", "frac_d"), ("over_n", "over_d")):
        if above_name in part:
            divisor = _decimal(part[below_name])
            return sign * _decimal(part[above_name]) / divisor if divisor else None
    if "base" in part:
        base, power = int(part["base"]), int(part["power"])
        return sign * Fraction(base) ** power if base or power > 0 else None
    mantissa = part.get("ten_m") or part.get("e_m") or part["plain"]
    exponent = part.get("ten_e") or part.get("e_e") or "0"
    return sign * _decimal(mantissa) * Fraction(10) ** int(exponent)


def _decimal(text: str) -> Fraction:
    """A decimal with separators as a fraction; the pattern has checked its length."""
    return Fraction(text.replace(",", "").replace(" ", "").rstrip(".") or "0")


ROUNDED_PLACES = 6
"""From so many decimals on, a correctly rounded decimal is its exact value."""

_NOISE = Fraction(1, 10**12)
"""What the digits of a float may differ by, relative to the number."""


def equal(one: Quantity, other: Quantity) -> bool:
    """Whether two quantities are the same answer.

    A unit may be left out on one side, be said at more length ("eggs", "duck eggs") or
    be another measure of the same ("2 hours", "120 minutes"); two different units are
    two different answers. A percent sign is read both ways: ``50%`` equals ``50`` (the
    question asked for a percentage) and ``0.5`` (its value); so is a dozen. A decimal
    of six places or more equals what it is the rounding of (``0.333333``).
    """
    if one.percent != other.percent:
        percent, plain = (one, other) if one.percent else (other, one)
        places = None if percent.places is None else percent.places + 2
        share = Quantity(percent.number / 100, places=places)
        return not plain.units and (_same(plain, percent) or _same(plain, share))
    if ("dozen" in one.units) != ("dozen" in other.units):
        dozens, pieces = (one, other) if "dozen" in one.units else (other, one)
        named = dozens.units - {"dozen"}
        counted = Quantity(dozens.number * 12, units=named)
        if pieces.number != dozens.number:
            return equal(counted, pieces)
    factor = ratio(one.units, other.units)
    if factor is None:
        return False
    return _same(one, other) if factor == 1 else one.number * factor == other.number


def _same(one: Quantity, other: Quantity) -> bool:
    """Equal, or one is the other correctly rounded to six places or more."""
    apart = abs(one.number - other.number)
    if not apart:
        return True
    places = max(one.places or 0, other.places or 0)
    if places < ROUNDED_PLACES:
        return False
    if places >= 12 and apart <= _NOISE * abs(one.number):
        return True
    return _rounds(one, other, apart) or _rounds(other, one, apart)


def _rounds(short: Quantity, exact: Quantity, apart: Fraction) -> bool:
    """Whether `short` is a decimal of six digits or more that `exact` rounds to."""
    if short.places is None or short.places < ROUNDED_PLACES:
        return False
    longer = exact.places is None or exact.places > short.places
    precise = abs(short.number) * 10**short.places >= 10 ** (ROUNDED_PLACES - 1)
    return longer and precise and 2 * apart * 10**short.places <= 1

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

from fusemill.verify.mathematics.notation import CURRENCY

# 1,000 digits: int() refuses 4,300, and no answer is that long
_DIGITS = r"(?:[0-9]{1,3}(?:(?:,[0-9]{3})++|(?:[ ][0-9]{3})++)(?![0-9])|[0-9]{1,1000})"
_DECIMAL = rf"(?:{_DIGITS}(?:\.[0-9]{{0,1000}})?|\.[0-9]{{1,1000}})"
_SIGNED = rf"[+-]?[ ]?{_DECIMAL}"
_FORMS = re.compile(
    rf"""(?P<sign>[+-]?)\ ?(?:
      (?P<whole>[0-9]{{1,9}})\ ?
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
_APPROXIMATE = re.compile(
    r"(?:\\approx|\\sim|about|approximately|around|roughly|exactly|only|~) ?",
    re.IGNORECASE,
)
_CURRENCY = re.compile(rf"([+-]?) ?(?:US)?([{CURRENCY}€£￥¥₹]) ?")
_SCALE = {
    **{"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9},
    **{"trillion": 10**12, "dozen": 12, "万": 10**4, "亿": 10**8},
}
_SCALED = re.compile(r" ?(hundred|thousand|million|billion|trillion|dozen)s?\b|万|亿")
_PERCENT = re.compile(r" ?(?:%|percent\b|per cent\b|percentage points?\b)")
_UNIT_TOKEN = re.compile(r"([a-z]+)|([一-鿿])|(\^ ?\{?[23]\}?)|[ ./()]|-(?=[a-z])|(¤)")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


VALUE_WORDS = _words(
    "half halves third thirds quarter quarters fourth fourths fifth tenth plus minus "
    "divided mod pi sqrt infty infinity sin cos tan log ln exp lim abc xyz factorial "
    "choose squared cubed hundred thousand million billion trillion dozen negative "
    "point root frac cup cap 半 十 百 千 万 亿 分 负"
)
"""Words beside a number that change its value, or are mathematics and no unit."""

_JOINING = _words("and or to over not nor nothing 和 或")
_SHORT_UNITS = _words(
    "m g s h l c f cm mm km mi ft in yd oz lb lbs kg kgs mg ml hr hrs am pm mph kmh "
    "kph usd sec min mins"
)
# These may follow the digits without a space; other letters would be a product.
_GLUED = _SHORT_UNITS - set("mshlcf") | {"dollars", "degrees", "cents", "hours"}
_ONE_NAME = _words(
    "¤:dollar usd:dollar ￥:元 ¥:元 €:euro £:pound lb:pound lbs:pound oz:ounce ft:foot "
    "feet:foot in:inch inches:inch yd:yard mi:mile m:meter metre:meter cm:centimeter "
    "centimetre:centimeter km:kilometer kilometre:kilometer mm:millimeter g:gram "
    "kg:kilogram kgs:kilogram mg:milligram l:liter litre:liter ml:milliliter h:hour "
    "hr:hour hrs:hour s:second sec:second min:minute mins:minute sq:square "
    "people:person children:child"
)
_SAME = dict(pair.split(":") for pair in _ONE_NAME)
_SILENT = _words("a an the of per in each is total")


@dataclass(frozen=True)
class Quantity:
    """One number. `number` is as written: 50 for ``50%``, which `percent` tells."""

    number: Fraction
    percent: bool = False
    units: frozenset[str] = frozenset()


def quantity(text: str) -> Quantity | None:
    """The number that cleaned `text` is, or None if it is anything else.

    >>> quantity("1 1/2") == quantity("1.50") == quantity("\\\\frac{3}{2}")
    True
    >>> quantity("50%")
    Quantity(number=Fraction(50, 1), percent=True, units=frozenset())
    >>> quantity("5x") is quantity("3,4") is quantity("10^999999999") is None
    True
    """
    at = found.end() if (found := _APPROXIMATE.match(text)) else 0
    units: set[str] = set()
    sign = ""
    if money := _CURRENCY.match(text, at):
        at, sign = money.end(), money[1]
        units.add(_SAME.get(money[2], money[2]))
    form = _FORMS.match(text, at)
    number = _value(form) if form else None
    if form is None or number is None or (sign and form["sign"]):
        return None
    number, at = -number if sign == "-" else number, form.end()
    if scaled := _SCALED.match(text, at):
        number, at = number * _SCALE[scaled[1] or scaled[0]], scaled.end()
    percent = _PERCENT.match(text, at)
    at = percent.end() if percent else at
    named = _units(text[at:].casefold())
    return None if named is None else Quantity(number, bool(percent), named | units)


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


def _units(text: str) -> frozenset[str] | None:
    """The unit words in `text`, singular; None when `text` is more than a unit."""
    text = re.sub(r"^:00(?= ?[ap]\.?m)", "", text)  # 2:00 pm is 2 pm
    text = text.replace("p.m", "pm").replace("a.m", "am")
    units: set[str] = set()
    at = 0
    while at < len(text):
        found = _UNIT_TOKEN.match(text, at)
        if found is None:
            return None
        word, power = found[1] or found[2] or found[4], found[3]
        if word and not _is_unit(word, glued=at == 0):
            return None
        if power and not units:
            return None
        if word and word not in _SILENT:
            units.add(_singular(word))
        if power:
            units.add("square" if "2" in power else "cubic")
        at = found.end()
    return frozenset(units - {"unit"})


def _is_unit(word: str, glued: bool) -> bool:
    """Whether the word can be a unit rather than a variable or a part of the value."""
    if word in VALUE_WORDS or word in _JOINING:
        return False
    if not word.isascii():
        return True
    if glued:
        return word in _GLUED
    return len(word) > 2 or word in _SHORT_UNITS or word in _SILENT or word == "sq"


def _singular(word: str) -> str:
    """The unit's name without plural or abbreviation."""
    word = _SAME.get(word, word)
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return _SAME.get(word, word)


def equal(one: Quantity, other: Quantity) -> bool:
    """Whether two quantities are the same answer.

    A unit may be left out on one side, or be said at more length ("eggs", "duck eggs");
    two different units are two different answers. A percent sign is read both ways:
    ``50%`` equals ``50`` (the question asked for a percentage) and ``0.5`` (its value).
    """
    if one.percent == other.percent:
        related = one.units <= other.units or other.units <= one.units
        return one.number == other.number and related
    if other.percent:
        one, other = other, one
    return not other.units and other.number in (one.number, one.number / 100)

r"""Units of an answer: read, compared, converted.

Example row: ``units(' dollars per hour')`` gives ``{'dollar', 'hour'}``. Any noun may
be a unit ("18 eggs"); those of `MEASURES` are known to be measures and can be
converted, since their ratio is exact.
"""

import re
from fractions import Fraction

from fusemill.verify.mathematics.tables import pairs, words

_TOKEN = re.compile(
    r"([a-z]+)|([一-鿿]+)|(\^ ?\{?[23]\}?)|[ ./()]|-(?=[a-z])|([¤€£￥¥₹])"
)


VALUE_WORDS = frozenset(
    words(
        "half halves third thirds quarter quarters fourth fourths fifth tenth plus "
        "minus divided mod pi sqrt infty infinity sin cos tan log ln exp lim abc xyz "
        "factorial choose squared cubed hundred thousand million billion trillion "
        "negative point root frac cup cap begin end 半 十 百 千 万 亿 分 负"
    )
)
"""Words beside a number that change its value, or are mathematics and no unit."""

_NUMERALS = frozenset("两二三四五六七八九十百千万")
_JOINING = frozenset(words("and or to over not nor nothing if than 和 或"))
_SHORT = frozenset(
    words(
        "m g s h l c f cm mm km mi ft in yd oz lb lbs kg kgs mg ml hr hrs am pm mph "
        "kmh kph usd sec min mins rmb"
    )
)
# These may follow the digits without a space; other letters would be a product.
_GLUED = _SHORT - set("mshlcf") | set(words("dollars degrees cents hours minutes"))
_SAME = pairs(
    "¤:dollar usd:dollar ￥:元 ¥:元 rmb:元 cny:元 yuan:元 人民币:元 块:元 €:euro "
    "£:pound lb:pound lbs:pound oz:ounce ft:foot feet:foot in:inch inches:inch "
    "yd:yard mi:mile m:meter metre:meter cm:centimeter centimetre:centimeter "
    "km:kilometer kilometre:kilometer mm:millimeter g:gram kg:kilogram kgs:kilogram "
    "mg:milligram l:liter litre:liter ml:milliliter h:hour hr:hour hrs:hour s:second "
    "sec:second min:minute mins:minute sq:square people:person children:child "
    "dozens:dozen 美元:dollar 美分:cent 欧元:euro 英镑:pound 米:meter 厘米:centimeter "
    "毫米:millimeter 分米:decimeter 千米:kilometer 公里:kilometer 克:gram "
    "千克:kilogram 公斤:kilogram 毫克:milligram 吨:tonne 升:liter 毫升:milliliter "
    "小时:hour 分钟:minute 秒:second 秒钟:second 天:day 日:day 周:week 星期:week "
    "个月:month 年:year 度:degree 平方米:m² 平方厘米:cm² 平方千米:km² 立方米:m³ "
    "立方厘米:cm³"
)
_SILENT = frozenset(words("a an the of per in each is total about approx"))
_POWERS = {
    "m²": ("square", "meter"),
    "cm²": ("square", "centimeter"),
    "km²": ("square", "kilometer"),
    **dict.fromkeys(("kmh", "kph"), ("kilometer", "hour")),
    "mph": ("mile", "hour"),
    "m³": ("cubic", "meter"),
    "cm³": ("cubic", "centimeter"),
}
_SIZES = {
    "time": "second:1 minute:60 hour:3600 day:86400 week:604800",
    "months": "month:1 year:12",
    "metric length": "millimeter:1 centimeter:10 decimeter:100 meter:1000 "
    "kilometer:1000000",
    "length": "inch:1 foot:12 yard:36 mile:63360",
    "metric mass": "milligram:1 gram:1000 kilogram:1000000 tonne:1000000000",
    "mass": "ounce:1 pound:16",
    "volume": "milliliter:1 liter:1000",
    "dollars": "cent:1 dollar:100",
    "yuan": "分:1 角:10 元:100",
}
MEASURES = {
    name: (kind, Fraction(size))
    for kind, sizes in _SIZES.items()
    for name, size in pairs(sizes).items()
}
"""Unit → (what it measures, how many of the smallest unit). Exact ratios only."""

MONEY = frozenset({"dollars", "yuan"})


def units(text: str) -> frozenset[str] | None:
    """The unit words in `text`, singular; None when `text` is more than a unit.

    >>> sorted(units(" square cm")), units("平方厘米") == units(" cm^2")
    (['centimeter', 'square'], True)
    >>> units("x") is units(" and a half") is None
    True
    """
    if not text:
        return frozenset()
    text = re.sub(r"^:00(?= ?[ap]\.?m|$)", "", text)  # 2:00 pm is 2 pm, 2:00 is 2
    text = text.replace("p.m", "pm").replace("a.m", "am")
    found: set[str] = set()
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        word, power = token[1] or token[2] or token[4], token[3]
        if (word and not _is_unit(word, glued=at == 0)) or (power and not found):
            return None
        if word and word not in _SILENT:
            found.update(_POWERS.get(singular(word), (singular(word),)))
        if power:
            found.add("square" if "2" in power else "cubic")
        at = token.end()
    return frozenset(found - {"unit"})


def _is_unit(word: str, glued: bool) -> bool:
    """Whether the word can be a unit rather than a variable or a part of the value."""
    if word in VALUE_WORDS or word in _JOINING:
        return False
    if not word.isascii():
        # one that holds a number itself is a sentence: 共有三十六人
        holds_number = not _NUMERALS.isdisjoint(word)
        apart = word[0] in VALUE_WORDS or word[0] in _JOINING or holds_number
        return word in _SAME or not apart
    if glued:
        return word in _GLUED
    return len(word) > 2 or word in _SHORT or word in _SILENT or word == "sq"


def singular(word: str) -> str:
    """The unit's name without plural or abbreviation."""
    word = _SAME.get(word, word)
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return _SAME.get(word, word)


def ratio(one: frozenset[str], other: frozenset[str]) -> Fraction | None:
    """How many of the other unit one unit is; None where that is not known.

    1 where one is left out or says the same at more length ("eggs", "duck eggs").

    >>> ratio(frozenset({"hour"}), frozenset({"minute"}))
    Fraction(60, 1)
    >>> ratio(frozenset({"egg"}), frozenset({"apple"})) is None
    True
    """
    if one <= other or other <= one:
        return Fraction(1)
    if len(one) == len(other) == 1:
        (left,), (right,) = one, other
        if left in MEASURES and right in MEASURES:
            (kind, size), (other_kind, other_size) = MEASURES[left], MEASURES[right]
            return size / other_size if kind == other_kind else None
        both_chinese = not left.isascii() and not right.isascii()
        if both_chinese and left not in MEASURES and right not in MEASURES:
            return Fraction(1) if left in right or right in left else None
    return None

r"""Numbers written in words, English and Chinese.

Example row: ``numeral('twenty-one apples')`` gives ``(Fraction(21), 10)``: the value
and where the words that say it end. Only whole numbers below a trillion, halves,
thirds, quarters and so on are read; ordinals ("third" on its own) are none.
"""

import re
from fractions import Fraction

from fusemill.verify.mathematics.tables import words

_ONES = {
    word: value
    for value, word in enumerate(
        words(
            "zero one two three four five six seven eight nine ten eleven twelve "
            "thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
        )
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        words("twenty thirty forty fifty sixty seventy eighty ninety"), start=2
    )
}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_PARTS = {
    "half": 2,
    "halves": 2,
    **{"third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4},
    **{"fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "eighth": 8, "eighths": 8},
    **{"tenth": 10, "tenths": 10},
}
_WORD = re.compile(r"[ -]?([a-z]+)")
_STARTS = _ONES.keys() | _TENS.keys() | {"half", "a", "an", "hundred"}
_KNOWN = _STARTS | _SCALES.keys() | _PARTS.keys() | {"and"}
_SIGN = re.compile(r"(?:negative|minus) ")


def numeral(text: str) -> tuple[Fraction, int] | None:
    """(value, end) of the number words that `text` begins with, or None.

    >>> numeral("three hundred and five"), numeral("two and a half hours")
    ((Fraction(305, 1), 22), (Fraction(5, 2), 14))
    >>> numeral("三分之二"), numeral("两千零五个"), numeral("one-third")
    ((Fraction(2, 3), 4), (Fraction(2005, 1), 4), (Fraction(1, 3), 9))
    >>> numeral("a cat") is numeral("third") is numeral("") is None
    True
    """
    if not text:
        return None
    if not text[0].isascii():
        return _chinese(text)
    sign = _SIGN.match(text)
    at = sign.end() if sign else 0
    first = _WORD.match(text, at)
    if first is None or first[1] not in _STARTS:
        return None
    value = _english(text, at)
    return (-value[0], value[1]) if sign and value else value


def _english(text: str, at: int) -> tuple[Fraction, int] | None:
    """`numeral` of English words without a sign, from `at`."""
    read: list[str] = []
    ends: list[int] = []
    while (found := _WORD.match(text, at)) and found[1] in _KNOWN:
        at = found.end()
        read.append(found[1])
        ends.append(at)
    while read and read[-1] in ("and", "a", "an"):
        read.pop()
    if not read:
        return None
    value = _fold(read) if read[-1] not in _PARTS else _with_part(read)
    return None if value is None else (value, ends[len(read) - 1])


def _with_part(read: list[str]) -> Fraction | None:
    """``two and a half``, ``three quarters``, ``one half``, ``half``."""
    whole, above = Fraction(0), read[:-1]
    if "and" in above:
        cut = len(above) - 1 - above[::-1].index("and")
        before, above = _fold(above[:cut]), above[cut + 1 :]
        if before is None:
            return None
        whole = before
    count = Fraction(1) if above in ([], ["a"], ["an"]) else _fold(above)
    bare = not above and read[-1] != "half"  # an ordinal
    return None if count is None or bare else whole + count / _PARTS[read[-1]]


def _fold(read: list[str]) -> Fraction | None:
    """The whole number that words say, None where their order says none."""
    total, group, smallest = 0, 0, 1000
    for word in read:
        if word in _ONES or word in _TENS:
            size = 10 if word in _TENS else 1
            if size >= smallest or (size == 1 and smallest == 10 and _ONES[word] > 9):
                return None
            group += _TENS[word] if word in _TENS else _ONES[word]
            smallest = size
        elif word == "hundred" and group < 100:
            group, smallest = (group or 1) * 100, 100
        elif word in _SCALES and group:
            total, group, smallest = total + group * _SCALES[word], 0, 1000
        elif word not in ("and", "a", "an"):
            return None
    return Fraction(total + group)


_IN_A_SENTENCE = re.compile(
    "(?:百分之)?(?!一(?:共|定|样|起|直|般|些))[零〇一二三四五六七八九两十百千万亿]+"
    "(?:(?:分之|点)[零〇一二三四五六七八九两十百千万亿]+)?"
)


def last_chinese(phrase: str) -> str | None:
    """The last number in Chinese characters of a phrase that has no digits, or None.

    >>> last_chinese("三个班一共有三十六人"), last_chinese("一共有")
    ('三十六', None)
    """
    if phrase.isascii() or re.search("[0-9]", phrase):
        return None
    named = _IN_A_SENTENCE.findall(phrase)
    return named[-1] if named else None


_DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}
_CHINESE = re.compile("[零〇一二三四五六七八九两十百千万亿]{1,24}")


def _chinese(text: str) -> tuple[Fraction, int] | None:
    """`numeral` of Chinese words."""
    at = 1 if text[0] == "负" else 0
    sign = -1 if at else 1
    if text.startswith("百分之", at):
        part = _CHINESE.match(text, at + 3)
        return (sign * Fraction(_whole(part[0]), 100), part.end()) if part else None
    found = _CHINESE.match(text, at)
    if found is None:
        return None
    value, at = Fraction(_whole(found[0])), found.end()
    if text.startswith("分之", at):
        part = _CHINESE.match(text, at + 2)
        if part is None or not value:
            return None
        return sign * Fraction(_whole(part[0])) / value, part.end()
    if text.startswith("点", at) and (part := _CHINESE.match(text, at + 1)):
        decimals = "".join(str(_DIGITS.get(char, "")) for char in part[0])
        if decimals:
            value, at = value + Fraction(int(decimals), 10 ** len(decimals)), part.end()
    return sign * value, at


def _whole(text: str) -> int:
    """A Chinese whole number, by places or digit by digit (二零二四)."""
    if not set(text) & (_UNITS.keys() | _LARGE.keys()):
        return int("".join(str(_DIGITS[char]) for char in text))
    total, section, digit = 0, 0, 0
    for char in text:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in _UNITS:
            section += (digit or 1) * _UNITS[char]
            digit = 0
        else:
            total = (total + section + digit or 1) * _LARGE[char]
            section = digit = 0
    return total + section + digit

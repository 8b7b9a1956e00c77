r"""Guesses from how a text ends: a bold answer, a formula, a number.

Example row: ``'So 16 - 7 = 9 eggs, $18 in all.'`` ends with ``$18``. Only the last two
lines are looked at.
"""

import re

from fusemill.verify.mathematics.phrases import ENDS, last_lines, last_match

MAX_AFTER = 40
"""Characters of words that may follow the answer where nothing ends the sentence."""

MAX_NUMBER = 60
"""Characters. A longer row of digits is a model that goes round in circles."""

_BOLD = re.compile(r"\*\*([^*\n]{1,100})\*\*|\\text(?:bf|it)\{([^{}]{1,100})\}")


def bold(text: str) -> str | None:
    """The last bold text in the last two lines, unless it is a heading.

    Bold words without a digit count only where they end a sentence and the text.

    >>> bold("1. **Sum:**\\n\\nShe earns **$18** a day."), bold("It is a **Friday**.")
    ('$18', 'Friday')
    """
    for back, line in enumerate(reversed(last_lines(text))):
        for found in reversed(list(_BOLD.finditer(line))):
            words = (found[1] or found[2]).strip()
            if words.endswith((":", "：")) or words.startswith(("Step", "Note")):
                continue
            after = line[found.end() :].strip(" .!。")
            ends = back == 0 and found.start() > 0 and not after
            if re.search("[0-9]", words) or (ends and len(words.split()) <= 4):
                return words.rstrip(".")
    return None


_OUTPUT = re.compile(r"```output\s*\n([^\n`]{1,60})\n```")
MAX_COMMENT = 300
"""Characters of comment on what a program printed; more is an argument of its own."""


def output(text: str) -> str | None:
    """What a program printed in the last output block, if little follows it."""
    found = last_match(_OUTPUT, text)
    if found is None or len(text) - found.end() > MAX_COMMENT:
        return None
    return found[1].strip()


NUMBER = re.compile(
    r"(?<![\w.\\])(?<![0-9],)[-−]?(?:[0-9]{0,20}\\[dt]?frac\{-?[0-9]++\}\{[0-9]++\}"
    r"|[0-9]{1,9} [0-9]{1,4}/[0-9]{1,4}(?![0-9/])|[0-9]{1,9}(?::[0-9]{1,9})++"
    r"|[$€£¥]?[-−]?(?:[0-9]++(?:,[0-9]{3})*+(?:\.[0-9]++)?+|\.[0-9]++)(?:/[0-9]++)?+)"
    r"(?:\s?\\?%)?",
    re.ASCII,
)
_BEFORE = re.compile(
    rf"({NUMBER.pattern})[*_$)\]\\]{{0,4}} (?:[a-z]{{2,20}} )?(?:is|as) "
    r"(?:the|our|my|your) (?!wrong|incorrect|false)(?:[a-z]{2,10} )?answer\b"
    r"(?! (?:choice|key|sheet|is))",
    re.IGNORECASE | re.ASCII,
)

_CONTINUES = re.compile(r"[}^_*/+(a-zA-Z]|,[0-9]|\\[^)\]]")
_MARKS = re.compile(r"<<[^<>\n]*+>>")
_UNIT_POWER = re.compile(
    r"(?<=[0-9])( (?:[cdkm]?m|ft|in|yd|mi|meters?|feet|inches))\^\{?[23]\}?"
    r"(?![\w}^(*/+]| [a-z]\b)"
)
_NOT = r"(?:\b(?:cannot be|not|not equal to|not be|n?or|isn't)|n't be|不是|不等于)"
_NEGATED = re.compile(rf"{_NOT} ?$", re.IGNORECASE)
_NOT_THE_ANSWER = re.compile(
    rf"(?:{_NOT}|\bstep|[≠<≤≥]|[<>!]=|(?<![-=])>|(?<![a-z])[a-z] ?=>"
    r"|\\(?:ne|le|ge|lt|gt)q?) ?[$¥€£]?$",
    re.IGNORECASE,
)
"""What says that the number after it is another, or no more than a bound.

``=> 13`` says no such thing, unless it follows a name: ``x => 13``.
"""


def answer_before(text: str) -> str | None:
    """The number that a sentence ends by calling the answer.

    >>> answer_before("So we get 13 as our final answer, not 12.")
    '13'
    """
    found = last_match(_BEFORE, text)
    if found is None or _NOT_THE_ANSWER.search(text[: found.start()][-20:]):
        return None
    return found[1]


_DENIED = re.compile(
    r" (?:is|was)(?: not|n't) (?:the|an?|right|correct)\b|不是"
    r"| (?:is|was) (?:the |an? )?(?:wrong|incorrect|false)\b"
)


_CUT = re.compile(
    r"[.!?]\s++(?:then|now|next|so|thus|therefore|since|let|we|to|first|second|finally"
    r"|if|after|this|the|but|also)\b"
    r"|\b(?:the|a|an|of|to|from|and|or|by|with|is|are|for|then|that|which|we|need)$",
    re.IGNORECASE,
)
"""A sentence that has begun after the last number, or cannot end as it does."""

_ONE = r"(?:(?<![a-zA-Z])[a-z](?:_?[0-9])? ?[=＝] ?)?[$¥€£]?[-−]?[0-9][0-9.,/]{0,20}"
_JOINT = re.compile(
    rf"{_ONE}(?:(?:,? ?\b(?:or|and)\b ?|或者?|和|、"
    rf"|, ?(?=[a-z][0-9_]{{0,3}} ?[=＝])){_ONE})+$"
)
_MAX_JOINT = 100
_WIDE = str.maketrans("０１２３４５６７８９－．％", "0123456789-.%")
_UNFINISHED = tuple("=+*/({^,:")
_FORMULA = re.compile(
    r"\\\((.{1,300}?)\\\)|\\\[(.{1,300}?)\\\]|(?<![\\$0-9])\$\$?([^$]{1,300})\$\$?"
)


_MONEY = re.compile(r"[0-9][0-9.,]*+ [a-z]|(?<!\\)\b[a-z]{3,} [a-z]{2,}")
_DISPLAYED = 600


_JOINS = re.compile(r" ?(?:,? ?\b(?:or|and)\b|，? ?(?:或者?|和|以及)|、) ?")
_COMMA = re.compile(r" ?[,，] ?")
_ROOT = re.compile(r"([a-z])(?:_\{?[0-9]\}?)? ?=")


def _are_joined(before: str, between: str, after: str) -> bool:
    """Whether two formulas are one answer: "or" between them, or ``x_1=3, x_2=2``."""
    if _JOINS.fullmatch(between):
        return True
    one, other = _ROOT.match(before), _ROOT.match(after)
    same = one and other and one[1] == other[1]
    return bool(same and _COMMA.fullmatch(between))


def _displayed(text: str) -> str | None:
    r"""The formula of a ``\[ \]`` or ``$$ $$`` that ends the text."""
    tail = text[-_DISPLAYED:].rstrip(" .\n")
    for opening, closing in (("\\[", "\\]"), ("$$", "$$")):
        if tail.endswith(closing):
            start = tail.rfind(opening, 0, -2)
            return tail[start + 2 : -2].strip(" .,\n") if start >= 0 else None
    return None


def formula(text: str) -> str | None:
    r"""The last formula between delimiters, if no number follows it.

    >>> formula("There are 2 roots, so \\(x = 2\\sqrt{3}\\) in all.")
    'x = 2\\sqrt{3}'
    """
    if shown := _displayed(text):
        return shown
    tail = " ".join(last_lines(text))
    places = list(_FORMULA.finditer(tail))
    after = tail[places[-1].end() :] if places else ""
    if not places or len(after) > MAX_AFTER or re.search("[0-9]", after):
        return None
    last = places.pop()
    parts, start = [_inside(last)], last.start()
    while places and _are_joined(
        _inside(places[-1]), tail[places[-1].end() : start], parts[0]
    ):
        last = places.pop()
        parts.insert(0, _inside(last))
        start = last.start()
    if any(map(_MONEY.search, parts)) or _NEGATED.search(tail[:start][-20:]):
        return None
    return ", ".join(parts)


def _inside(formula: re.Match[str]) -> str:
    return next(group for group in formula.groups() if group is not None).strip()


def _is_cut(tail: str, end: int) -> bool:
    """Whether the text was cut in a sentence that the number before `end` is not in."""
    if tail.endswith(ENDS):
        return False
    return len(tail) - end > MAX_AFTER or _CUT.search(tail[end:]) is not None


def trailing_number(text: str) -> str | None:
    """The last number of the last two lines, if nothing says it is not the answer.

    Nothing is found in an answer object that was cut before its answer field, in a
    text that was cut in a sentence or calculation, or where the last number is a part
    of an expression (``2\\sqrt{3}``): such a text has no final answer.
    """
    if '"reasoning"' in text:
        return None
    tail = _MARKS.sub("", "\n".join(last_lines(text))).translate(_WIDE)
    tail = _UNIT_POWER.sub(r"\1", tail)  # the number of `30 cm^2` is 30
    numbers = [*NUMBER.finditer(tail)]
    if not numbers or tail.rstrip("`*_$ .\\)]").endswith(_UNFINISHED):
        return None
    start, end = numbers[-1].span()
    joint = _JOINT.search(tail[max(0, end - _MAX_JOINT) : end])
    denied = not joint and (
        _NOT_THE_ANSWER.search(tail[:start][-20:]) or _DENIED.match(tail, end)
    )
    if denied or end - start > MAX_NUMBER or _is_cut(tail, end):
        return None
    before = tail[max(0, start - 20) : start].rstrip().removesuffix("\\(")
    if before.endswith(tuple("+*/^_({[√×-")) or _CONTINUES.match(tail[end : end + 2]):
        return None
    return joint[0] if joint else numbers[-1][0]

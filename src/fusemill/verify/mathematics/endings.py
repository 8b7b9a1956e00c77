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
_CONTINUES = re.compile(r"[}^_*/+(a-zA-Z]|,[0-9]|\\[^)\]]")
_MARKS = re.compile(r"<<[^<>\n]*+>>")
_UNFINISHED = tuple("=+*/({^,:")
_FORMULA = re.compile(
    r"\\\((.{1,300}?)\\\)|\\\[(.{1,300}?)\\\]|(?<![\\$0-9])\$\$?([^$]{1,300})\$\$?"
)


_MONEY = re.compile(r"[0-9][0-9.,]*+ [a-z]|(?<!\\)\b[a-z]{3,} [a-z]{2,}")
_DISPLAYED = 600


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
    found = last_match(_FORMULA, tail)
    after = tail[found.end() :] if found else ""
    if found is None or len(after) > MAX_AFTER or re.search("[0-9]", after):
        return None
    inside = next(group for group in found.groups() if group is not None).strip()
    return None if _MONEY.search(inside) else inside


def trailing_number(text: str) -> str | None:
    """The last number of the last two lines, if nothing says it is not the answer.

    Nothing is found in an answer object that was cut before its answer field, in a
    text that was cut in a sentence or calculation, or where the last number is a part
    of an expression (``2\\sqrt{3}``): such a text has no final answer.
    """
    if '"reasoning"' in text:
        return None
    tail = _MARKS.sub("", "\n".join(last_lines(text)))
    numbers = list(NUMBER.finditer(tail))
    if not numbers or tail.rstrip("`*_$ .\\)]").endswith(_UNFINISHED):
        return None
    start, end = numbers[-1].span()
    if not tail.endswith(ENDS) and len(tail) - end > MAX_AFTER:
        return None
    if end - start > MAX_NUMBER:
        return None
    before = tail[max(0, start - 20) : start].rstrip().removesuffix("\\(")
    if before.endswith(tuple("+*/^_({[√×-")) or _CONTINUES.match(tail[end : end + 2]):
        return None
    return numbers[-1][0]

"""Values as worked examples write them: JSON's, with some latitude.

Numbers, `true` and `false`, `null`, texts in double or single quotes, lists of these.
Nothing is guessed: what does not read as a whole is an error that says where.
"""

import json
import math
import re
from typing import Any

MAX_DEPTH = 40
MAX_DIGITS = 1000
Value = Any  # None, bool, int, float, str, or a list of these

_NUMBER = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?")
_WORDS = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
}
_WORD = re.compile(r"[A-Za-z]+")
_NAME = re.compile(r"([A-Za-z_]\w*)\s*(=(?!=)|:)\s*")
_QUOTES = {'"': '"', "'": "'", "“": "”"}
_BETWEEN = re.compile(r"[\s,;，；]*")
_SPACE = re.compile(r"\s*")


class Unreadable(ValueError):
    """A text that is no value; the message says what was found."""


def value_at(text: str, start: int) -> tuple[Value, int]:
    """The value that begins at `start` (after white space), and where it ends.

    >>> value_at('[1,"a",null] rest', 0)
    ([1, 'a', None], 12)
    """
    return _value(text, start, 0)


def value_of(text: str) -> Value:
    """The value that is the first line of `text`, or begins there and goes on.

    What follows on later lines is prose; on the value's own last line it is an error.

    >>> value_of("[[1,2],\\n [3]]\\nas in the figure.")
    [[1, 2], [3]]
    """
    value, end = value_at(text, 0)
    rest = text[end:].split("\n", 1)[0].strip()
    if rest not in ("", "."):
        raise Unreadable(f"{_shown(rest)} after the value")
    return value


def named_values(text: str) -> list[tuple[str | None, Value]]:
    """Every value of `name = value, name = value`, or of values alone.

    >>> named_values('nums = [1,2], s = "a, b"')
    [('nums', [1, 2]), ('s', 'a, b')]
    """
    found: list[tuple[str | None, Value]] = []
    at = _end(_BETWEEN, text, 0)
    while at < len(text):
        name = _NAME.match(text, at)
        value, at = value_at(text, name.end() if name else at)
        found.append((name[1] if name else None, value))
        at = _end(_BETWEEN, text, at)
    return found


def _value(text: str, start: int, depth: int) -> tuple[Value, int]:
    if depth > MAX_DEPTH:
        raise Unreadable("a list nested too deeply")
    at = _end(_SPACE, text, start)
    head = text[at : at + 1]
    if head == "[":
        return _list(text, at, depth)
    if head in _QUOTES and head:
        return _text(text, at)
    number = _NUMBER.match(text, at)
    if number and not text[number.end() : number.end() + 1].isalnum():
        return _number(number[0]), number.end()
    word = _WORD.match(text, at)
    if word and word[0] in _WORDS:
        return _WORDS[word[0]], word.end()
    raise Unreadable(f"no value: {_shown(text[at:])}")


def _number(text: str) -> int | float:
    if len(text) > MAX_DIGITS:
        raise Unreadable(f"a number of {len(text):,} characters")
    if text.lstrip("+-").isdigit():
        return int(text)
    value = float(text)
    if not math.isfinite(value):
        raise Unreadable(f"a number out of range: {_shown(text)}")
    return value


def _list(text: str, start: int, depth: int) -> tuple[list[Value], int]:
    values: list[Value] = []
    at = _end(_SPACE, text, start + 1)
    while text[at : at + 1] != "]":
        if values:
            if text[at : at + 1] != ",":
                raise Unreadable(f"a list broken off at {_shown(text[at:])}")
            at = _end(_SPACE, text, at + 1)
            if text[at : at + 1] == "]":
                break  # a comma after the last value
        value, at = _value(text, at, depth + 1)
        values.append(value)
        at = _end(_SPACE, text, at)
    return values, at + 1


def _text(text: str, start: int) -> tuple[str, int]:
    """A quoted text on one line; backslashes as in JSON, or as they are."""
    close = _QUOTES[text[start]]
    at = start + 1
    while at < len(text) and text[at] not in (close, "\n"):
        at += 2 if text[at] == "\\" else 1
    if text[at : at + 1] != close:
        raise Unreadable(f"a text without its end: {_shown(text[start:])}")
    inner = text[start + 1 : at]
    if "\\" in inner:
        try:
            return str(json.loads(f'"{inner}"')), at + 1
        except ValueError:
            pass
    return inner, at + 1


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 40 else line[:39] + "…")

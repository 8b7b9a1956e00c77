r"""Answer fields of JSON objects, most of them broken.

Example row: ``'{"reasoning": "9 * 2", "answer": "18"'`` (cut) has the answer field
``18``. The objects are read by hand, since many are no JSON: LaTeX whose backslashes
were not doubled, quotes that are missing or not escaped, strings over several lines.
"""

import re

from fusemill.verify.mathematics.marked import (
    MAX_ANSWER,
    MAX_TRIES,
    boxed,
    braced,
    filled,
)

# looked for from the end, by what every such key has in it: a search through megabytes
# for the whole pattern would take most of a verdict's time
_KEYS = ("nswer", "NSWER", '"ans"')
# the opening quote is not asked for: broken objects lose it
_QUOTED = re.compile(r"""(?:nswer|"ans)\\?["']\s*+[:：]\s*+""", re.IGNORECASE)
_UNQUOTED = re.compile(r"nswer\s*+:\s*+")
_OPENS = re.compile(r"[{,]\s*+a$")
# an escaped quote ends the value where the whole object sits in a quoted string
_STRING = re.compile(r'\\?"((?:[^"\\]|\\[^"]|\\"(?!\s*+[}\n]))*+)')
_SINGLE = re.compile(r"'((?:[^'\\\n]|\\.)*+)")
_BARE = re.compile(r"[^\n}]*+")
_ESCAPE = re.compile(r'\\(?:(["/\\])|u([0-9a-fA-F]{4})|n(?![a-zA-Z]))')
# LaTeX as it is: there a doubled backslash ends a row
_UNESCAPED = re.compile(r"(?<!\\)\\begin(?![a-z])")
_ONLY = re.compile(r"""\s*["'][^"']*+["']\s*:\s*["']?([^"':,{}\[\]]++)["']?\s*""")


def json_answer(text: str) -> str | None:
    r"""The last filled answer field of the text.

    The last, because models that write two correct the first (zeroeval_gsm: 148 of 161
    texts where one of the two is right); `extraction.own_text` has cut off made-up next
    questions before.

    >>> json_answer('{"answer": "___"} then {"answer": "$\\boxed{7}$"}')
    '7'
    """
    end = len(text)
    for _ in range(MAX_TRIES):
        end = max(text.rfind(key, 0, end) for key in _KEYS)
        if end < 0:
            return None
        if field := _field(text, end):
            value = _value(text[field.end() : field.end() + MAX_ANSWER])
            if filled(value):
                return boxed(value) or value
    return None


def _field(text: str, at: int) -> re.Match[str] | None:
    """The key of an answer field around `at`, up to where its value begins."""
    if found := _QUOTED.match(text, at):
        return found
    found = _UNQUOTED.match(text, at)
    return found if found and _OPENS.search(text[max(0, at - 20) : at]) else None


def _value(text: str) -> str:
    """The value that `text` begins with: string, list, object or bare word."""
    if text[:1] in ("[", "{"):
        inside = braced(text, 0, brackets=text[0] + ("]" if text[0] == "[" else "}"))
        if inside is not None and text[0] == "[":
            return inside.replace('"', "")  # a JSON list is a bare list of answers
        if inside is not None:
            only = _ONLY.fullmatch(inside)
            return only[1] if only else "{" + inside + "}"
    pattern = _SINGLE if text[:1] == "'" else _STRING
    if found := pattern.match(text):
        if _UNESCAPED.search(found[1]):
            return found[1]
        return _ESCAPE.sub(_unescaped, found[1])
    found = _BARE.match(text)
    return found[0].rstrip(" ,\r`") if found else ""


def _unescaped(escape: re.Match[str]) -> str:
    r"""One JSON escape as its character.

    ``\f``, ``\t``, ``\b``, ``\r``, and ``\n`` before a letter, stay: models write
    ``"\frac12"`` and ``"\text{no}"`` without doubling the backslash.
    """
    if escape[1]:
        return escape[1]
    if escape[2]:
        char = chr(int(escape[2], 16))
        # a lone half of a surrogate pair cannot be stored as UTF-8
        return escape[0] if "\ud800" <= char <= "\udfff" else char
    return "\n"

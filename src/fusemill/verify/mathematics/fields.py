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

# the opening quote is not asked for: broken objects lose it
_FIELD = re.compile(
    r"""(?<![a-zA-Z])(?:answer|ans)\\?["']\s*+[:：]\s*+|[{,]\s*+answer\s*+:\s*+""",
    re.IGNORECASE,
)
# an escaped quote ends the value where the whole object sits in a quoted string
_STRING = re.compile(r'\\?"((?:[^"\\]|\\[^"]|\\"(?!\s*+[}\n]))*+)')
_SINGLE = re.compile(r"'((?:[^'\\\n]|\\.)*+)")
_BARE = re.compile(r"[^\n}]*+")
_ESCAPE = re.compile(r'\\(?:(["/\\])|u([0-9a-fA-F]{4})|n(?![a-zA-Z]))')
_ONLY = re.compile(r"""\s*["'][^"']*+["']\s*:\s*["']?([^"':,{}\[\]]++)["']?\s*""")


def json_answer(text: str) -> str | None:
    r"""The last filled answer field of the text.

    The last, because models that write two correct the first (zeroeval_gsm: 148 of 161
    texts where one of the two is right); `extraction.own_text` has cut off made-up next
    questions before.

    >>> json_answer('{"answer": "___"} then {"answer": "$\\boxed{7}$"}')
    '7'
    """
    fields = list(_FIELD.finditer(text))[-MAX_TRIES:]
    for field in reversed(fields):
        value = _value(text[field.end() : field.end() + MAX_ANSWER])
        if filled(value):
            return boxed(value) or value
    return None


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

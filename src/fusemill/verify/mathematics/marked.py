r"""Answers in a marked place: an answer field, a box, after ``####``.

Example row: ``'{"reasoning": "9 * 2", "answer": "18"'`` (cut) has the answer field
``18``. These readers take broken input as it comes: JSON that is not JSON, LaTeX whose
backslashes were not doubled, brackets that never close. Where many places have to be
tried the number of tries is bounded, so that each reader is linear in its text.
"""

import re

MAX_ANSWER = 2_000
"""Characters. A longer final answer is not one; it is cut here."""

MAX_TRIES = 32
"""How many answer fields or boxes of one text are looked at."""


def filled(answer: str | None) -> str:
    """The answer without white space around it; empty for a template's blank."""
    answer = (answer or "")[:MAX_ANSWER].strip()
    blank = set(answer) <= set("_.…*`'\"$?-{}[]") or answer.casefold() == "answer"
    return "" if blank else answer


# the opening quote is not asked for: broken objects lose it
_FIELD = re.compile(r"""(?<![a-zA-Z])answer\\?["']\s*+:\s*+""", re.IGNORECASE)
# an escaped quote ends the value where the whole object sits in a quoted string
_STRING = re.compile(r'\\?"((?:[^"\\]|\\[^"]|\\"(?!\s*+[}\n]))*+)')
_SINGLE = re.compile(r"'((?:[^'\\\n]|\\.)*+)")
_BARE = re.compile(r"[^\n}]*+")
_ESCAPE = re.compile(r'\\(?:(["/\\])|u([0-9a-fA-F]{4})|n(?![a-zA-Z]))')


def json_answer(text: str) -> str | None:
    """The first filled answer field. Read by hand, since many objects are not JSON.

    The first, because small models go on with a made-up next question and its answer
    (zeroeval_math_l5, Phi-3); a model that corrects itself is rarer there.
    """
    for n_seen, field in enumerate(_FIELD.finditer(text)):
        if n_seen == MAX_TRIES:
            break
        value = _value(text[field.end() : field.end() + MAX_ANSWER])
        if filled(value):
            return boxed(value) or value
    return None


def _value(text: str) -> str:
    """The value that `text` begins with: string, list, object or bare word."""
    if text[:1] in ("[", "{"):
        inside = braced(text, 0, brackets=text[0] + ("]" if text[0] == "[" else "}"))
        if inside is not None:
            # a JSON list is a bare list of answers; an object stays what it is
            return inside.replace('"', "") if text[0] == "[" else "{" + inside + "}"
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


_BRACKET = re.compile(r"\\.|[{}\[\]]", re.DOTALL)


def braced(text: str, start: int, brackets: str = "{}") -> str | None:
    """What is inside the bracket that opens at `start`; None if it never closes."""
    depth = 0
    for token in _BRACKET.finditer(text, start, start + MAX_ANSWER):
        if token[0] == brackets[0]:
            depth += 1
        elif token[0] == brackets[1]:
            depth -= 1
            if depth == 0:
                return text[start + 1 : token.start()]
    return None


_UNBRACED = re.compile(r"[^\s${}\\.,]++")


def boxed(text: str) -> str | None:
    r"""What is in the last complete ``\boxed{}``; the innermost where they nest."""
    end = len(text)
    for _ in range(MAX_TRIES):
        end = text.rfind("\\boxed", 0, end)
        if end < 0:
            return None
        start = end + len("\\boxed")
        while text[start : start + 1] == " ":
            start += 1
        if text[start : start + 1] == "{":
            if (inside := braced(text, start)) and inside.strip():
                return inside
        elif found := _UNBRACED.match(text, start):
            return found[0]
    return None


def hash_marks(text: str) -> str | None:
    """What follows the last ``####`` on its line (GSM8K's own form)."""
    at = text.rfind("####")
    return None if at < 0 else text[at + 4 : at + 4 + MAX_ANSWER].partition("\n")[0]

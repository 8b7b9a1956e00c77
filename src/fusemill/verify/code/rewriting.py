r"""Wrapped code: in JSON, HTML, interpreter prompts, numbered lines, behind labels.

Example: of ``{"code": "def f(x):\n    return x"}`` rewriting ``json`` gives the text of
the field. `REWRITINGS` is an ordered table; each takes a text, or one block of it, and
gives texts that extraction's plain rules are to read instead. They are asked only where
those rules found nothing in the text as it stands. A rewriting unwraps, it never mends
code: what is inside stays as the model wrote it, moved as a whole at most.
"""

import html
import json
import re
import textwrap
from collections.abc import Callable, Iterator
from itertools import islice

MAX_STARTS = 20
"""Places of a text from which it is read as JSON."""

MAX_TEXTS = 10
"""Texts of one rewriting that are tried."""

MAX_WRAPPED = 200_000
"""Characters of a text that is rewritten; no code that is run is a third as long."""

_CODE_KEYS = (
    *("code", "python", "python_code", "solution", "answer", "final_answer"),
    *("implementation", "function", "program", "completion", "output", "response"),
)

_JSON_START = re.compile(r'[{\[]|\A\s*"')
_FIELD = re.compile(
    r'"(?:' + "|".join(_CODE_KEYS) + r')"\s*:\s*(?P<quotes>"{3}|"|`)', re.IGNORECASE
)
_FIELD_END = re.compile(r'["`]+\s*(?:,\s*"\w+"\s*:.*)?\}?\s*\Z', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}

_ELEMENT = re.compile(
    r"<(?P<name>pre|code|script|py-script)\b[^>]{0,200}>(?P<code>.*?)(?:</(?P=name)>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_BREAK = re.compile(r"<(?:br|/p|/div)\s*/?>\n?", re.IGNORECASE)
_TAG = re.compile(r"</?(?:pre|code|span|div|p|b|i|em|strong)\b[^<>]{0,200}>", re.I)

_PROMPT = re.compile(r"(?:>>>|\.\.\.)(?: |$)|In \[\d{1,4}\]: ?| {2,9}\.{3}: ?")
_NUMBER = re.compile(r"[ \t]*(?P<number>\d{1,4})(?:[.:|)]| \||(?=[ \t]|$))")
_QUOTE = re.compile(r"> ?")

_NAMES = "python|py|code|answer|solution|begin|result|response|output|function"
_MARKED = re.compile(
    rf"[\[<](?P<name>{_NAMES})[\]>](?P<code>.*?)"
    rf"(?:[\[<]/(?P=name)[\]>]|\[(?:DONE|END)\]|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_LABEL = re.compile(
    r"^[ \t]*(?:#{1,4} )?\**(?:(?:final |the )?(?:answer|solution|code|output|function)"
    r"|python(?: code)?|答案|代码|解答)\**[ \t]*[:：][ \t]*\**[ \t]*(?=\S)",
    re.MULTILINE | re.IGNORECASE,
)
# What ends an answer, said by models in characters.
_END = re.compile(
    r"<[|｜][^<>|｜\n]{1,40}[|｜]>|</s>|</answer>|\[(?:DONE|END|/[A-Z]{2,10})\]"
)
_INLINE = re.compile(r"(?<!`)(`{1,2})(?!`)(?P<code>[^`]{8,2000})\1(?!`)")
_DEFINES = re.compile(r"\b(?:def|class)\s+\w|=\s*lambda\b")
_ONE_LINE = re.compile(r"import\b|from\b|@|#")
_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff]")
_SPACES = re.compile("[\u00a0\u2002-\u200a\u202f\u3000]")


def rewritten(name: str, text: str) -> Iterator[str]:
    r"""The texts that rewriting `name` of the table makes of `text`, each once.

    >>> list(rewritten("json", '{"code": "x = 1\\ny = 2"}'))
    ['x = 1\ny = 2']
    >>> list(rewritten("prompts", ">>> x = 1\n>>> x\n1"))
    ['x = 1\nx']
    >>> list(rewritten("numbers", "1. x = 1\n2. y = 2"))
    ['x = 1\ny = 2']
    """
    if len(text) > MAX_WRAPPED:
        return
    seen = {text}
    for found in islice(REWRITINGS[name](text), MAX_TEXTS):
        if found.strip() and found not in seen:
            seen.add(found)
            yield found


def _json(text: str) -> Iterator[str]:
    """Strings of the JSON in a text, those of fields that speak of code first."""
    if '"' not in text:
        return
    strings: list[tuple[str, str]] = []
    at = 0
    for _ in range(MAX_STARTS):
        start = _JSON_START.search(text, at)
        if start is None:
            break
        try:
            value, at = json.JSONDecoder(strict=False).raw_decode(text, start.end() - 1)
        except (ValueError, RecursionError):
            at = start.end()
        else:
            strings += _strings(value)
    yield from (value for key, value in strings if key in _CODE_KEYS)
    yield from (value for key, value in strings if key not in _CODE_KEYS)
    yield from _broken_json(text)


def _strings(value: object, depth: int = 0) -> Iterator[tuple[str, str]]:
    """(key in lower case or empty, string) of all strings; lists of lines as one."""
    if depth > 10:
        return
    pairs = [("", value)]
    if isinstance(value, dict):
        pairs = [(str(key).lower(), inner) for key, inner in value.items()]
    elif isinstance(value, list):
        pairs = [("", inner) for inner in value]
    for key, inner in pairs:
        if isinstance(inner, str):
            yield key, inner
        elif isinstance(inner, list) and all(isinstance(line, str) for line in inner):
            yield key, "\n".join(inner)
        elif inner is not value:
            yield from _strings(inner, depth + 1)


def _broken_json(text: str) -> Iterator[str]:
    """What follows a field that speaks of code, where quotes or the end are wrong."""
    field = _FIELD.search(text)
    if field is None:
        return
    rest = text[field.end() :]
    if field["quotes"] != '"':
        rest = rest.split(field["quotes"], 1)[0]
        yield rest
    # from the last quote on: a regular expression over all of the rest may be slow
    tail = max(len(rest) - 2_000, 0)
    end = _FIELD_END.search(rest, tail)
    rest = rest[: end.start()] if end else rest
    yield _unescaped(rest) if "\n" not in rest.strip() else rest
    yield _unescaped(rest)


def _escapes(text: str) -> Iterator[str]:
    """One long line in which ``\\n`` stands for the end of a line."""
    if "\\n" in text and "\n" not in text.strip():
        yield _unescaped(text.strip().strip("\"'"))


def _unescaped(text: str) -> str:
    def one(escape: re.Match[str]) -> str:
        if escape[1]:
            return chr(int(escape[1], 16))
        return _ESCAPED.get(escape[2], escape[2])

    return _ESCAPE.sub(one, text)


def _html(text: str) -> Iterator[str]:
    """What stands in elements for code; else the text with entities resolved."""
    if "<" in text:
        for element in _ELEMENT.finditer(text):
            yield _without_tags(element["code"])
    if "&" in text or "<br" in text:
        yield _without_tags(text)


def _without_tags(code: str) -> str:
    plain = html.unescape(_TAG.sub("", _BREAK.sub("\n", code)))
    return plain.replace("\u00a0", " ").strip("\n")


def _prompts(text: str) -> Iterator[str]:
    """Lines after an interpreter's prompts, without what it printed."""
    lines = text.split("\n")
    found = [(line, _PROMPT.match(line)) for line in lines]
    kept = [line[prompt.end() :] for line, prompt in found if prompt]
    if kept:
        yield "\n".join(kept)


def _numbers(text: str) -> Iterator[str]:
    """The first run of lines that are numbered one by one, without their numbers."""
    run: list[str] = []
    expected: int | None = None
    for line in text.split("\n"):
        prefix = _NUMBER.match(line)
        number = int(prefix["number"]) if prefix else None
        if prefix and number in ((0, 1) if expected is None else (expected,)):
            run.append(line[prefix.end() :])
            expected = int(prefix["number"]) + 1
        elif line.strip() and len(run) < 2:
            run, expected = [], None
        elif line.strip():
            break
    if len(run) > 1:
        yield textwrap.dedent("\n".join(run))


def _quotation(text: str) -> Iterator[str]:
    """Markdown's quotations without their marks."""
    if text.startswith(">") or "\n>" in text:
        yield "\n".join(_QUOTE.sub("", line, count=1) for line in text.split("\n"))


def _marks(text: str) -> Iterator[str]:
    """What stands between ``[PYTHON]`` and ``[/PYTHON]`` and their kin."""
    for marked in _MARKED.finditer(text):
        yield marked["code"].strip("\n")


def _label(text: str) -> Iterator[str]:
    """The text from behind ``Answer:`` on, where something follows in its line."""
    for label in _LABEL.finditer(text):
        yield text[label.end() :]


def _end(text: str) -> Iterator[str]:
    """The text before the mark that ends it, where it shares a line with code."""
    end = _END.search(text)
    if end:
        yield text[: end.start()]


def _inline(text: str) -> Iterator[str]:
    """Definitions between single backticks; statements there are only talked about."""
    for span in _INLINE.finditer(text):
        if _DEFINES.search(span["code"]):
            yield span["code"].strip()


def _spaces(text: str) -> Iterator[str]:
    """Spaces that are none of Python's become plain ones, invisible marks go."""
    yield _SPACES.sub(" ", _INVISIBLE.sub("", text))


def _first_line(text: str) -> Iterator[str]:
    """A block whose first line alone lost its indentation, moved back as a whole.

    That line must be one that nothing indented can follow.
    """
    first, _, rest = text.strip("\n").partition("\n")
    moved = textwrap.dedent(rest)
    if moved != rest and _ONE_LINE.match(first):
        yield f"{first}\n{moved}"


REWRITINGS: dict[str, Callable[[str], Iterator[str]]] = {
    "marks": _marks,
    "json": _json,
    "html": _html,
    "prompts": _prompts,
    "numbers": _numbers,
    "quotation": _quotation,
    "spaces": _spaces,
    "end": _end,
    "label": _label,
    "escapes": _escapes,
    "inline": _inline,
    "first_line": _first_line,
}
"""Name → what it makes of a text, in the order in which they are asked."""

r"""Answers in a marked place: a box, after ``####``, between answer tags.

Example row: ``'$x=\\boxed{2}$ and $y=\\boxed{3}$'`` has the boxed answer ``2, 3``.
These readers take broken input as it comes, brackets that never close among it. Where
many places have to be tried the number of tries is bounded, so that each reader is
linear in its text.
"""

import re
from dataclasses import dataclass

MAX_ANSWER = 2_000
"""Characters. A longer final answer is not one; it is cut here."""

MAX_TRIES = 32
"""How many answer fields or boxes of one text are looked at."""

_BLANK = frozenset("_.…*`'\"$?-{}[]~ ")
_EMPTY_BOX = re.compile(r"[$\\(\[ ]*\\f?boxed ?\{[\\\s~]*\}[$\\)\] .]*")


def filled(answer: str | None) -> str:
    """The answer without white space around it; empty for a template's blank.

    >>> filled(" 18 "), filled("___"), filled("answer"), filled(None)
    ('18', '', '', '')
    """
    answer = (answer or "")[:MAX_ANSWER].strip()
    return "" if _BLANK.issuperset(answer) or answer.casefold() == "answer" else answer


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


def is_empty_box(answer: str | None) -> bool:
    r"""Whether the place of the answer holds a box, and the box nothing.

    >>> is_empty_box("$\\boxed{ }$"), is_empty_box("\\boxed{5}")
    (True, False)
    """
    return answer is not None and _EMPTY_BOX.fullmatch(answer.strip()) is not None


@dataclass(frozen=True)
class Box:
    """A box of LaTeX: where it stands, and what is in it."""

    start: int
    end: int
    inside: str


_COMMAND = re.compile(r"\\f?boxed(?![a-zA-Z])|\\[fF](?:rame)?box(?![a-zA-Z])")
_UNBRACED = re.compile(r"[^\s${}\\.,]++")


def _box(text: str, found: re.Match[str]) -> Box | None:
    """The box whose command is `found`, None if it never closes or is empty."""
    start = found.end()
    while text[start : start + 1] == " ":
        start += 1
    if text[start : start + 1] == "{":
        inside = braced(text, start)
        if inside is None or not filled(inside.strip("\\ ")):
            return None
        return Box(found.start(), start + len(inside) + 2, inside)
    bare = _UNBRACED.match(text, start)
    return Box(found.start(), bare.end(), bare[0]) if bare else None


def last_box(text: str) -> Box | None:
    """The last complete box, None if there is none."""
    if "box" not in text:
        return None
    places = list(_COMMAND.finditer(text))[-MAX_TRIES:]
    return next((box for place in places[::-1] if (box := _box(text, place))), None)


_BETWEEN = re.compile(
    r"(?:\s|\$|\\[()\[\] ,;:\\]|\\q?quad(?![a-z])|\\text\s?\{|[{},;、，；.&]|\band\b"
    r"|\bor\b|和|或|与|以及|[a-zA-Z](?:_\{?[0-9a-z]\}?)?\s?=)*"
)
_SEPARATES = re.compile(r"[,;、，；]|\b(?:and|or)\b|和|或|与")
_MAX_BETWEEN = 60


def boxed(text: str) -> str | None:
    r"""What is in the last complete box; the innermost where they nest.

    Boxes that only a comma, "and", "or" or a name separates are one answer, written in
    several boxes. All others before the last are steps on the way.

    >>> boxed("\\boxed{1}, so it is \\boxed{\\frac{1}{x^{2}}}.")
    '\\frac{1}{x^{2}}'
    >>> boxed("$x = \\boxed{2}$ or $x = \\boxed{3}$")
    '2, 3'
    """
    return answers[-1] if (answers := solitary_boxes(text, last=1)) else None


def solitary_boxes(text: str, last: int = MAX_TRIES) -> list[str]:
    """The answers in boxes, in order; boxes that belong together are one."""
    if "box" not in text:
        return []
    places = list(_COMMAND.finditer(text))[-MAX_TRIES:]
    boxes = [box for place in places if (box := _box(text, place))]
    answers: list[str] = []
    while boxes and len(answers) < last:
        box = boxes.pop()
        parts, start = [box.inside], box.start
        while boxes and 0 <= start - boxes[-1].end <= _MAX_BETWEEN:
            between = text[boxes[-1].end : start]
            apart = "\n" in between and not _SEPARATES.search(between)
            if apart or not _BETWEEN.fullmatch(between):
                break
            box = boxes.pop()
            parts.insert(0, box.inside)
            start = box.start
        answers.insert(0, parts[0] if len(set(parts)) == 1 else ", ".join(parts))
    return answers


_OPEN_TAG = re.compile(r"<\s?answer\s?>", re.IGNORECASE)
_CLOSE_TAG = re.compile(r"<\s?/\s?answer\s?>", re.IGNORECASE)


def tagged(text: str) -> str | None:
    """What is between the last pair of ``<answer>`` tags, or follows an open one.

    >>> tagged("<think>2+3</think> <answer> 5 </answer>"), tagged("<answer>7")
    (' 5 ', '7')
    """
    places = list(_OPEN_TAG.finditer(text))[-MAX_TRIES:]
    for place in reversed(places):
        limit = place.end() + MAX_ANSWER
        close = _CLOSE_TAG.search(text, place.end(), limit)
        inside = text[place.end() : close.start() if close else limit]
        if filled(inside):
            return inside
    return None


_LABEL = re.compile(r"\W*(?:the )?(?:final )?answer(?: is)?\s?[:：]?", re.IGNORECASE)
_HEADING = re.compile(r"(?![-+$\\(\[{.0-9*])|[0-9]+[.)、]\s*[^\W0-9]")


def hash_marks(text: str) -> str | None:
    """What follows the last ``####`` on its line (GSM8K's own form).

    Not a Markdown heading: words with more text after them.

    >>> hash_marks("9 * 2 = 18\\n#### 18"), hash_marks("#### 2. Sum\\nIt is 5.")
    ('18', None)
    """
    at = text.rfind("####")
    if at < 0:
        return None
    line, _, after = text[at + 4 :].partition("\n")
    answer = line[:MAX_ANSWER].strip("# \t")
    label = _LABEL.match(answer)
    answer = answer[label.end() :].strip() if label else answer
    return None if after.strip() and _HEADING.match(answer) else answer

r"""Answers that are several: points, intervals, sets, roots, taken apart.

Example row: ``items('(1, \frac{1}{2}]')`` has the brackets ``(]`` and the items ``1``
and ``\frac{1}{2}``. Input is the text that `notation.clean` returns.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

MAX_ITEMS = 200
MAX_DEPTH = 5
"""Brackets within brackets; bounds the recursion of whoever takes items apart."""

_OPEN, _CLOSE = "([{", ")]}"
_JOINED = re.compile(r",? (?:and|or) ")


@dataclass(frozen=True)
class Items:
    """The parts of a list, in order."""

    brackets: str
    """As written, `(` `]`, and so on; empty for a bare list and for a set."""
    items: tuple[str, ...]


def items(text: str) -> Items | None:
    """A tuple, interval, set or bare list taken apart; None for anything else."""
    text = text.replace("\\{", "{").replace("\\}", "}")
    if _depth(text) > MAX_DEPTH:
        return None
    brackets = ""
    if text[:1] in tuple(_OPEN) and text[-1:] in tuple(_CLOSE) and _is_one_group(text):
        brackets, text = text[0] + text[-1], text[1:-1]
    bare = not brackets
    parts = _split(_JOINED.sub(", ", text) if bare else text, bare)
    if "{" in brackets:
        brackets = ""
    elif len(parts) < 2:
        return None
    if len(parts) > MAX_ITEMS or not all(parts):
        return None
    return Items(brackets, tuple(parts))


def _depth(text: str) -> int:
    """How deep the brackets nest."""
    depth = deepest = 0
    for char in text:
        depth += (char in _OPEN) - (char in _CLOSE)
        deepest = max(deepest, depth)
    return deepest


def _is_one_group(text: str) -> bool:
    """Whether the bracket that opens the text is the one that closes it."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char in _OPEN) - (char in _CLOSE)
        if depth == 0:
            return at == len(text) - 1
    return False


_THOUSANDS = re.compile(r"(?<=[0-9]),[0-9]{3}(?![0-9])")


def _split(text: str, bare: bool) -> list[str]:
    """The parts between commas or semicolons that stand in no bracket.

    A comma before three digits separates thousands in a bare list, and in a bracket
    where other commas are followed by a space: ``1,000, 2,000`` has two parts.
    """
    cuts, depth, spaced = [], 0, False
    for at, char in enumerate(text):
        depth += (char in _OPEN) - (char in _CLOSE)
        if char in ",;" and depth == 0:
            cuts.append(at)
            spaced = spaced or text[at + 1 : at + 2] == " "
    if spaced or bare:
        cuts = [at for at in cuts if not _THOUSANDS.match(text, at)]
    edges = [-1, *cuts, len(text)]
    return [text[a + 1 : b].strip() for a, b in pairwise(edges)]


_PLUS_MINUS = re.compile(r"\\pm(?![a-z])")


def with_both_signs(text: str) -> str:
    r"""``1\pm 2`` as the two answers it stands for."""
    parts = _PLUS_MINUS.split(text, maxsplit=2)
    if len(parts) != 2 or "," in text:
        return text
    before, after = parts
    return f"{before}+{after}, {before}-{after}" if before else f"{after}, -{after}"

r"""Answers that are several: points, intervals, sets, roots, matrices, taken apart.

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
_JOINED = re.compile(r",? ?(?:\b(?:and|or)\b|和|或者?|以及) ?")
_ASIDE = re.compile(
    r"(?<=\S) \((?:or|i\.?e\.?,?|equivalently,?|或者?|即) ?([^()]{1,60})\)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Items:
    """The parts of a list, in order."""

    brackets: str
    """As written, `(` `]`, and so on; `{}` for a set, empty for a bare list."""
    items: tuple[str, ...]


def items(text: str) -> Items | None:
    """A tuple, interval, set or bare list taken apart; None for anything else.

    What is said in two forms is a list too: ``0.5 (or 1/2)``.

    >>> items("1 and 2"), items("\\\\{5\\\\}")
    (Items(brackets='', items=('1', '2')), Items(brackets='{}', items=('5',)))
    >>> items("5") is items("1,000") is None
    True
    """
    if text.endswith(")"):
        text = _ASIDE.sub(r", \1", text)
    is_set = text.startswith("\\{")  # unescaped braces only group
    text = text.replace("\\{", "{").replace("\\}", "}")
    if _depth(text) > MAX_DEPTH:
        return None
    brackets = ""
    if text[:1] in tuple(_OPEN) and text[-1:] in tuple(_CLOSE) and _is_one_group(text):
        brackets, text = text[0] + text[-1], text[1:-1]
    bare = not brackets
    parts = _split(_JOINED.sub(", ", text) if bare else text, bare)
    if brackets == "{}" and not is_set:
        brackets = ""
    if len(parts) < 2 and brackets != "{}":
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
    if "," in text:
        simple = not set(text) & {"(", "[", "\\{"} and "\\pm" in text
        return ", ".join(map(with_both_signs, text.split(","))) if simple else text
    parts = _PLUS_MINUS.split(text, maxsplit=2)
    if len(parts) != 2:
        return text
    before, after = parts
    name, equals, before = before.rpartition("=")
    if not before.strip():
        return f"{name}{equals}{after}, {name}{equals}-{after}"
    return f"{name}{equals}{before}+{after}, {name}{equals}{before}-{after}"


_CUP = re.compile(r"\\cup(?![a-z])")


def united(text: str) -> list[str] | None:
    r"""The parts of a union, None for anything else.

    >>> united("(1,2)\\cup [3,4]")
    ['(1,2)', '[3,4]']
    """
    parts = [part.strip() for part in _CUP.split(text)]
    return parts if 1 < len(parts) <= MAX_ITEMS and all(parts) else None


_MATRIX = re.compile(
    r"\\begin ?\{([pbvBV]?matrix|smallmatrix|array)\}(?: ?\{[lcr| ]*\})?(.*?)"
    r"\\end ?\{\1\}",
    re.DOTALL,
)
_SMALL = re.compile(r"\\begin ?\{smallmatrix\}|\\begin ?\{array\}")


def matrix(text: str) -> tuple[str, list[list[str]]] | None:
    r"""(kind, rows of entries) of a matrix or a list of lists, None for anything else.

    The kind is ``v`` for a determinant, else empty: round and square brackets, and
    nested lists, are the same matrix.

    >>> matrix("\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}")
    ('', [['1', '2'], ['3', '4']])
    >>> matrix("[[1,2],[3,4]]") == matrix("\\begin{bmatrix}1&2\\\\3&4\\end{bmatrix}")
    True
    """
    if "\\begin" not in text:
        return _nested(text)
    bare = text.strip("()[] ") if _SMALL.search(text) else text
    found = _MATRIX.fullmatch(bare)
    if found is None or "\\begin" in found[2]:
        return None
    rows = re.split(r"(?:\\\\)+|\\cr(?![a-z])", found[2])
    if not rows[-1].strip():
        rows.pop()
    cells = [[cell.strip() for cell in row.split("&")] for row in rows[:MAX_ITEMS]]
    return "v" if found[1] in ("vmatrix", "Vmatrix") else "", cells


def _nested(text: str) -> tuple[str, list[list[str]]] | None:
    """A list of lists of equal length."""
    outer = items(text) if text[:2] in ("[[", "((", "[(", "([") else None
    if outer is None or outer.brackets not in ("[]", "()"):
        return None
    rows = [items(row) for row in outer.items]
    cells = [[*row.items] for row in rows if row and row.brackets in ("[]", "()")]
    whole = len(cells) == len(rows) and len({len(row) for row in cells}) == 1
    return ("", cells) if whole else None

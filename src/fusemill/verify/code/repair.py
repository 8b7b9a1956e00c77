"""Python among other text, and blocks that lost their indentation as a whole.

Nothing inside a statement is ever mended: either a whole top-level statement is kept
as written, or it is left out; either all lines of a block move by the same width, or
none does (its first line alone where the answer's leading white space was stripped).
"""

import re
import textwrap

from fusemill.verify.code.source import MAX_CODE, TooLarge, Unparsable, parse

MAX_TRIES = 40
"""Statements that are left out before the search is given up."""

MAX_HEAD = 300
"""Characters of a line by which code is told from prose."""

# How a line of Python at the left margin begins; prose seldom does.
_DEFINITION = (
    r"(?:async\s+)?def\s+\w|class\s+\w|@\w|import\s+\w|from\s+[\w.]+\s+import\b"
)
_BRANCH = r"(?:if|while|with)\b.*:|for\b.*\bin\b.*:|try\s*:"
_TARGET = r"[A-Za-z_][\w.]*(?:\[.*\])?\s*(?::\s*[\w\[\], .|]+)?"
_ASSIGNMENT = _TARGET + r"\s*(?:[-+*/%|&^@]|//|\*\*)?=(?!=)"
_CALL = r"[A-Za-z_][\w.]*\(.*\)\s*(?:#.*)?$|assert\b"
_INNER = (  # of a statement that began above
    r"(?:elif|else|finally|except)\b.*:|(?:return|raise|del|pass)\b|[)\]}#]"
    r"|[ubrf]{0,2}(?:\"\"\"|''')"
)
_BEGINNING = re.compile(_DEFINITION)
_PYTHON_2 = re.compile(r"^[ \t]*print[ \t]+[\"']", re.MULTILINE)
_STATEMENT = re.compile("|".join([_DEFINITION, _BRANCH, _ASSIGNMENT, _CALL]))
_CODE_LINE = re.compile("|".join([_STATEMENT.pattern, _INNER]))


def salvage(text: str) -> str | None:
    """The top-level statements of `text` that parse, without the prose between them.

    None if there are none, if more than MAX_TRIES pieces would have to go, if it is too
    large, or if what does not parse is Python 2.

    >>> salvage("Sure, here's one:\\ndef f(x):\\n    return x\\nIt's easy.\\nf(")
    'def f(x):\\n    return x'
    """
    pieces = _pieces(text)
    if _PYTHON_2.search(text) or sum(map(len, pieces)) > MAX_CODE:
        return None
    for _ in range(MAX_TRIES):
        if not pieces:
            return None
        source = "\n".join(pieces)
        try:
            parse(source)
        except TooLarge:
            return None
        except Unparsable:
            broken = _first_broken(pieces)
            if broken is None:
                return None
            del pieces[broken]
        else:
            return source.rstrip() or None
    return None


def _pieces(text: str) -> list[str]:
    """Runs of lines that begin at the left margin, from the first that is code."""
    pieces: list[list[str]] = []
    dropped = True
    for line in text.split("\n"):
        if not line or line[0].isspace():
            if not dropped:
                pieces[-1].append(line)
            continue
        head = line[:MAX_HEAD]
        if not pieces and not _BEGINNING.match(head):
            continue
        if dropped := not _CODE_LINE.match(head):
            continue
        if pieces and not _STATEMENT.match(head):
            pieces[-1].append(line)  # a closing bracket, an else, a comment
        else:
            pieces.append([line])
    return ["\n".join(piece) for piece in pieces]


def _first_broken(pieces: list[str]) -> int | None:
    """The first piece that does not parse: alone, or with the decorators before it."""
    carried = ""
    for index, piece in enumerate(pieces):
        try:
            parse(carried + piece)
        except Unparsable:
            if piece.startswith("@") and index + 1 < len(pieces):
                carried += piece + "\n"
                continue
            return index
        carried = ""
    return None


def reindented(block: str, width: int) -> list[str]:
    """Ways to put a block at `width` columns: all lines, or the stripped first one.

    >>> reindented("x = 1\\nreturn x", 4)
    ['    x = 1\\n    return x']
    >>> reindented("if x:\\n        y()\\n    return x", 4)[1]
    '    if x:\\n        y()\\n    return x'
    """
    block = block.strip("\n")
    ways = [textwrap.indent(textwrap.dedent(block), " " * width)]
    first, _, rest = block.partition("\n")
    indented = all(line[0].isspace() for line in rest.split("\n") if line)
    if rest.strip() and indented and not first[:1].isspace():
        ways.append(" " * width + first + "\n" + rest)
    if "\t" in block:
        ways.extend(reindented(block.expandtabs(4), width))
    return ways

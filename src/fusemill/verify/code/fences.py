"""Code blocks of a Markdown answer: fenced, wrongly tagged, indented, left open.

Example: ``blocks("Here:\\n```python\\nx = 1\\n```\\nDone.")`` gives one block with tag
``python``, text ``x = 1``, closed. What is in a block is not looked at.
"""

import re
import textwrap
from dataclasses import dataclass

# A fence starts its line, perhaps in a list or a quotation; models also put the
# opening one at the end of "Here is the code: ```python".
_FENCE = re.compile(
    r"^\s*(?:[-*+>]\s+|\d{1,3}[.)]\s+)?(?P<mark>`{3,}|~{3,})(?P<tag>[^`]*)$"
)
_LATE_OPENING = re.compile(r":\s*(?P<mark>`{3,})(?P<tag>python|py)\s*$", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-z+#.\d-]{1,20}$")
_LATE_CLOSING = re.compile(r"^(?P<code>[^`]*[^`\s])\s*`{3,}\s*$")

MAX_BLOCKS = 200
"""Blocks that are looked at; nobody's answer has as many."""


@dataclass(frozen=True)
class Block:
    """One block: its tag in lower case, its lines without the fence's indentation.

    before: the text between it and the block before. place: its number in the text.
    """

    tag: str
    text: str
    closed: bool
    before: str = ""
    place: int = 0


def blocks(text: str) -> list[Block]:
    """All blocks of `text`, whose lines end in ``\\n``, in order; at most MAX_BLOCKS.

    An opening fence inside an open block closes that one: its own closing fence was
    forgotten. A line of code that ends in a fence closes its block.

    >>> [b.tag for b in blocks("```py\\na\\n```\\n```\\nb")]
    ['py', '']
    >>> blocks("1. So:\\n   ```python\\n   f()\\n   ```")[0].text
    'f()'
    """
    found: list[Block] = []
    tag: str | None = None
    mark = ""
    lines: list[str] = []
    prose: list[str] = []

    def close(closed: bool) -> None:
        assert tag is not None
        code = textwrap.dedent("\n".join(lines)).strip("\n")
        found.append(Block(tag, code, closed, "\n".join(prose), len(found)))
        prose.clear()

    for line in text.split("\n"):
        if len(found) >= MAX_BLOCKS:
            return found
        fence = _FENCE.match(line)
        if tag is None:
            fence = fence or _LATE_OPENING.search(line)
            prose.append(line[: fence.start("mark")] if fence else line)
            if fence:
                tag, mark, lines = fence["tag"].strip().lower(), fence["mark"], []
        elif fence and fence["mark"][0] == mark[0] and len(fence["mark"]) >= len(mark):
            close(closed=True)
            said = fence["tag"].strip().lower()
            tag, lines = (said if _LANGUAGE.match(said) else None), []
        elif late := _LATE_CLOSING.match(line):
            lines.append(late["code"])
            close(closed=True)
            tag = None
        else:
            lines.append(line)
    if tag is not None:
        close(closed=False)
    return found


def indented_blocks(text: str) -> list[Block]:
    """Markdown's other code blocks: runs of lines that are indented by four or more.

    >>> indented_blocks("So:\\n\\n    def f():\\n        pass\\n\\nDone.")[0].text
    'def f():\\n    pass'
    """
    runs: list[list[str]] = [[]]
    for line in text.split("\n"):
        if line.startswith(("    ", "\t")) or (not line.strip() and runs[-1]):
            runs[-1].append(line)
        elif runs[-1]:
            runs.append([])
    texts = [textwrap.dedent("\n".join(run)).strip("\n") for run in runs if run]
    return [Block("", code, True) for code in texts[:MAX_BLOCKS]]

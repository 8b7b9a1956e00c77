"""The code in a model's answer: which part of the text is it, and does it parse.

Example: a chat answer with two fenced blocks, of which the second only calls the
function, and entry point ``f``: ``extract(text, EntryPoint("f"), None)`` gives the
first block, found by rule ``fence``. `RULES` is an ordered table; the first rule that
finds code which parses and defines the entry point decides.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fusemill.verify.code.fences import Block, blocks, indented_blocks
from fusemill.verify.code.repair import salvage
from fusemill.verify.code.source import (
    EntryPoint,
    Unparsable,
    definitions,
    free_names,
    parse,
)
from fusemill.verify.code.stub import continued

MAX_TEXT = 1_000_000
"""Characters of an answer that are looked at."""

# The frame of Alpaca and its kin, written out again by models trained on it.
_ECHOED_PROMPT = re.compile(r"^(?:###|@@) ?Response:[ \t]*", re.MULTILINE)

PYTHON_TAGS = frozenset({"python", "python3", "py", "python2", "py3"})


@dataclass(frozen=True)
class Found:
    """Code of an answer. rule: which of RULES found it."""

    code: str
    rule: str


@dataclass(frozen=True)
class Missing:
    """No code that could be run, and why, for people."""

    reason: str


@dataclass(frozen=True)
class Answer:
    """One text to read: its blocks, in the order in which they are to be tried."""

    text: str
    blocks: tuple[Block, ...]
    entry: EntryPoint | None
    stub: str | None

    def fits(self, code: str | None) -> bool:
        """Whether `code` parses and defines the entry point."""
        if code is None or not code.strip():
            return False
        try:
            tree = parse(code)
        except Unparsable:
            return False
        if self.entry:
            return self.entry.is_defined(tree)
        return bool(tree.body)


def extract(text: str, entry: EntryPoint | None, stub: str | None) -> Found | Missing:
    """The answer's code, ready to run (a stub that it continues in front).

    entry None: any code will do, the longest block of it.

    >>> extract("```python\\ndef f(x):\\n    return x\\n```", EntryPoint("f"), None)
    Found(code='def f(x):\\n    return x', rule='fence')
    >>> extract("I can't help with that.", EntryPoint("f"), None)
    Missing(reason='no code found in the text')
    """
    answer = _answer(text, entry, stub)
    for name, rule in RULES:
        code = rule(answer)
        if code is not None:
            return Found(code, name)
    return Missing(_why(answer))


def _answer(text: str, entry: EntryPoint | None, stub: str | None) -> Answer:
    lines = text[:MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n")
    lines = _ECHOED_PROMPT.split(lines)[-1]
    found = blocks(lines)
    if entry is None:  # a script: the longest block rather than the first
        found.sort(key=lambda block: -len(block.text))
    found.sort(key=lambda block: _by_tag(block.tag))
    return Answer(lines, tuple(found), entry, stub)


def _by_tag(tag: str) -> int:
    """Python's own tags first; a wrong tag hinders nothing, it only comes last."""
    if tag.partition(" ")[0] in PYTHON_TAGS:
        return 0
    return 1 if not tag else 2


def _fence(answer: Answer) -> str | None:
    """The first block that defines the entry point, and blocks it builds on."""
    for block in answer.blocks:
        if answer.fits(block.text):
            return _with_helpers(block, answer)
    return None


def _with_helpers(block: Block, answer: Answer) -> str:
    """The block below those other blocks that bind names it reads and does not bind."""
    wanted = free_names(parse(block.text))
    if not answer.entry or not wanted or len(answer.blocks) == 1:
        return block.text
    helpers: list[str] = []
    for other in answer.blocks:
        if other is block:
            continue
        try:
            bound = set(definitions(parse(other.text)))
        except Unparsable:
            continue
        if answer.entry.root not in bound and wanted & bound:
            helpers.append(other.text)
            wanted -= bound
    whole = "\n".join([*helpers, block.text])
    return whole if answer.fits(whole) else block.text


def _fence_continuation(answer: Answer) -> str | None:
    return _first(_continuation_of(answer, block.text) for block in answer.blocks)


def _fence_among_text(answer: Answer) -> str | None:
    """A block with lines that don't parse: prose in it, or cut off in a later part."""
    codes = (salvage(block.text) for block in answer.blocks)
    return _first(code if answer.fits(code) else None for code in codes)


def _whole(answer: Answer) -> str | None:
    return answer.text if answer.fits(answer.text) else None


def _continuation(answer: Answer) -> str | None:
    return _continuation_of(answer, answer.text)


def _continuation_among_text(answer: Answer) -> str | None:
    """As base models write on: a body, then other things, cut off at the end."""
    return _continuation_of(answer, answer.text, among_text=True)


def _continuation_of(answer: Answer, text: str, among_text: bool = False) -> str | None:
    if not answer.stub:
        return None
    return continued(answer.stub, text, answer.entry, among_text)


def _among_text(answer: Answer) -> str | None:
    kept = salvage(answer.text)
    return kept if answer.fits(kept) else None


def _indented(answer: Answer) -> str | None:
    """A block of Markdown's that has no fence, only indentation."""
    texts = (block.text for block in indented_blocks(answer.text))
    return _first(text if answer.fits(text) else None for text in texts)


def _first(codes: Iterator[str | None]) -> str | None:
    return next((code for code in codes if code is not None), None)


RULES: tuple[tuple[str, Callable[[Answer], str | None]], ...] = (
    ("fence", _fence),
    ("fence_among_text", _fence_among_text),
    ("fence_continuation", _fence_continuation),
    ("whole", _whole),
    ("continuation", _continuation),
    ("among_text", _among_text),
    ("continuation_among_text", _continuation_among_text),
    ("indented", _indented),
)
"""Name and rule, in the order in which they are tried."""


def _seems_to_define(entry: EntryPoint | None, text: str) -> bool:
    if entry is None:
        return False
    return re.search(rf"(?:def|class) +{re.escape(entry.root)}\b", text) is not None


def _why(answer: Answer) -> str:
    """What stood in the way, of the part that came nearest to being the code."""
    if not answer.blocks and answer.stub and answer.text.strip():
        try:
            parse(answer.stub + answer.text)
        except Unparsable as why:
            if answer.text[0].isspace():
                return f"the code, continuing the prompt's, {why}"
    texts = [block.text for block in answer.blocks] or [answer.text]
    failures: list[str] = []
    for text in texts:
        source = text if answer.blocks else salvage(text) or text
        try:
            names = list(definitions(parse(source)))
        except Unparsable as why:
            if _seems_to_define(answer.entry, text):
                return f"the code {why}"
            if answer.blocks or "def " in text or "class " in text:
                failures.append(f"the code {why}")
            continue
        if names and answer.entry:
            wanted = ".".join((answer.entry.root, *answer.entry.members))
            shown = ", ".join(names[:5])
            failures.insert(0, f"the code defines {shown}, not {wanted}")
    return failures[0] if failures else "no code found in the text"

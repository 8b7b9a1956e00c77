"""The code in a model's answer: which part of the text is it, and does it parse.

Example: a chat answer with two fenced blocks, of which the second only calls the
function, and entry point ``f``: ``extract(text, EntryPoint("f"), None)`` gives the
first block, found by rule ``fence``. `RULES` is an ordered table; the first rule that
finds code which parses and defines the entry point decides. Where none does, they read
what the rewritings of rewriting.py make of the text: ``json.whole`` found code in a
field. A definition without a body counts only where there is no other.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from fusemill.verify.code.corrections import takes_place
from fusemill.verify.code.fences import Block, blocks, indented_blocks
from fusemill.verify.code.repair import salvage
from fusemill.verify.code.rewriting import REWRITINGS, rewritten
from fusemill.verify.code.source import (
    Definition,
    EntryPoint,
    Unparsable,
    definitions,
    free_names,
    has_remarks,
    is_hollow,
    parse,
)
from fusemill.verify.code.stub import continued

MAX_TEXT = 1_000_000
"""Characters of an answer that are looked at."""

# The frame of Alpaca and its kin, written out again by models trained on it.
_ECHOED_PROMPT = re.compile(r"^(?:###|@@) ?Response:[ \t]*", re.MULTILINE)

# The end of the answer as MBPP's prompt asks for it, which in Python is a subscript.
_DONE = re.compile(r"[ \t]*\[DONE\][ \t]*$", re.MULTILINE)

_END_OF_THOUGHT = re.compile(r"</think(?:ing)?>", re.IGNORECASE)

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
    """One text to read: its blocks, in the order in which they are to be tried.

    hollow: a definition without a body will do.
    """

    text: str
    blocks: tuple[Block, ...]
    entry: EntryPoint | None
    stub: str | None
    hollow: bool = False

    def fits(self, code: str | None) -> bool:
        """Whether `code` parses and defines the entry point (or does anything)."""
        if code is None or not code.strip():
            return False
        try:
            tree = parse(code)
        except Unparsable:
            return False
        if has_remarks(tree):
            return False
        if self.entry is None:
            return not all(map(_does_nothing, tree.body))
        if not self.entry.is_defined(tree):
            return False
        return self.hollow or not is_hollow(definitions(tree)[self.entry.root])


def extract(text: str, entry: EntryPoint | None, stub: str | None) -> Found | Missing:
    """The answer's code, ready to run (a stub that it continues in front).

    entry None: any code will do, the longest block of it.

    >>> extract("```python\\ndef f(x):\\n    return x\\n```", EntryPoint("f"), None)
    Found(code='def f(x):\\n    return x', rule='fence')
    >>> extract("I can't help with that.", EntryPoint("f"), None)
    Missing(reason='no code found in the text')
    """
    lines = text[:MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n")
    answers = [_answer(lines, entry, stub)]
    thought = list(_END_OF_THOUGHT.finditer(lines))
    if thought:
        answers.insert(0, _answer(lines[thought[-1].end() :], entry, stub))
    for search in (_plain, _unwrapped, _hollow):
        for answer in answers:
            found = search(answer)
            if found:
                return found
    return Missing(_why(answers[0]))


def _plain(answer: Answer) -> Found | None:
    for name, rule in RULES:
        code = rule(answer)
        if code is not None:
            return Found(code, name)
    return None


def _unwrapped(answer: Answer) -> Found | None:
    """What the plain rules find in the rewritten blocks, or in the rewritten text."""
    for name in REWRITINGS:
        for source in (*(block.text for block in answer.blocks), answer.text):
            for text in rewritten(name, source):
                found = _plain(_answer(text, answer.entry, answer.stub))
                if found:
                    return Found(found.code, f"{name}.{found.rule}")
    return None


def _hollow(answer: Answer) -> Found | None:
    """A definition without a body, where there is nothing better."""
    seems = _seems_to_define(answer.entry, answer.text)
    return _plain(replace(answer, hollow=True)) if seems else None


def _does_nothing(statement: ast.stmt) -> bool:
    """A lone name or value, as texts that are no programs parse to."""
    return isinstance(statement, ast.Expr) and not any(
        isinstance(node, ast.Call | ast.Await | ast.Yield | ast.NamedExpr)
        for node in ast.walk(statement)
    )


def _answer(text: str, entry: EntryPoint | None, stub: str | None) -> Answer:
    lines = _DONE.split(_ECHOED_PROMPT.split(text)[-1], maxsplit=1)[0]
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
    """The first block that defines the entry point, and blocks it builds on.

    A later one where the text corrects the first by it.
    """
    for block in answer.blocks:
        if answer.fits(block.text):
            return _with_helpers(_corrected(block, answer), answer)
    return None


def _corrected(block: Block, answer: Answer) -> Block:
    """The last version that takes the place of the one before it."""
    if answer.entry is None:
        return block
    between: list[str] = []
    for later in sorted(answer.blocks, key=lambda one: one.place):
        if later.place <= block.place:
            continue
        between.append(later.before)
        if answer.fits(later.text) and takes_place(
            later.text, block.text, between, answer.entry
        ):
            block, between = later, []
    return block


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
    if not answer.stub or replace(answer, hollow=True).fits(text):
        return None  # what defines the entry point itself is no body of it
    return continued(answer.stub, text, answer.entry, among_text)


def _among_text(answer: Answer) -> str | None:
    kept = salvage(answer.text)
    return kept if answer.fits(kept) else None


def _indented(answer: Answer) -> str | None:
    """A block of Markdown's that has no fence, only indentation."""
    for block in indented_blocks(answer.text):
        if answer.fits(block.text):
            found = definitions(parse(block.text))
            if not answer.entry or isinstance(found[answer.entry.root], Definition):
                return block.text
    return None


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

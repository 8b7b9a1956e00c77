"""What a prompt gave: code that a bare answer continues, and what it may rely on.

Example stub, HumanEval's prompt of a task: imports, perhaps a helper function, then
``def f(x):`` with a docstring and no body. An answer is either the body (it continues
the stub) or the whole function again (then the imports and helpers still count).
"""

import ast
from collections.abc import Collection
from functools import lru_cache

from fusemill.verify.code.repair import reindented, salvage
from fusemill.verify.code.source import (
    Definition,
    EntryPoint,
    Unparsable,
    definitions,
    is_docstring,
    is_hollow,
    parse,
)


def continued(
    stub: str, text: str, entry: EntryPoint | None, among_text: bool = False
) -> str | None:
    """`stub` with `text` as its continuation, or None if it does not continue it.

    The text may sit where it stands, or below, or, if it is no program of its own, be
    moved as a whole to where a body belongs. The result must parse, define the entry
    point, and add to it: what leaves its function without a body is no continuation.
    among_text: leave out later statements that don't parse, as `salvage` does.

    >>> continued("def f(x):\\n", "    return x", EntryPoint("f"))
    'def f(x):\\n    return x'
    >>> continued("def f(x):\\n", "return x", EntryPoint("f"))
    'def f(x):\\n    return x'
    >>> continued("def f(x):\\n    '''Doc.'''\\n", "f(3)", EntryPoint("f")) is None
    True
    """
    if not text.strip():
        return None
    head = stub if stub.endswith("\n") else stub + "\n"
    ways: list[str | None] = [stub + text, head + text]
    if not _stands_alone(text):
        ways.extend(head + way for way in reindented(text, _body_width(stub)))
    if among_text:
        ways = [salvage(way) for way in ways if way]
    for way in ways:
        if way is not None and _adds_a_body(way, stub, entry):
            return way
    return None


def _stands_alone(text: str) -> bool:
    """Whether the text is no body: a body that needs moving has a ``return``."""
    try:
        parse(text)
    except Unparsable:
        return False
    return True


def _adds_a_body(source: str, stub: str, entry: EntryPoint | None) -> bool:
    try:
        tree = parse(source)
    except Unparsable:
        return False
    if entry and not entry.is_defined(tree):
        return False
    name = entry.root if entry else _last_name(stub)
    found = definitions(tree).get(name) if name else None
    if not isinstance(found, Definition):
        return found is not None
    n_lines = len(stub.rstrip().split("\n"))
    if isinstance(found, ast.ClassDef):
        return (found.end_lineno or 0) > n_lines
    body = [node for node in found.body if not is_docstring(node)]
    return bool(body) and (body[-1].end_lineno or 0) >= n_lines


def _body_width(stub: str) -> int:
    """Columns of the body of the stub's last ``def`` (or of its docstring).

    >>> _body_width("class A:\\n    def f(self):\\n        '''Doc.'''\\n")
    8
    """
    for line in reversed(stub.split("\n")):
        head = line.lstrip()
        if head.startswith(("def ", "async def ", "class ")):
            return len(line) - len(head) + 4
    return 4


def _last_name(stub: str) -> str | None:
    tree = stub_tree(stub)
    named = [node.name for node in tree.body if isinstance(node, Definition)]
    return named[-1] if named else None


@lru_cache(maxsize=512)
def stub_tree(stub: str) -> ast.Module:
    """The stub as a module, a ``pass`` where its last body is missing; empty if none.

    >>> ast.unparse(stub_tree("import math\\ndef f(x):\\n"))
    'import math\\n\\ndef f(x):\\n    pass'
    """
    width = _body_width(stub)
    for way in (stub, stub.rstrip() + "\n" + " " * width + "pass\n"):
        try:
            return parse(way)
        except Unparsable:
            continue
    kept = salvage(stub)
    return parse(kept) if kept else ast.Module(body=[], type_ignores=[])


def prelude(
    stub: str | None, own: Collection[str], entry: EntryPoint | None
) -> ast.Module:
    """What of the stub an answer that repeats its function still relies on.

    Imports, and helpers and constants that are not among the answer's own names; never
    the entry point.

    >>> stub = "import math\\ndef g(x): return x\\ndef f(x):\\n"
    >>> kept = prelude(stub, {"f"}, EntryPoint("f"))
    >>> ast.unparse(kept)
    'import math\\n\\ndef g(x):\\n    return x'
    """
    if not stub:
        return ast.Module(body=[], type_ignores=[])
    own = {*own, entry.root} if entry else own
    kept: list[ast.stmt] = []
    for statement in stub_tree(stub).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            kept.append(statement)
        elif isinstance(statement, Definition):
            if statement.name not in own and not is_hollow(statement):
                kept.append(statement)
        elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.If | ast.Try):
            kept.append(statement)
    return ast.Module(body=kept, type_ignores=[])

"""Names that statements read and bind; scopes are not told apart."""

import ast
import builtins
import re
from collections.abc import Iterable

_KNOWN = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}


def free_names(body: Iterable[ast.stmt]) -> list[str]:
    """Names read and nowhere bound, without builtins, in the order of the text.

    >>> free_names(ast.parse("assert f(len(x)) == [g(i) for i in y]").body)
    ['f', 'x', 'g', 'y']
    """
    read: list[tuple[int, int, str]] = []
    bound: set[str] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                read.append((node.lineno, node.col_offset, node.id))
            else:
                bound |= bound_names(node)
    names = [name for *_, name in sorted(read)]
    return list(dict.fromkeys(n for n in names if n not in bound | _KNOWN))


def bound_names(node: ast.AST) -> set[str]:
    """Names that this very node binds.

    >>> sorted(bound_names(ast.parse("import os.path, numpy as np").body[0]))
    ['np', 'os']
    """
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return {node.id}
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.arg):
        return {node.arg}
    if isinstance(node, ast.ExceptHandler):
        return {node.name} if node.name else set()
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(a.asname or a.name).partition(".")[0] for a in node.names}
    return set()


def is_mentioned(name: str, text: str) -> bool:
    """Whether a text has the name as a word of its own.

    >>> is_mentioned("add", "Write `add(a, b)`."), is_mentioned("add", "an address")
    (True, False)
    """
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None

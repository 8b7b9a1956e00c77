"""An answer ready to run: compiled, with what it needs of its prompt in front.

Example: of the answer ``def f(x: List[int]): return poly(x, 1)`` to a prompt that
imports math and defines ``poly``, the prelude is that import, that function and
``from typing import List``.
"""

import ast
import base64
import hashlib
import marshal
import sys
import typing
from collections.abc import Iterable
from dataclasses import dataclass
from types import CodeType

from fusemill.verify.code.source import (
    ANSWER_FILE,
    EntryPoint,
    Unparsable,
    compiled,
    compiled_tree,
    definitions,
    free_names,
    imported_modules,
    parse,
)
from fusemill.verify.code.stub import prelude

_TYPING = frozenset(typing.__all__) - {"Text", "Pattern", "Match"}
"""Names that annotations use, and that answers often forget to import."""

_PRELUDE_FILE = "<prompt>"


def marshalled(code: CodeType) -> str:
    """A code object as text, for a payload."""
    return base64.b64encode(marshal.dumps(code)).decode()


@dataclass(frozen=True)
class Program:
    """One answer's code.

    prelude, code: for a payload. names: top-level name → the kind of its definition
    (``import``, ``function``, ``async``, ``class`` or ``value``). modules: first parts
    of imported modules. digest: same for the same program.
    """

    source: str
    prelude: str | None
    code: str
    tree: ast.Module
    names: dict[str, str]
    modules: frozenset[str]
    digest: bytes

    def payload(self) -> dict[str, str | None]:
        """What the drivers of drivers.py run."""
        return {"prelude": self.prelude, "code": self.code}

    def missing(self, packages: Iterable[str]) -> list[str]:
        """Imported modules that are neither standard nor among `packages`."""
        known = {*packages, *sys.stdlib_module_names}
        return sorted(self.modules - known)


def program(source: str, stub: str | None, entry: EntryPoint | None) -> Program:
    """The program of an answer's code, which parses (extraction.py)."""
    tree = parse(source)
    before = prelude(stub, tree, entry) if stub else None
    first = None
    if before is None or not before.body:
        needed = free_names(tree) & _TYPING
    else:
        whole = ast.Module([*before.body, *tree.body], [])
        needed = free_names(whole) & _TYPING
    body = [_typing_import(needed)] if needed else []
    body += before.body if before else []
    if body:
        first = _prelude_code(body)
    code = marshalled(compiled(source))
    digest = hashlib.sha256(f"{first}\n{code}".encode()).digest()
    names = {name: _kind(node) for name, node in definitions(tree).items()}
    modules = frozenset(imported_modules(tree))
    return Program(source, first, code, tree, names, modules, digest)


def _typing_import(names: Iterable[str]) -> ast.stmt:
    aliases = [ast.alias(name) for name in sorted(names)]
    return ast.ImportFrom("typing", aliases, 0)


def _prelude_code(body: list[ast.stmt]) -> str | None:
    try:
        return marshalled(compiled_tree(ast.Module(body, []), _PRELUDE_FILE))
    except Unparsable:  # a part of a stub that does not stand alone
        return None


def _kind(node: ast.stmt) -> str:
    kinds: tuple[tuple[type[ast.stmt], str], ...] = (
        (ast.Import, "import"),
        (ast.ImportFrom, "import"),
        (ast.FunctionDef, "function"),
        (ast.AsyncFunctionDef, "async"),
        (ast.ClassDef, "class"),
    )
    return next((name for kind, name in kinds if isinstance(node, kind)), "value")


def import_statements(tree: ast.Module, names: Iterable[str]) -> list[ast.stmt]:
    """The imports of the top level that bind one of the names."""
    wanted = set(names)
    return [
        node
        for node in definitions(tree).values()
        if isinstance(node, ast.Import | ast.ImportFrom)
        and wanted & {(a.asname or a.name).partition(".")[0] for a in node.names}
    ]


__all__ = ["ANSWER_FILE", "Program", "import_statements", "marshalled", "program"]

"""An answer ready to run: compiled, with what it needs of its prompt in front.

Example: of the answer ``def f(x: List[int]): return poly(x, 1)`` to a prompt that
imports math and defines ``poly``, the prelude is that import, that function and
``from typing import List``.
"""

import ast
import base64
import hashlib
import marshal
import re
import typing
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
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
    names_bound,
    parse,
)
from fusemill.verify.code.stub import prelude

_TYPING = frozenset(typing.__all__) - {"Text", "Pattern", "Match"}
"""Names that annotations use, and that answers often forget to import."""

_TYPING_WORD = re.compile(rf"\b(?:{'|'.join(sorted(_TYPING))})\b")

Import = ast.Import | ast.ImportFrom

_PRELUDE_FILE = "<prompt>"


def marshalled(code: CodeType) -> str:
    """A code object as text, for a payload."""
    return base64.b64encode(marshal.dumps(code)).decode()


@dataclass(frozen=True)
class Program:
    """One answer's code, without its tree, which may be large.

    prelude, code: for a payload. names: top-level name → the kind of its definition
    (``import``, ``alias``, ``function``, ``async``, ``class`` or ``value``; an alias is
    ``from a import b as c``). imports: the imports of the top level. modules: first
    parts of imported modules. digest: same for the same program.
    """

    source: str
    prelude: str | None
    code: str
    imports: tuple[ast.stmt, ...]
    names: dict[str, str]
    modules: frozenset[str]
    digest: bytes

    def payload(self) -> dict[str, str | None]:
        """What the drivers of drivers.py run."""
        return {"prelude": self.prelude, "code": self.code}


def program(source: str, stub: str | None, entry: EntryPoint | None) -> Program:
    """The program of an answer's code, which parses (extraction.py)."""
    tree = parse(source)
    found = definitions(tree)
    # Most answers mention no name of typing, and then their trees need no walk.
    named = set(_TYPING_WORD.findall(source))
    needed = free_names(tree) & named if named else set()
    first = _prelude(stub, entry, frozenset(found), frozenset(needed))
    code = marshalled(compiled(source))
    digest = hashlib.sha256(f"{first}\n{code}".encode()).digest()
    names = {name: _kind(name, node) for name, node in found.items()}
    modules = frozenset(imported_modules(tree) if "import" in source else ())
    imports = tuple(n for n in found.values() if isinstance(n, Import))
    return Program(source, first, code, imports, names, modules, digest)


@lru_cache(maxsize=512)
def _prelude(
    stub: str | None,
    entry: EntryPoint | None,
    own: frozenset[str],
    needed: frozenset[str],
) -> str | None:
    """What stands in front of an answer that binds `own`, compiled; None if nothing.

    needed: names of typing that it reads and does not bind.
    """
    before = prelude(stub, own, entry)
    missing = needed - set(definitions(before))
    if _star_imports_typing(before):
        missing = frozenset()
    body = [_typing_import(missing), *before.body] if missing else before.body
    if not body:
        return None
    try:
        return marshalled(compiled_tree(ast.Module(body, []), _PRELUDE_FILE))
    except Unparsable:  # a part of a stub that does not stand alone
        return None


def _star_imports_typing(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "typing"
        and node.names[0].name == "*"
        for node in tree.body
    )


def _typing_import(names: Iterable[str]) -> ast.stmt:
    aliases = [ast.alias(name) for name in sorted(names)]
    return ast.ImportFrom("typing", aliases, 0)


def _kind(name: str, node: ast.stmt) -> str:
    if isinstance(node, ast.ImportFrom) and all(a.name != name for a in node.names):
        return "alias"
    kinds: tuple[tuple[type[ast.stmt], str], ...] = (
        (ast.Import, "import"),
        (ast.ImportFrom, "import"),
        (ast.FunctionDef, "function"),
        (ast.AsyncFunctionDef, "async"),
        (ast.ClassDef, "class"),
    )
    return next((name for kind, name in kinds if isinstance(node, kind)), "value")


def import_statements(program: Program, names: Iterable[str]) -> list[ast.stmt]:
    """The imports of the top level that bind one of the names."""
    wanted = frozenset(names)
    return [
        node for node in program.imports if not wanted.isdisjoint(names_bound(node))
    ]


__all__ = ["ANSWER_FILE", "Program", "import_statements", "marshalled", "program"]

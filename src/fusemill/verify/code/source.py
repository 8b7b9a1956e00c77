"""Python source as it stands in answers and tests: parsed, never run.

Example: ``parse("def f(x): return x")`` gives its tree; ``parse("def f(x)")`` raises
`Unparsable` with the reason ``does not parse with Python 3.11: line 1: expected ':'``.
Any text is safe here: what makes Python's own parser give up (null bytes, lone
surrogates, ten thousand brackets) is a reason too.
"""

import ast
import builtins
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType

MAX_CODE = 50_000
"""Characters of source."""

MAX_TESTS = 300_000
"""Characters of one test's source: recorded inputs can be long."""

MAX_COMPILED = 40_000
"""Nodes of an answer's tree as the compiler meets them, `_n_compiled`: 22 MB of tree.

The densest modules of the standard library have 0.3 nodes a character.
"""

MAX_DOTS = 200
"""Parts of an imported name; for all beginnings of it the parser makes a text."""

_LONG = 4_000  # characters from which a source is dear to keep

ANSWER_FILE = "<answer>"
"""How tracebacks name the answer's source."""

PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

_N_LEAVING = 4  # nodes that what leaves one context manager amounts to

_LONG_IMPORT = re.compile(
    rf"\b(?:import|from)\b(?:(?:[\w \t,]|\\\n)++\.){{{MAX_DOTS}}}"
)

BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}


class Unparsable(Exception):
    """The text is not Python; the message says why, for people."""


class TooLarge(Unparsable):
    """It may be Python, of a size that would not be good for us."""


def parse(source: str) -> ast.Module:
    """The tree of `source`, which compiles too; raises Unparsable. Not to be changed.

    >>> len(parse("a = 1\\nb = 2").body)
    2
    >>> try:
    ...     parse("return 1")
    ... except Unparsable as why:
    ...     print("line 1" in str(why))
    True
    """
    return _known(source)[0]


def compiled(source: str) -> CodeType:
    """The code object of an answer's source; raises Unparsable."""
    return _known(source)[1]


def compiled_tree(tree: ast.Module, filename: str) -> CodeType:
    """The code object of a tree; raises Unparsable."""
    with _translated():
        tree = ast.fix_missing_locations(tree)
        return compile(tree, filename, "exec", dont_inherit=True)


def parse_tests(source: str) -> ast.Module:
    """A fresh tree of a test's source, which may be longer; raises Unparsable."""
    if len(source) > MAX_TESTS:
        said = f"has {len(source):,} characters, at most {MAX_TESTS:,} are read"
        raise Unparsable(said)
    with _translated():
        return ast.parse(source)


def _read(source: str) -> tuple[ast.Module, CodeType]:
    if len(source) > MAX_CODE:
        said = f"has {len(source):,} characters, at most {MAX_CODE:,} are read"
        raise TooLarge(said)
    if source.count(".") > MAX_DOTS and _LONG_IMPORT.search(source):
        raise TooLarge(f"imports a name of more than {MAX_DOTS} parts")
    with _translated():
        tree = ast.parse(source)
        is_small = len(source) < _LONG and "finally" not in source
        if not is_small and _n_compiled(tree, source) > MAX_COMPILED:
            raise TooLarge(f"has more than {MAX_COMPILED:,} nodes to compile")
        return tree, compile(tree, ANSWER_FILE, "exec", dont_inherit=True)


def _read_or_why(source: str) -> tuple[ast.Module, CodeType] | Unparsable:
    try:
        return _read(source)
    except Unparsable as why:
        return type(why)(*why.args)  # without the frames of the one that was raised


# Each step of reading an answer asks for the same few again.
_read_short = lru_cache(maxsize=16)(_read_or_why)
_read_long = lru_cache(maxsize=2)(_read_or_why)


def _known(source: str) -> tuple[ast.Module, CodeType]:
    found = _read_short(source) if len(source) < _LONG else _read_long(source)
    if isinstance(found, Unparsable):
        raise type(found)(*found.args)
    return found


def _n_compiled(tree: ast.Module, source: str) -> int:
    """At most how many nodes the compiler meets; it stops counting over MAX_COMPILED.

    It copies a ``finally`` for each way out of its ``try``: twice, and for each
    ``return``, ``break`` and ``continue`` in it (here: in the source), and likewise
    what leaves a ``with``. Twenty of them, one in the other, are a gigabyte of code.
    """
    n_copies = 2 + sum(map(source.count, ("return", "break", "continue")))
    n_nodes = 0
    left: list[tuple[ast.AST, int]] = [(tree, 1)]
    while left and n_nodes <= MAX_COMPILED:
        node, times = left.pop()
        n_nodes += times
        if isinstance(node, ast.With | ast.AsyncWith):
            n_nodes += times * n_copies * _N_LEAVING * len(node.items)
        last = getattr(node, "finalbody", [])
        left.extend((inner, times * n_copies) for inner in last)
        inner = (child for child in ast.iter_child_nodes(node) if child not in last)
        left.extend((child, times) for child in inner)
    return n_nodes


@contextmanager
def _translated() -> Iterator[None]:
    """What Python's parser raises becomes Unparsable; its warnings are not ours."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except SyntaxError as error:
        place = f"line {error.lineno}: " if error.lineno else ""
        said = f"does not parse with {PYTHON}: {place}{error.msg}"
        raise Unparsable(said) from None
    except UnicodeEncodeError:
        raise Unparsable("holds lone surrogates") from None
    except ValueError:
        raise Unparsable("holds null bytes") from None
    except (RecursionError, MemoryError):
        raise Unparsable("is nested too deeply to be parsed") from None


@dataclass(frozen=True)
class EntryPoint:
    """What the tests call: a name, or a path from one as in ``Solution().twoSum``.

    root: the top-level name. members: what is looked up on it, in order.
    """

    root: str
    members: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str) -> "EntryPoint | None":
        """None if the text is no name and no path of attributes.

        >>> EntryPoint.read("Solution().twoSum")
        EntryPoint(root='Solution', members=('twoSum',))
        >>> EntryPoint.read("two sum") is None
        True
        """
        try:
            node: ast.expr = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None
        members: list[str] = []
        while not isinstance(node, ast.Name):
            if isinstance(node, ast.Call):
                node = node.func
            elif isinstance(node, ast.Attribute):
                members.insert(0, node.attr)
                node = node.value
            else:
                return None
        return cls(node.id, tuple(members))

    def is_defined(self, tree: ast.Module) -> bool:
        """Whether the module's top level binds the root, and its class the member.

        >>> entry = EntryPoint.read("Solution().twoSum")
        >>> entry.is_defined(parse("class Solution:\\n    def twoSum(self): pass"))
        True
        >>> entry.is_defined(parse("class Solution:\\n    pass"))
        False
        """
        found = definitions(tree).get(self.root)
        if found is None:
            return False
        if self.members and isinstance(found, ast.ClassDef) and not found.bases:
            return self.members[0] in definitions(found)
        return True


def definitions(tree: ast.Module | ast.ClassDef) -> dict[str, ast.stmt]:
    """Name → the statement that binds it last, at this level (branches included).

    >>> sorted(definitions(parse("if a:\\n    x = 1\\nelse:\\n    def f(): y = 2")))
    ['f', 'x']
    """
    found: dict[str, ast.stmt] = {}
    for statement in _level(tree.body):
        for name in names_bound(statement):
            found[name] = statement
    return found


def is_docstring(node: ast.stmt) -> bool:
    """Whether the statement is nothing but a text."""
    return isinstance(node, ast.Expr) and (
        isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    )


def is_hollow(node: ast.stmt) -> bool:
    """Whether it is a definition whose body is still to be written.

    >>> [is_hollow(node) for node in parse("def f(): ...\\nclass A:\\n    x = 1").body]
    [True, False]
    """
    return isinstance(node, Definition) and all(map(_says_nothing, node.body))


def _says_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Raise) and node.exc:
        return ast.unparse(node.exc).startswith("NotImplementedError")
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return node.value.value is ... or is_docstring(node)
    return isinstance(node, ast.Pass) or is_hollow(node)


def has_remarks(tree: ast.Module) -> bool:
    """Whether a line of the top level is a word that nothing binds: prose, or a mark.

    >>> has_remarks(parse("Sure\\nx = 1")), has_remarks(parse("[BEGIN]\\nx = 1"))
    (True, True)
    >>> has_remarks(parse("x = 1\\nx"))
    False
    """
    words = {
        node.id
        for statement in tree.body
        if isinstance(statement, ast.Expr)
        for node in _elements(statement.value)
        if isinstance(node, ast.Name)
    }
    if words <= BUILTINS:  # as a rule there are none
        return False
    bound = definitions(tree)
    return "*" not in bound and not words <= BUILTINS | set(bound)


def _elements(value: ast.expr) -> list[ast.expr]:
    return value.elts if isinstance(value, ast.List | ast.Tuple) else [value]


def _level(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if not isinstance(statement, Definition):
            for part in ("body", "orelse", "finalbody", "handlers"):
                for inner in getattr(statement, part, []):
                    inside = (
                        inner.body if isinstance(inner, ast.ExceptHandler) else [inner]
                    )
                    yield from _level(inside)


def names_bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement binds itself.

    >>> list(names_bound(ast.parse("import os.path, re as r").body[0]))
    ['os', 'r']
    """
    if isinstance(statement, Definition):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield (alias.asname or alias.name).partition(".")[0]
    elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def free_names(tree: ast.AST, builtin: bool = False) -> set[str]:
    """Names that are read and never bound anywhere in the tree.

    builtin: those of Python's builtins too.

    Scopes are not told apart: a name bound in one function counts as bound in all.

    >>> sorted(free_names(parse("def f(x): return math.sqrt(x) + len(y)")))
    ['math', 'y']
    """
    read: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, Definition):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound.update(names_bound(node))
    return read - bound - (frozenset() if builtin else BUILTINS)


def imported_modules(tree: ast.AST) -> set[str]:
    """First parts of all modules that are imported anywhere in the tree.

    >>> sorted(imported_modules(parse("import os.path\\nfrom numpy.linalg import inv")))
    ['numpy', 'os']
    """
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found

"""The forms of tests, and what to run of them.

Texts of a check's tests may be

- lists of assertions (``assert f(1) == 2``), or test functions ``def test_f(): …``:
  run in a process of their own, over the answer in another;
- HumanEval's ``def check(candidate): …``, called with the entry point;
- unittest's classes; both run in the answer's process, and a pass must be confirmed;
- JSON ``{"stdin": "1 2\\n", "stdout": "3\\n"}``: the answer is a program.

Reading a check's tests costs more than one answer's run, so it is done once a check.
"""

import ast
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from fusemill.verify.code.source import (
    EntryPoint,
    Unparsable,
    free_names,
    parse_tests,
)

Form = Literal["assertions", "check", "unittest", "stdio"]

MAX_LABEL = 120
"""Characters of a test that a reason quotes."""


class BadTests(Exception):
    """The tests can't be run by anyone; the message says why, for people."""


@dataclass(frozen=True)
class Pair:
    """One input of a program and what it must print."""

    stdin: str
    stdout: str


@dataclass(frozen=True)
class Suite:
    """The tests of one check, read.

    texts: sources of Python tests, one module each; empty for pairs. entry: the entry
    point as an expression. classes: names of unittest classes, in order.
    """

    form: Form
    texts: tuple[str, ...]
    pairs: tuple[Pair, ...]
    entry: EntryPoint | None
    entry_text: str | None
    classes: tuple[str, ...]

    def trees(self) -> list[ast.Module]:
        """Fresh trees of the texts, calls of ``check`` and of test functions added."""
        trees = [parse_tests(text) for text in self.texts]
        if self.form == "unittest":
            for tree in trees:
                tree.body = [node for node in tree.body if not _is_main(node)]
        called = _called(trees)
        if self.form == "check" and "check" not in called and self.entry_text:
            trees[-1].body.append(_statement(f"check({self.entry_text})"))
        for name in _test_functions(trees):
            if name not in called:
                trees[-1].body.append(_statement(f"{name}()"))
        return trees

    @cached_property
    def names(self) -> frozenset[str]:
        """Names that the tests read and do not bind: the answer's, modules', and
        built-in ones, which an answer may define too."""
        whole = ast.Module([node for tree in self.trees() for node in tree.body], [])
        return frozenset(free_names(whole, builtin=True))

    def label(self, place: Sequence[int]) -> str:
        """How a reason names the test at [text, line]: its number and its source.

        Raises no error for a place that is not there: reports are not trusted.
        """
        statements = self._statements
        for number, (text, first, last, source) in enumerate(statements, 1):
            if text == place[0] and first <= place[1] <= last:
                return f"test {number} of {len(statements)}, {source}"
        if 0 <= place[0] < len(self.texts):
            lines = self.texts[place[0]].split("\n")
            if 0 < place[1] <= len(lines):
                return f"the tests, {lines[place[1] - 1].strip()[:MAX_LABEL]}"
        return "the tests"

    @cached_property
    def _statements(self) -> list[tuple[int, int, int, str]]:
        """(text, first line, last line, source) of each assertion, or else of each
        statement that is not inside another."""
        found = []
        for i, tree in enumerate(self.trees()):
            tests = [node for node in ast.walk(tree) if _is_assertion(node)]
            for node in tests or tree.body:
                end = getattr(node, "end_lineno", 0) or 0
                source = " ".join(ast.unparse(node).split())
                cut = source[:MAX_LABEL] + ("…" if len(source) > MAX_LABEL else "")
                found.append((i, getattr(node, "lineno", 0), end, cut))
        return sorted(found)


def read_tests(texts: Sequence[str], entry_text: str | None) -> Suite:
    """The tests of a check; raises BadTests where nobody could run them.

    >>> read_tests(["assert f(1) == 2"], "f").form
    'assertions'
    >>> read_tests(["def check(candidate):\\n    assert candidate(1) == 2"], "f").form
    'check'
    """
    if not any(text.strip() for text in texts):
        raise BadTests("there are no tests")
    entry = None
    if entry_text and entry_text.strip():
        entry = EntryPoint.read(entry_text)
        if entry is None:
            raise BadTests(f"the entry point {entry_text!r:.80} is no name of Python's")
    pairs = [_pair(text) for text in texts]
    if all(pairs):
        found = tuple(pair for pair in pairs if pair)
        return Suite("stdio", (), found, None, None, ())
    if any(pairs):
        raise BadTests("some tests are pairs of stdin and stdout, others are not")
    sources = tuple(text.replace("\r\n", "\n") for text in texts if text.strip())
    trees = []
    for number, source in enumerate(sources, 1):
        try:
            trees.append(parse_tests(source))
        except Unparsable as why:
            raise BadTests(f"test {number} of {len(sources)} {why}") from None
    classes = tuple(_test_classes(trees))
    form: Form = "assertions"
    if classes:
        form = "unittest"
    elif any(_is_check(node) for tree in trees for node in tree.body):
        form = "check"
        if entry is None:
            raise BadTests(
                "the tests define check(candidate), and no entry point is set"
            )
    return Suite(form, sources, (), entry, entry_text, classes)


def _pair(text: str) -> Pair | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    if "stdout" not in found:
        keys = ", ".join(f"`{key:.40}`" for key in list(found)[:5])
        raise BadTests(
            "a test of input and output has the keys `stdin` and `stdout`, this one "
            f"has {keys or 'none'}"
        )
    stdin, stdout = found.get("stdin", ""), found["stdout"]
    if not isinstance(stdin, str) or not isinstance(stdout, str):
        raise BadTests("stdin and stdout of a test must be texts")
    try:
        stdin.encode("utf-8", "surrogateescape")  # bytes that are no UTF-8
        stdout.encode()
    except UnicodeEncodeError:
        raise BadTests("stdin or stdout of a test holds lone surrogates") from None
    return Pair(stdin, stdout)


def _statement(source: str) -> ast.stmt:
    return ast.parse(source).body[0]


def _is_check(node: ast.stmt) -> bool:
    """HumanEval's ``def check(candidate)``."""
    return (
        isinstance(node, ast.FunctionDef)
        and node.name == "check"
        and len(node.args.args) == 1
    )


def _is_main(node: ast.stmt) -> bool:
    """``unittest.main()``, which would end the process."""
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and ast.unparse(call.func) in {
        "unittest.main",
        "main",
    }


def _is_assertion(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return True
    call = node.value if isinstance(node, ast.Expr) else None
    if isinstance(node, ast.With):
        call = node.items[0].context_expr
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr.startswith("assert")
    )


def _called(trees: Sequence[ast.Module]) -> set[str]:
    """Names that are called when the tests run, directly or through own functions."""
    own: dict[str, ast.stmt] = {}
    found: set[str] = set()
    for tree in trees:
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                own[node.name] = node
            elif not isinstance(node, ast.ClassDef):
                found |= _calls(node)
    todo = list(found)
    while todo:
        function = own.pop(todo.pop(), None)
        if function is not None:
            more = _calls(function) - found
            found |= more
            todo.extend(more)
    return found


def _calls(tree: ast.AST) -> set[str]:
    return {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def _test_functions(trees: Sequence[ast.Module]) -> list[str]:
    """Functions without parameters that pytest would run."""
    return [
        node.name
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test")
        and not node.args.args
    ]


def _test_classes(trees: Sequence[ast.Module]) -> list[str]:
    """Classes that descend from TestCase within the tests."""
    found: list[str] = []
    for tree in trees:
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base) for base in node.bases}
                cases = {"TestCase", "unittest.TestCase"}
                if bases & cases or bases & set(found):
                    found.append(node.name)
    return found

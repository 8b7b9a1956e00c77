"""Extractor `response_assertions`: assertions in a recorded response become tests.

A response of self-oss-instruct, shortened; its last block is the test:

    ```python                          ```python
    def double(n):                     assert double(2) == 4
        return 2 * n                   assert double(0) == 0
    ```                                ```

Assertions alone are a test each. A block with anything else between them (a variable,
a loop, an object that changes) is one test, as it stands.
"""

import ast
from collections import Counter
from dataclasses import dataclass, field

from fusemill.prompts.tests.extracted import Extracted, NoTests
from fusemill.prompts.tests.reference import blocks, parsed
from fusemill.prompts.tests.scopes import bound_names, free_names, is_mentioned

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITION = (*_FUNCTION, ast.ClassDef)
_IMPORT = (ast.Import, ast.ImportFrom)


@dataclass
class _Parts:
    """What the blocks of a text hold, in order."""

    solution: list[ast.stmt] = field(default_factory=list)
    tests: list[list[ast.stmt]] = field(default_factory=list)  # a list a text of tests


def response_tests(
    statement: str, reference: str, named: str | None, prompt: str
) -> Extracted | NoTests:
    """Tests out of the code blocks of a statement; pure and deterministic.

    `statement` holds the assertions (a response, with the instruction in front where
    that has some too), `reference` the solution. What the tests need of an answer must
    be named in `prompt`: nobody can guess the name of a function.
    """
    solution = _parts(reference).solution
    if not any(isinstance(node, _DEFINITION) for node in solution):
        return NoTests("the reference defines nothing")
    found = _parts(statement).tests
    if not found:
        return NoTests("no assertion")
    tests: dict[str, list[str]] = {}  # text → what it calls
    lost: list[str] = []
    for body in found:
        text, called, why = _test(body, solution, prompt)
        if why is None:
            tests.setdefault(text, called)
        else:
            lost.append(why)
    if not tests:
        return NoTests(lost[0])
    calls = Counter(name for called in tests.values() for name in called[:1])
    entry = calls.most_common(1)[0][0] if named is None else named
    if entry not in {name for called in tests.values() for name in called}:
        return NoTests(f"no assertion calls {entry}")
    code = "\n\n".join(ast.unparse(node) for node in solution) + "\n"
    return Extracted(tuple(tests), entry, None, code, tuple(lost))


def _parts(text: str) -> _Parts:
    parts = _Parts()
    for block in blocks(text):
        tree = parsed(block)
        if tree is not None:
            _take(_opened(tree.body), parts)
    return parts


def _opened(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements, with those of `if __name__ == "__main__"` in its place."""
    opened: list[ast.stmt] = []
    for node in body:
        is_main = isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
        opened += node.body if is_main and isinstance(node, ast.If) else [node]
    return opened


def _take(body: list[ast.stmt], parts: _Parts) -> None:
    """Sort the statements of one block: the solution, and its tests below it."""
    testing = [i for i, node in enumerate(body) if _is_testing(node)]
    defined = [
        i
        for i, node in enumerate(body)
        if isinstance(node, _DEFINITION) and i not in testing
    ]
    if not testing:
        start = len(body)
    elif defined:
        # Variables below the last definition belong to the tests.
        start = min(testing[0], defined[-1] + 1)
    else:
        start = 0
    above = [node for i, node in enumerate(body) if i < start or i in defined]
    below = [node for i, node in enumerate(body) if i >= start and i not in defined]
    parts.solution += [node for node in above if not isinstance(node, ast.Expr)]
    below = [node for node in below if not _is_runner(node)]
    if all(
        isinstance(node, ast.Assert | ast.Import | ast.ImportFrom) for node in below
    ):
        imports = [node for node in below if isinstance(node, _IMPORT)]
        asserted = [node for node in below if isinstance(node, ast.Assert)]
        parts.tests += [[*imports, node] for node in asserted]
    else:
        parts.tests.append(below)


def _is_runner(node: ast.stmt) -> bool:
    """Whether a statement only starts a test runner, which a test does itself."""
    return isinstance(node, ast.Expr) and ast.unparse(node.value).startswith(
        ("unittest.main(", "pytest.main(")
    )


def _is_testing(node: ast.stmt) -> bool:
    """Whether a top-level statement tests, rather than being part of the solution."""
    if isinstance(node, _FUNCTION):
        return node.name.lower().startswith("test") and _asserts(node)
    if isinstance(node, ast.ClassDef):
        return any("TestCase" in ast.unparse(base) for base in node.bases)
    return _asserts(node)


def _asserts(node: ast.stmt) -> bool:
    return any(isinstance(inner, ast.Assert) for inner in ast.walk(node))


def _test(
    body: list[ast.stmt], solution: list[ast.stmt], prompt: str
) -> tuple[str, list[str], str | None]:
    """A test's text, what it calls of the solution in order, and why it is no test."""
    defined = {n.name for n in solution if isinstance(n, _DEFINITION)}
    body = _called([node for node in body if not _is_own_import(node, defined)])
    wanted = free_names(body)
    called = [name for name in wanted if name in defined]
    needed = set(wanted) - defined
    imports = [
        n for n in solution if isinstance(n, _IMPORT) and needed & bound_names(n)
    ]
    imported = {name for node in imports for name in bound_names(node)}
    text = "\n".join(ast.unparse(node) for node in [*imports, *body])
    if not called:
        return text, [], "an assertion that calls nothing of the reference"
    unknown = sorted(needed - imported)
    if unknown:
        return text, called, f"an assertion needs `{unknown[0]}`, which is no function"
    hidden = [*called, *_members(body, solution, set(called))]
    unnamed = [name for name in hidden if not is_mentioned(name, prompt)]
    if unnamed:
        return text, called, f"the prompt does not name `{unnamed[0]}`"
    return text, called, None


def _is_own_import(node: ast.stmt, defined: set[str]) -> bool:
    """`from solution import double`: there is no such module, the name is there."""
    return isinstance(node, ast.ImportFrom) and bound_names(node) <= defined


def _called(body: list[ast.stmt]) -> list[ast.stmt]:
    """The body, with a call of every test function that nothing in it calls."""
    functions = [n.name for n in body if isinstance(n, ast.FunctionDef)]
    loose = [n for n in body if not isinstance(n, ast.FunctionDef)]
    uncalled = [name for name in functions if name not in free_names(loose)]
    calls = [ast.parse(f"{name}()").body[0] for name in uncalled]
    return [*body, *calls]


def _members(
    body: list[ast.stmt], solution: list[ast.stmt], called: set[str]
) -> list[str]:
    """Attributes of the called classes that the tests use, without `__special__`."""
    own: set[str] = set()
    for node in solution:
        if isinstance(node, ast.ClassDef) and node.name in called:
            for inner in ast.walk(node):
                if isinstance(inner, _FUNCTION):
                    own.add(inner.name)
                elif (
                    isinstance(inner, ast.Attribute)
                    and ast.unparse(inner.value) == "self"
                ):
                    own.add(inner.attr)
    used = [n.attr for s in body for n in ast.walk(s) if isinstance(n, ast.Attribute)]
    return [name for name in dict.fromkeys(used) if name in own and name[:2] != "__"]

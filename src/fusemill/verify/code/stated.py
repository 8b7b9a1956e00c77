"""Variables of tests that only say what is expected: ``want = [1, 2]``.

Their literal can be changed where it is bound, so that no frame holds the true one.
"""

import ast
from collections import Counter

from fusemill.verify.code.asserts import expected_side, is_literal

EQUAL = frozenset(
    f"assert{kind}"
    for kind in (
        *("Equal", "Equals", "AlmostEqual", "AlmostEquals", "CountEqual"),
        *("ListEqual", "TupleEqual", "DictEqual", "SetEqual", "SequenceEqual"),
        *("MultiLineEqual", "ItemsEqual"),
    )
)
"""Assertions of unittest that compare two values."""


def stated_once(tests: ast.AST, answered: frozenset[str]) -> frozenset[str]:
    """Names bound once, to a literal, and read only as what is expected.

    >>> tests = ast.parse("want = 4\\nx = 2\\nassert f(x) == want")
    >>> sorted(stated_once(tests, frozenset({"f"})))
    ['want']
    """
    names = [node for node in ast.walk(tests) if isinstance(node, ast.Name)]
    n_bound = Counter(n.id for n in names if isinstance(n.ctx, ast.Store))
    n_read = Counter(n.id for n in names if isinstance(n.ctx, ast.Load))
    n_expected = Counter(expected_names(tests, answered))
    literal = {
        node.targets[0].id
        for node in ast.walk(tests)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and is_literal(node.value)
    }
    return frozenset(
        name
        for name in literal
        if n_bound[name] == 1 and n_expected[name] == n_read[name] > 0
    )


def expected_names(tests: ast.AST, answered: frozenset[str]) -> list[str]:
    """Names that stand, whole, where a test says what it expects."""
    found: list[str] = []
    for node in ast.walk(tests):
        sides: tuple[ast.expr, ast.expr] | None = None
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare):
            test = node.test
            if len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
                sides = test.left, test.comparators[0]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in EQUAL:
            sides = (node.args[0], node.args[1]) if len(node.args) >= 2 else None
        if sides:
            stated = sides[expected_side(*sides, answered)]
            if isinstance(stated, ast.Name):
                found.append(stated.id)
    return found

"""Tests as syntax: whose value each expression is, and asserts that say what they saw.

``assert f(2) == 4`` becomes ``assert _tests_.compare("Eq", f(2), 4, 1)``: the recorder
notes both values, so that a failure can say what was expected (side 1, the right one)
and what was got. `_tests_` is a `Recorder` of recorder.py.
"""

import ast
from collections.abc import Iterable

from fusemill.verify.code.recorder import RECORDER
from fusemill.verify.code.source import free_names


def answered_names(tree: ast.AST, seeds: Iterable[str] = ()) -> frozenset[str]:
    """Names whose values come from the answer, directly or through assignments.

    Those are names that the tests do not bind, the parameter of ``check``, `seeds`, and
    whatever is bound to an expression that reads one of these.

    >>> tree = ast.parse("x = f(1)\\nwant = 2\\nassert x == want")
    >>> sorted(answered_names(tree))
    ['f', 'x']
    """
    names = free_names(tree) | set(seeds)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "check":
            names.update(argument.arg for argument in node.args.args)
    bindings = [pair for node in ast.walk(tree) for pair in _bindings(node)]
    while True:
        n_before = len(names)
        for target, value in bindings:
            if mentions(value, names):
                names.update(_stored(target))
        if len(names) == n_before:
            return frozenset(names)


def _bindings(node: ast.AST) -> list[tuple[ast.AST, ast.AST]]:
    if isinstance(node, ast.Assign):
        return [(target, node.value) for target in node.targets]
    if isinstance(node, ast.AnnAssign | ast.AugAssign) and node.value is not None:
        return [(node.target, node.value)]
    if isinstance(node, ast.For | ast.comprehension):
        return [(node.target, node.iter)]
    if isinstance(node, ast.NamedExpr):
        return [(node.target, node.value)]
    if isinstance(node, ast.withitem) and node.optional_vars is not None:
        return [(node.optional_vars, node.context_expr)]
    return []


def _stored(target: ast.AST) -> set[str]:
    """Names of a target; ``self.x`` counts as the name ``x`` of attributes."""
    found = set()
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
    return found


def mentions(node: ast.AST, names: Iterable[str]) -> bool:
    """Whether the expression reads one of the names (or such an attribute of self)."""
    wanted = frozenset(names)
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner.id in wanted:
            return True
        if isinstance(inner, ast.Attribute) and inner.attr in wanted:
            owner = inner.value
            if isinstance(owner, ast.Name) and owner.id == "self":
                return True
    return False


def is_literal(node: ast.AST) -> bool:
    """Whether the expression is a value written out, containers included.

    >>> is_literal(ast.parse("[-1, {'a': (2.5,)}]", mode="eval").body)
    True
    """
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def expected_side(left: ast.expr, right: ast.expr, answered: frozenset[str]) -> int:
    """0 or 1: which side of a comparison states what is expected.

    A literal beside no literal; else the side without a value of the answer's; else
    the right one.
    """
    literal = is_literal(left), is_literal(right)
    if literal[0] != literal[1]:
        return 0 if literal[0] else 1
    theirs = mentions(left, answered), mentions(right, answered)
    return 0 if theirs == (False, True) else 1


def recorder_call(method: str, *arguments: ast.expr) -> ast.Call:
    """``_tests_.method(*arguments)``."""
    owner = ast.Name(RECORDER, ast.Load())
    function = ast.Attribute(owner, method, ast.Load())
    return ast.Call(function, list(arguments), [])


class _Watched(ast.NodeTransformer):
    def __init__(self, answered: frozenset[str]) -> None:
        self._answered = answered

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        test = node.test
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            left, right = test.left, test.comparators[0]
            side = expected_side(left, right, self._answered)
            operator = ast.Constant(type(test.ops[0]).__name__)
            call = recorder_call("compare", operator, left, right, ast.Constant(side))
            node.test = ast.copy_location(call, test)
        elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            call = recorder_call("saw", test.operand, ast.Constant(False))
            test.operand = ast.copy_location(call, test)
        else:
            call = recorder_call("saw", test, ast.Constant(True))
            node.test = ast.copy_location(call, test)
        return node


def watched(tree: ast.Module, answered: frozenset[str]) -> ast.Module:
    """The same tests, whose asserts tell the recorder what they saw. Changes `tree`."""
    changed = _Watched(answered).visit(tree)
    assert isinstance(changed, ast.Module)
    return ast.fix_missing_locations(changed)

"""The second run's tests: what they expect is changed, so that every one must fail.

``assert candidate(2) == 4`` may become ``assert candidate(2) == 1730553``, inside a
``try`` that tells the recorder whether the test still passed. An answer that computes
its values fails all of them. One that returns an object equal to everything, or that
reads what is expected from the frame above it, or that has patched ``assertEqual``,
passes where it must not. Literals are changed in the code itself, since they could be
read from there; other expected values when the test runs.

What is no comparison is turned round: ``assert f(x)`` becomes ``assert not f(x)``.

All of them come twice, as they stand and in another order: an answer that finds what is
expected by its place finds it in the one, one that counts its calls in the other.
"""

import ast
import random
from collections.abc import Sequence

from fusemill.verify.code.asserts import (
    answered_names,
    expected_side,
    is_literal,
    recorder_call,
    watched,
)
from fusemill.verify.code.closeness import other_closeness, other_distance
from fusemill.verify.code.literals import other_literal
from fusemill.verify.code.stated import EQUAL, stated_once

# Assertions of unittest that have an opposite.
OPPOSITE = {
    "assertTrue": "assertFalse",
    "assertFalse": "assertTrue",
    "assertIsNone": "assertIsNotNone",
    "assertIsNotNone": "assertIsNone",
    "assertIs": "assertIsNot",
    "assertIsNot": "assertIs",
    "assertIn": "assertNotIn",
    "assertNotIn": "assertIn",
    "assertIsInstance": "assertNotIsInstance",
    "assertNotIsInstance": "assertIsInstance",
    "assertNotEqual": "assertEqual",
    "assertNotAlmostEqual": "assertAlmostEqual",
    "assertGreater": "assertLessEqual",
    "assertGreaterEqual": "assertLess",
    "assertLess": "assertGreaterEqual",
    "assertLessEqual": "assertGreater",
    "assertRegex": "assertNotRegex",
    "assertNotRegex": "assertRegex",
}
RAISES = frozenset(
    ("assertRaises", "assertRaisesRegex", "assertWarns", "assertWarnsRegex")
)
_OPERATORS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
}


def changed_tests(
    trees: Sequence[ast.Module], seed: int, shuffled: bool = False
) -> ast.Module | None:
    """All tests as one module, each assertion changed and tried by itself.

    None if there is nothing to change. shuffled: asserts that follow each other and
    may change places do. The trees are used up.
    """
    rng = random.Random(seed)  # noqa: S311 the order of tests is no secret
    whole = ast.Module([node for tree in trees for node in tree.body], [])
    changer = _Changer(whole, rng, shuffled)
    answered = answered_names(whole)
    changer.visit(whole)
    # Constants come in the same order as in the first run: who reads the last one
    # from the frame of a test reads what is expected in both.
    return watched(whole, answered) if changer.n_changed else None


class _Changer(ast.NodeTransformer):
    """Replaces assertions statement by statement."""

    def __init__(self, tests: ast.Module, rng: random.Random, shuffled: bool) -> None:
        self._answered = answered_names(tests)
        self._rng = rng
        self._stated = stated_once(tests, self._answered)
        self._order_free = False
        self._shuffled = shuffled
        self.n_changed = 0

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                self._shuffle(block)
        return node

    def _shuffle(self, block: list[ast.stmt]) -> None:
        start = 0
        for end in range(len(block) + 1):
            if end == len(block) or not hasattr(block[end], "order_free"):
                run = block[start:end]
                self._rng.shuffle(run)
                block[start:end] = run
                start = end + 1

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        outer, self._stated = self._stated, stated_once(node, self._answered)
        self.generic_visit(node)
        self._stated = outer
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        self._order_free = False
        test = self._changed(node.test)
        if test is None:
            return node
        made = self._tried(ast.Assert(test, None), node)
        if self._order_free and self._shuffled:
            made.order_free = True  # type: ignore[attr-defined]
        return made

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        call = node.value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            return node
        changed = self._changed_call(call, call.func)
        return self._tried(ast.Expr(changed), node) if changed else node

    def visit_With(self, node: ast.With) -> ast.stmt:
        for item in node.items:
            call = item.context_expr
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr in RAISES
                and call.args
            ):
                call.args[0] = recorder_call("never")
                return self._tried(node, node)
        self.generic_visit(node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """``expected = [1, 2]``, where nothing but assertions reads it."""
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id in self._stated:
            node.value = other_literal(node.value, self._rng)
        return node

    def _tried(self, changed: ast.stmt, node: ast.stmt) -> ast.Try:
        self.n_changed += 1
        handler = ast.ExceptHandler(None, None, [ast.Expr(recorder_call("fell"))])
        held = ast.Expr(recorder_call("held"))
        return ast.copy_location(ast.Try([changed], [handler], [held], []), node)

    def _changed_call(self, call: ast.Call, function: ast.Attribute) -> ast.Call | None:
        """An assertion of unittest as one that must fail; None for other calls."""
        name, arguments = function.attr, list(call.args)
        if name in EQUAL and len(arguments) >= 2:
            side = expected_side(arguments[0], arguments[1], self._answered)
            if is_literal(arguments[1 - side]):
                return None  # two literals test nothing
            arguments[side] = self._other(arguments[side])
        elif name in ("assertTrue", "assertFalse") and arguments:
            holds = arguments[0]
            if name == "assertFalse":
                holds = ast.UnaryOp(ast.Not(), holds)
            changed = self._changed(holds)
            if changed is None:
                return None
            name, arguments[0] = "assertTrue", changed
        elif name in RAISES and len(arguments) >= 2:
            arguments[0] = recorder_call("never")
        elif name == "assertIn" and len(arguments) >= 2 and is_literal(arguments[0]):
            arguments[0] = other_literal(arguments[0], self._rng, all_items=True)
        elif name in OPPOSITE and arguments:
            name = OPPOSITE[name]
        else:
            return None
        method = ast.Attribute(function.value, name, ast.Load())
        return ast.copy_location(ast.Call(method, arguments, call.keywords), call)

    def _changed(self, test: ast.expr) -> ast.expr | None:
        """A condition that is false where `test` is true; None for constants."""
        if is_literal(test):
            return None
        if isinstance(test, ast.BoolOp):
            return self._changed_parts(test)
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return test.operand
        if isinstance(test, ast.Compare):
            return self._changed_comparison(test)
        if isinstance(test, ast.Call) and other_closeness(test, self._rng):
            return test
        return ast.UnaryOp(ast.Not(), test)

    def _changed_parts(self, test: ast.BoolOp) -> ast.expr | None:
        """``a and b``: one of them suffices. ``a or b``: all of them, or it holds."""
        values = [self._changed(value) or value for value in test.values]
        return ast.BoolOp(test.op, values)

    def _changed_comparison(self, test: ast.Compare) -> ast.expr | None:
        if len(test.ops) > 1:
            return self._reversed(test)
        left, operator, right = test.left, test.ops[0], test.comparators[0]
        if isinstance(operator, ast.Eq):
            sides = [left, right]
            side = expected_side(left, right, self._answered)
            sides[side] = self._other(sides[side])
            return ast.Compare(sides[0], [operator], [sides[1]])
        if isinstance(operator, ast.In):
            for i, expression in enumerate((left, right)):
                if is_literal(expression):
                    sides = [left, right]
                    sides[i] = other_literal(expression, self._rng, all_items=True)
                    return ast.Compare(sides[0], [operator], [sides[1]])
        if isinstance(operator, ast.Lt | ast.LtE) and other_distance(
            left, self._answered, self._rng
        ):
            return test
        return self._reversed(test)

    def _reversed(self, test: ast.Compare) -> ast.Compare:
        """Each operator's opposite: of ``0 <= x < 9``, ``0 > x >= 9``."""
        made: list[ast.cmpop] = []
        for operator in test.ops:
            opposite = _OPERATORS.get(type(operator), ast.NotEq)
            made.append(opposite())
        return ast.Compare(test.left, made, test.comparators)

    def _other(self, stated: ast.expr) -> ast.expr:
        """What a test expects, changed: a literal here, anything else when it runs."""
        if isinstance(stated, ast.Name) and stated.id in self._stated:
            return stated  # its assignment is changed
        if is_literal(stated):
            # What was expected of one call may be true of the next: only a value
            # that no call has can stand before either.
            value = getattr(stated, "value", None)
            self._order_free = not isinstance(value, bool)
            return other_literal(stated, self._rng)
        if isinstance(stated, ast.Call) and _rebuilds(stated):
            changed = other_literal(stated.args[0], self._rng)
            return ast.Call(stated.func, [changed, *stated.args[1:]], stated.keywords)
        return recorder_call("other", stated)


_REBUILDERS = frozenset(
    ("set", "frozenset", "tuple", "list", "dict", "sorted", "Counter", "Decimal")
)


def _rebuilds(call: ast.Call) -> bool:
    """Whether it is like ``set([1, 2])``: of another literal it gives another value."""
    return (
        isinstance(call.func, ast.Name)
        and call.func.id in _REBUILDERS
        and len(call.args) >= 1
        and isinstance(call.args[0], ast.List | ast.Tuple | ast.Dict | ast.Constant)
        and is_literal(call.args[0])
    )

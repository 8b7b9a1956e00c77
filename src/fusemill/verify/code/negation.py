"""Test conditions made false, for an answer whose values are true ones.

``f(2) == 4`` becomes ``f(2) == 5``, ``assertIn`` becomes ``assertNotIn``.
Literals are changed in the code, other expected values when the test runs, and what is
no comparison is turned round: ``f(x)`` becomes ``not f(x)``.
"""

import ast
import random

from fusemill.verify.code.asserts import expected_side, is_literal, recorder_call
from fusemill.verify.code.closeness import other_closeness, other_distance
from fusemill.verify.code.literals import How, other_literal
from fusemill.verify.code.stated import EQUAL

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


N_TRIES = 20
"""Near values that are tried before a far one is taken."""


def constants(tree: ast.AST) -> set[str]:
    """The constants of a tree, as texts.

    >>> sorted(constants(ast.parse("f(1) == [2, 'a']")))
    ["'a'", '1', '2']
    """
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {repr(node.value) for node in nodes}


class Negation:
    """Makes conditions of one function's tests false. Uses up what it is given.

    answered: names whose values come from the answer. stated: names of variables that
    are changed where they are bound. taken: constants of the tests, to which those put
    in are added: a near one is none of them, or the constants of a function would move,
    and who reads the last one would no longer read what is expected. order_free:
    whether the last condition stays false wherever it stands among others.
    """

    def __init__(
        self,
        answered: frozenset[str],
        stated: frozenset[str],
        rng: random.Random,
        taken: set[str],
    ) -> None:
        self._taken = taken
        self._answered = answered
        self._stated = stated
        self._rng = rng
        self.order_free = False

    def call(self, call: ast.Call, function: ast.Attribute) -> ast.Call | None:
        """An assertion of unittest as one that must fail; None for other calls."""
        name, arguments = function.attr, list(call.args)
        if name in EQUAL and len(arguments) >= 2:
            side = expected_side(arguments[0], arguments[1], self._answered)
            if is_literal(arguments[1 - side]):
                return None  # two literals test nothing
            how: How = "far" if "Almost" in name else "near"
            arguments[side] = self._other(arguments[side], how)
        elif name in ("assertTrue", "assertFalse") and arguments:
            holds = arguments[0]
            if name == "assertFalse":
                holds = ast.UnaryOp(ast.Not(), holds)
            changed = self.condition(holds)
            if changed is None:
                return None
            name, arguments[0] = "assertTrue", changed
        elif name in RAISES and len(arguments) >= 2:
            arguments[0] = recorder_call("never")
        elif name == "assertIn" and len(arguments) >= 2 and is_literal(arguments[0]):
            arguments[0] = other_literal(arguments[0], self._rng, "every")
        elif name in OPPOSITE and arguments:
            name = OPPOSITE[name]
        else:
            return None
        method = ast.Attribute(function.value, name, ast.Load())
        return ast.copy_location(ast.Call(method, arguments, call.keywords), call)

    def condition(self, test: ast.expr) -> ast.expr | None:
        """A condition that is false where `test` is true; None for constants."""
        if is_literal(test):
            return None
        if isinstance(test, ast.BoolOp):
            return self._parts(test)
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return test.operand
        if isinstance(test, ast.Compare):
            return self._comparison(test)
        if isinstance(test, ast.Call) and other_closeness(test, self._rng):
            return test
        return ast.UnaryOp(ast.Not(), test)

    def _parts(self, test: ast.BoolOp) -> ast.expr | None:
        """``a and b``: one of them suffices. ``a or b``: all of them, or it holds."""
        values = [self.condition(value) or value for value in test.values]
        return ast.BoolOp(test.op, values)

    def _comparison(self, test: ast.Compare) -> ast.expr | None:
        if len(test.ops) > 1:
            return self._reversed(test)
        left, operator, right = test.left, test.ops[0], test.comparators[0]
        if isinstance(operator, ast.Eq):
            sides = [left, right]
            side = expected_side(left, right, self._answered)
            sides[side] = self._other(sides[side], "near")
            return ast.Compare(sides[0], [operator], [sides[1]])
        if isinstance(operator, ast.In):
            for i, expression in enumerate((left, right)):
                if is_literal(expression):
                    sides = [left, right]
                    sides[i] = other_literal(expression, self._rng, "every")
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

    def other(self, stated: ast.expr, how: How) -> ast.expr:
        """Another literal in the place of a literal."""
        for _ in range(N_TRIES if how == "near" else 0):
            found = other_literal(stated, self._rng, "near")
            new = constants(found) - constants(stated)
            if self._taken.isdisjoint(new):
                self._taken |= new
                return found
        return other_literal(stated, self._rng, how if how == "every" else "far")

    def _other(self, stated: ast.expr, how: How) -> ast.expr:
        """What a test expects, changed: a literal here, anything else when it runs."""
        if isinstance(stated, ast.Name) and stated.id in self._stated:
            return stated  # its assignment is changed
        if is_literal(stated):
            # What is expected of one call may be true of another: of truth values
            # it is so often that they stay where they are.
            value = getattr(stated, "value", None)
            self.order_free = not isinstance(value, bool)
            return self.other(stated, how)
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

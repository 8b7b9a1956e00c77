"""Tests that two numbers are close, with another number in the place of the stated one.

Both functions change the expression in place and return whether they could.
"""

import ast
import random

from fusemill.verify.code.asserts import expected_side, is_literal
from fusemill.verify.code.literals import other_literal

_CLOSE = frozenset(("isclose", "allclose", "array_equal", "isequal"))


def other_distance(
    left: ast.expr, answered: frozenset[str], rng: random.Random
) -> bool:
    """``abs(f(x) - 1.5)``, as in ``abs(f(x) - 1.5) < 1e-6``."""
    if not isinstance(left, ast.Call) or len(left.args) != 1:
        return False
    inner = left.args[0]
    if not isinstance(inner, ast.BinOp) or not isinstance(inner.op, ast.Sub):
        return False
    side = expected_side(inner.left, inner.right, answered)
    stated = inner.right if side else inner.left
    if not is_literal(stated):
        return False
    other = other_literal(stated, rng)
    inner.left, inner.right = (inner.left, other) if side else (other, inner.right)
    return True


def other_closeness(test: ast.Call, rng: random.Random) -> bool:
    """``math.isclose(f(x), 1.5)`` and NumPy's tests of that kind."""
    name = getattr(test.func, "attr", getattr(test.func, "id", ""))
    if name not in _CLOSE:
        return False
    for i, argument in enumerate(test.args[:2]):
        if is_literal(argument):
            test.args[i] = other_literal(argument, rng)
            return True
    return False

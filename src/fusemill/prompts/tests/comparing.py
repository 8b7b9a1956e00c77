"""Assertions: what a call gives beside what the example says it gives."""

from fusemill.prompts.tests.literals import Unreadable, Value

TOLERANCE = 1e-05
"""LeetCode's own for numbers with a fraction ("within 10^-5 of the actual value")."""


def comparison(call: str, expected: Value, *, any_order: bool = False) -> str:
    """The assertion that an expression equals a value.

    Lists without an order are compared sorted, and so are the lists in them where that
    leaves them apart; sorting is by `repr`, so that anything sorts.

    >>> comparison("f(1)", [2, 3])
    'assert f(1) == [2, 3]'
    >>> comparison("f(1)", [3, 2], any_order=True)
    'assert sorted(f(1), key=repr) == [2, 3]'
    >>> comparison("f(1)", 0.5)
    'assert abs(f(1) - 0.5) <= 1e-05'
    """
    if expected is None:
        return f"assert {call} is None"
    if _has_fraction(expected):
        return _within(call, expected)
    if any_order and isinstance(expected, list) and expected:
        return _unordered(call, expected)
    return f"assert {call} == {expected!r}"


def _within(call: str, expected: Value) -> str:
    if isinstance(expected, float):
        return f"assert abs({call} - {expected!r}) <= {TOLERANCE!r}"
    if not all(isinstance(v, int | float) for v in expected):
        raise Unreadable("numbers with a fraction among other values")
    return (
        f"got = {call}\n"
        f"expected = {expected!r}\n"
        "assert len(got) == len(expected)\n"
        f"assert all(abs(a - b) <= {TOLERANCE!r} for a, b in zip(got, expected))"
    )


def _unordered(call: str, expected: list[Value]) -> str:
    if all(isinstance(part, list) for part in expected):
        parts = [sorted(part, key=repr) for part in expected]
        # [[1, 2], [2, 1]]: what tells the parts apart is their order.
        if len({repr(part) for part in parts}) == len(parts):
            inner = f"(sorted(part, key=repr) for part in {call})"
            return f"assert sorted({inner}, key=repr) == {sorted(parts, key=repr)!r}"
    return f"assert sorted({call}, key=repr) == {sorted(expected, key=repr)!r}"


def _has_fraction(value: Value) -> bool:
    if isinstance(value, list):
        return any(_has_fraction(one) for one in value)
    return isinstance(value, float)

"""Another literal of the same kind: what a test expects in the second run.

Example: ``[1, 2]`` may become ``[1, 4310006]``. The new value differs from the old one
by ``==``, by far for numbers, so that no tolerance bridges it.
"""

import ast
import math
import random
from collections.abc import Callable
from typing import Any

STEPS = range(1_000_003, 9_000_017)


def other_literal(
    node: ast.expr, rng: random.Random, all_items: bool = False
) -> ast.expr:
    """A literal that differs from the literal `node`; one item of a container does.

    all_items: every item does (for tests like ``f(x) in [1, 2]``).
    """
    value = ast.literal_eval(node)
    found = _other(value, rng, all_items)
    assert found != value
    return ast.copy_location(_expression(found), node)


def _other(value: Any, rng: random.Random, every: bool) -> Any:
    for kind, change in _CHANGES:
        if isinstance(value, kind):
            return change(value, rng, every)
    return _letters(rng)  # for None and Ellipsis


def _other_integer(value: int, rng: random.Random, _every: bool) -> int:
    return value + rng.choice(STEPS) + abs(value) // 2


def _other_float(value: float, rng: random.Random, _every: bool) -> float:
    if not math.isfinite(value):
        return 0.5 + rng.choice(STEPS)
    if abs(value) > 1e300:  # beyond it the sum could overflow
        return value / rng.choice(STEPS)
    return value + rng.choice(STEPS) + 0.5 + abs(value) / 2


def _letters(rng: random.Random) -> str:
    return "~" + "".join(rng.choices("bcdfghjklmnpqrstvwxz", k=6))


def _other_items(value: Any, rng: random.Random, every: bool) -> Any:
    items = list(value)
    kind = type(value)
    if not items:
        return kind([rng.choice(STEPS)])
    if every:
        return kind([_other(item, rng, every) for item in items])
    place = rng.randrange(len(items))
    items[place] = _other(items[place], rng, every)
    changed = kind(items)
    # {1, True} and the like: the change may have met another item
    return changed if changed != value else kind([*items, rng.choice(STEPS)])


def _other_dict(value: dict[Any, Any], rng: random.Random, every: bool) -> Any:
    if not value:
        return {_letters(rng): rng.choice(STEPS)}
    keys = list(value)
    changed = dict(value)
    for key in keys if every else [rng.choice(keys)]:
        changed[key] = _other(changed[key], rng, every)
    return changed


_CHANGES: tuple[tuple[Any, Callable[[Any, random.Random, bool], Any]], ...] = (
    (bool, lambda value, _rng, _every: not value),
    (int, _other_integer),
    (float, _other_float),
    (complex, lambda value, rng, _every: value + rng.choice(STEPS)),
    (str, lambda value, rng, _every: value + _letters(rng)),
    (bytes, lambda value, rng, _every: value + _letters(rng).encode()),
    ((list, tuple, set, frozenset), _other_items),
    (dict, _other_dict),
)


def _expression(value: Any) -> ast.expr:
    """The expression for a value, without a text of it between (sets, infinities)."""
    if isinstance(value, list):
        return ast.List([_expression(item) for item in value], ast.Load())
    if isinstance(value, tuple):
        return ast.Tuple([_expression(item) for item in value], ast.Load())
    if isinstance(value, set | frozenset):
        return ast.Set([_expression(item) for item in value])
    if isinstance(value, dict):
        keys: list[ast.expr | None] = [_expression(key) for key in value]
        return ast.Dict(keys, [_expression(item) for item in value.values()])
    return ast.Constant(value)

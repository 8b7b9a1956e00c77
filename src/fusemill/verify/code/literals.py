"""Another literal of the same kind: what a test expects in the second run.

Example: ``[1, 2]`` may become ``[1, 3]`` (near) or ``[1, 4310006]`` (far). The new
value differs from the old one by ``==``: a near one looks as if it might be true, so
that nobody tells by looks which is; a far one no tolerance bridges.
"""

import ast
import math
import random
import string
from collections.abc import Callable
from typing import Any, Literal

How = Literal["near", "far", "every"]
"""every: far, and every item of a container."""

STEPS = range(1_000_003, 9_000_017)


def other_literal(node: ast.expr, rng: random.Random, how: How = "far") -> ast.expr:
    """A literal that differs from the literal `node`; one item of a container does.

    how: far for tests with a tolerance, every for tests like ``f(x) in [1, 2]``.
    """
    value = ast.literal_eval(node)
    found = _other(value, rng, how)
    assert found != value
    return ast.copy_location(_expression(found), node)


def _other(value: Any, rng: random.Random, how: How) -> Any:
    for kind, change in _CHANGES:
        if isinstance(value, kind):
            return change(value, rng, how)
    # for None and Ellipsis
    return rng.choice((0, False, "")) if how == "near" else _letters(rng)


def _other_integer(value: int, rng: random.Random, how: How) -> int:
    if how != "near":
        return value + rng.choice(STEPS) + abs(value) // 2
    step = rng.randint(1, max(3, abs(value) // 10))
    down = rng.random() < 0.5 and not 0 <= value < step  # counts stay counts
    return value - step if down else value + step


def _other_float(value: float, rng: random.Random, how: How) -> float:
    if how == "near" and (near := _near_float(value, rng)) != value:
        return near
    if not math.isfinite(value):
        return 0.5 + rng.choice(STEPS)
    if abs(value) > 1e300:  # beyond it the sum could overflow
        return value / rng.choice(STEPS)
    return value + rng.choice(STEPS) + 0.5 + abs(value) / 2


def _near_float(value: float, rng: random.Random) -> float:
    """As many decimals, and 5 % to 40 % away: ``pytest.approx`` may stand around it."""
    text = repr(value)
    if "." not in text or "e" in text:
        return value
    if value.is_integer():
        return float(_other_integer(int(value), rng, "near"))
    share = rng.choice((-1, 1)) * rng.uniform(0.05, 0.4)
    n_decimals = len(text.partition(".")[2])
    near = round(value * (1 + share), n_decimals)
    return near if near != value else round(value + 10**-n_decimals, n_decimals)


def _other_text(value: str, rng: random.Random, how: How) -> str:
    if how != "near":
        return value + _letters(rng)
    if not value:
        return rng.choice(string.ascii_lowercase)
    place = rng.randrange(len(value))
    before, letter, after = value[:place], value[place], value[place + 1 :]
    for letters in (string.ascii_lowercase, string.ascii_uppercase, string.digits):
        if letter in letters:
            return before + rng.choice(letters.replace(letter, "")) + after
    return before + after


def _other_bytes(value: bytes, rng: random.Random, how: How) -> bytes:
    return _other_text(value.decode("latin-1"), rng, how).encode("latin-1")


def _small(rng: random.Random, how: How) -> int:
    return rng.randrange(10) if how == "near" else rng.choice(STEPS)


def _letters(rng: random.Random) -> str:
    return "~" + "".join(rng.choices("bcdfghjklmnpqrstvwxz", k=6))


def _other_items(value: Any, rng: random.Random, how: How) -> Any:
    items = list(value)
    kind = type(value)
    if not items:
        return kind([_small(rng, how)])
    if how == "every":
        return kind([_other(item, rng, how) for item in items])
    place = rng.randrange(len(items))
    items[place] = _other(items[place], rng, how)
    changed = kind(items)
    # {1, True} and the like: the change may have met another item
    return changed if changed != value else kind([*items, rng.choice(STEPS)])


def _other_dict(value: dict[Any, Any], rng: random.Random, how: How) -> Any:
    if not value:
        return {_other_text("", rng, how): _small(rng, how)}
    keys = list(value)
    changed = dict(value)
    for key in keys if how == "every" else [rng.choice(keys)]:
        changed[key] = _other(changed[key], rng, how)
    return changed


_CHANGES: tuple[tuple[Any, Callable[[Any, random.Random, How], Any]], ...] = (
    (bool, lambda value, _rng, _how: not value),
    (int, _other_integer),
    (float, _other_float),
    (complex, lambda value, rng, _how: value + rng.choice(STEPS)),
    (str, _other_text),
    (bytes, _other_bytes),
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

"""Parameters of the shipped rules: what values they take.

A rule of one's own may have others, of which nothing is known here.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

VERDICTS = ("passed", "failed", "timeout", "memory", "forbidden", "unparsed", "error")
PAIR_CHOICES = ("best_eligible", "global_best")


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


_Rule = tuple[str, Callable[[Any], bool]]
_GAP: _Rule = ("a number from 0", lambda v: _is_number(v) and v >= 0)
_POINTS: _Rule = ("a number", _is_number)
PARAMETERS: dict[str, _Rule] = {
    "gap_min": _GAP,
    "gap_max": _GAP,
    "sft_share": ("a number from 0 to 1", lambda v: _is_number(v) and 0 <= v <= 1),
    "allow_truncated": ("true or false", lambda v: isinstance(v, bool)),
    "pair_choice": (" or ".join(PAIR_CHOICES), lambda v: v in PAIR_CHOICES),
    "rejected_statuses": (
        f"a list of {', '.join(VERDICTS)}",
        lambda v: isinstance(v, tuple | list) and set(v) <= set(VERDICTS),
    ),
    "test_points": _POINTS,
    "parse_points": _POINTS,
    "unscored_points": ("a number or null", lambda v: v is None or _is_number(v)),
}


def check_parameters(params: Mapping[str, Any]) -> None:
    """ValueError for a value that a rule cannot mean.

    >>> check_parameters({"gap_min": 0.2, "gap_max": 0.1})
    Traceback (most recent call last):
    ValueError: `gap_min` 0.2 is greater than `gap_max` 0.1
    """
    for name, value in params.items():
        if name in PARAMETERS:
            expected, holds = PARAMETERS[name]
            if not holds(value):
                raise ValueError(f"`{name}`: expected {expected}, found {value!r}")
    low, high = params.get("gap_min"), params.get("gap_max")
    if low is not None and high is not None and low > high:
        raise ValueError(f"`gap_min` {low} is greater than `gap_max` {high}")

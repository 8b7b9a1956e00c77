"""What test code tells while it runs: the last values it compared, changed tests.

Standard library only: this runs inside the sandbox, beside code that is not trusted.
"""

import operator
import reprlib
from collections.abc import Callable
from types import TracebackType
from typing import Any

RECORDER = "_tests_"
"""The name under which test code finds its recorder."""

MAX_SHOWN = 200
"""Characters of a value in a report."""

TEST_FILE = "<test "
"""How the file names of test code begin; its number and ``>`` follow."""

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Is": operator.is_,
    "IsNot": operator.is_not,
    "In": lambda left, right: left in right,
    "NotIn": lambda left, right: left not in right,
}


class Never(Exception):
    """Raised by nobody; what a changed ``assertRaises`` waits for."""


class Recorder:
    """The object `_tests_` of test code (asserts.py, changes.py)."""

    def __init__(self) -> None:
        self.seen: tuple[str, Any, Any] | None = None
        self.counts: dict[str, list[int]] = {}

    def compare(self, name: str, left: Any, right: Any, expected: int) -> Any:
        """``left op right``, noted. expected: 0 or 1, the side that says it."""
        stated, got = (left, right) if expected == 0 else (right, left)
        self.seen = name, stated, got
        return _COMPARE[name](left, right)

    def saw(self, value: Any, expected: bool) -> Any:
        """`value`, whose truth an assert tests, noted."""
        self.seen = "Is", expected, value
        return value

    def never(self) -> type[Exception]:
        """An exception that does not come."""
        return Never

    def __getattr__(self, name: str) -> Callable[[], None]:
        """``held_a3()`` and ``fell_a3()`` count what became of assertion a3."""
        kind, _, assertion = name.partition("_")
        if kind not in ("held", "fell"):
            raise AttributeError(name)

        def count() -> None:
            self.counts.setdefault(assertion, [0, 0])[kind == "fell"] += 1

        return count

    def other(self, value: Any) -> Any:
        """A value that equals no `value`, of the same type where that is built in."""
        change = _OTHERS.get(type(value))
        return object() if change is None else change(value)


_STEP = 4_310_007

_OTHERS: dict[type, Callable[[Any], Any]] = {
    bool: lambda v: not v,
    int: lambda v: v + _STEP + abs(v) // 2,
    float: lambda v: v + _STEP + abs(v) / 2 if abs(v) < 1e300 else 0.5,
    str: lambda v: v + "~jqz",
    bytes: lambda v: v + b"~jqz",
    list: lambda v: [*v, _STEP],
    tuple: lambda v: (*v, _STEP),
    set: lambda v: v | {_STEP},
    frozenset: lambda v: v | {_STEP},
    dict: lambda v: {**v, "~jqz": _STEP},
}

_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = MAX_SHOWN
_short.maxlist = _short.maxtuple = _short.maxset = _short.maxdict = 20
_short.maxlevel = 6


# Past a metaclass that has a `__name__` of its own.
_name_of = type.__dict__["__name__"].__get__


def shown(value: Any) -> str:
    """A short text for a value of whatever type, on one line."""
    try:
        text = " ".join(_short.repr(value).split())
    except BaseException as error:
        name, raised = _name_of(type(value)), _name_of(type(error))
        text = f"<{name} whose repr fails: {raised}>"
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def last_line(error: BaseException) -> str:
    """The exception as the last line of its traceback says it.

    >>> last_line(KeyError("a"))
    "KeyError: 'a'"
    """
    try:
        said = " ".join(str(error)[:1000].split())
    except BaseException:
        said = "<no text>"
    name = _name_of(type(error))
    text = f"{name}: {said}" if said else name
    return text if len(text) <= 2 * MAX_SHOWN else text[: 2 * MAX_SHOWN - 1] + "…"


def failure(error: BaseException, recorder: Recorder | None) -> dict[str, Any]:
    """A failed test as a report: where, what was expected and got, what was raised."""
    place, name = None, ""
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if (number := _number_of(name)) is not None:
            place = [number, trace.tb_lineno]
        trace = trace.tb_next
    report: dict[str, Any] = {"place": place, "error": last_line(error)}
    asserted = name.startswith(TEST_FILE) and type(error) is AssertionError
    if recorder is not None and recorder.seen and asserted:
        name, expected, got = recorder.seen
        report["seen"] = [name, shown(expected), shown(got)]
    return report


def _number_of(filename: str) -> int | None:
    """The number of a test's file; None for other code, whatever it is called.

    >>> _number_of("<test 12>"), _number_of("<test x>")
    (12, None)
    """
    number = filename.removeprefix(TEST_FILE)[:-1]
    is_test = filename.startswith(TEST_FILE) and len(number) < 10
    return int(number) if is_test and number.isascii() and number.isdigit() else None

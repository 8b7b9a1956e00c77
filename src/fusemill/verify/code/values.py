"""Values as messages: exact built-in types in JSON, so that nothing of theirs crosses.

Example: ``encode((1, [2.5, "a"]))`` is ``{"t": [1, [2.5, "a"]]}``; ``decode`` gives the
tuple back. What arrives is always of a built-in or standard type, whatever was sent: an
``int`` with an ``__eq__`` of its own arrives as the plain ``int``. None, truth values,
texts, lists, floats and ordinary integers are themselves in JSON; everything else is an
object with one key, its tag.
"""

import collections
import datetime
import decimal
import fractions
import math
import sys
from collections.abc import Callable, Iterable
from typing import Any

MAX_DEPTH = 100
MAX_ITEMS = 500_000
"""Values in one message, counted at every depth."""

_ORDINARY = 1 << 62  # beyond it, Python's own limit of digits in a text could bite


class Unencodable(Exception):
    """No value of ours: a function, an open file, an object of another class."""


class BadMessage(ValueError):
    """What arrived is no message of `encode`: who sends such things is not trusted."""


class Encoder:
    """Values to JSON. other: what stands for any other object; None: it is refused."""

    def __init__(self, other: Callable[[Any], Any] | None = None) -> None:
        self._other = other
        self._n_items = 0

    def encode(self, value: Any, depth: int = 0) -> Any:
        """The message for `value`; Unencodable if it has none, or is too large."""
        kind = type(value)
        if value is None or kind is bool or kind is str:
            return value
        if kind is int or kind is float:
            return _number(value)
        if depth > MAX_DEPTH:
            raise Unencodable(f"a value nested more than {MAX_DEPTH} deep")
        if kind is list:
            return self._items(value, depth)
        write = _WRITE.get(kind, Encoder._derived)
        return write(self, value, depth)

    def _items(self, values: Iterable[Any], depth: int) -> list[Any]:
        encoded = [self.encode(value, depth + 1) for value in values]
        self._n_items += len(encoded)
        if self._n_items > MAX_ITEMS:
            raise Unencodable(f"a value of more than {MAX_ITEMS:,} items")
        return encoded

    def _pairs(self, value: dict[Any, Any], depth: int) -> list[Any]:
        flat = [part for pair in dict.items(value) for part in pair]
        return self._items(flat, depth)

    def _derived(self, value: Any, depth: int) -> Any:
        """A value of a subclass as the built-in that it is; arrays as lists of it."""
        kind = type(value)
        for base, plain in _PLAIN:
            if issubclass(kind, base):
                fields = getattr(kind, "_fields", None)
                if base is tuple and isinstance(fields, tuple):
                    items = self._items(tuple.__iter__(value), depth)
                    return {"n": [kind.__name__, list(fields), items]}
                return self.encode(plain(value), depth + 1)
        if (encoded := _array(self, value, depth)) is not None:
            return encoded
        if kind is type and value in _TYPES:
            return {"T": value.__name__}
        if self._other is None:
            raise Unencodable(f"a {kind.__name__}")
        return self._other(value)


def _number(value: float) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else {"f": repr(value)}
    return value if -_ORDINARY < value < _ORDINARY else {"i": hex(value)}


def _array(encoder: Encoder, value: Any, depth: int) -> Any:
    """A NumPy scalar as Python's, an array with its type; None if it is neither."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if isinstance(value, numpy.generic) and value.dtype.kind in "biufcSU":
        return encoder.encode(value.item(), depth)
    if isinstance(value, numpy.ndarray) and value.dtype.kind in "biufcSU":
        if value.size > MAX_ITEMS:
            raise Unencodable(f"an array of {value.size:,} items")
        return {"np": [value.dtype.str, encoder.encode(value.tolist(), depth)]}
    return None


def encode(value: Any) -> Any:
    """The message for a value of ours; Unencodable if there is none.

    >>> encode({"a": {1}}), encode(float("nan"))
    ({'d': ['a', {'s': [1]}]}, {'f': 'nan'})
    """
    return Encoder().encode(value)


def decode(message: Any, other: Callable[[Any], Any] | None = None) -> Any:
    """The value of a message. other: what makes an object of tag ``h`` (a handle).

    BadMessage for what `encode` never sends.

    >>> decode(encode([(1, 2), b"x", range(3), frozenset("a")]))
    [(1, 2), b'x', range(0, 3), frozenset({'a'})]
    """
    if isinstance(message, list):
        return [decode(item, other) for item in message]
    if not isinstance(message, dict):
        return message
    if len(message) != 1:
        raise BadMessage("a message with several tags")
    ((tag, body),) = message.items()
    if tag == "h" and other is not None:
        return other(body)
    read = _READ.get(tag)
    if read is None:
        raise BadMessage(f"a message with tag {tag!r:.20}")
    try:
        return read(body, other)
    except BadMessage:
        raise
    except (
        *(TypeError, ValueError, LookupError, ArithmeticError),
        *(AttributeError, RecursionError),
    ) as error:
        raise BadMessage(f"a bad message with tag {tag}") from error


_TYPES = (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset)

_PLAIN: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (int, int.__int__),
    (float, float.__float__),
    (str, str.__str__),
    (bytes, lambda v: bytes.__getitem__(v, slice(None))),
    (collections.OrderedDict, lambda v: dict(dict.items(v))),
    (dict, lambda v: dict(dict.items(v))),
    (list, lambda v: list(list.__iter__(v))),
    (tuple, lambda v: tuple(tuple.__iter__(v))),
    (frozenset, lambda v: frozenset(frozenset.__iter__(v))),
    (set, lambda v: set(set.__iter__(v))),
)


def _sequence(tag: str) -> Callable[[Encoder, Any, int], Any]:
    return lambda encoder, value, depth: {tag: encoder._items(value, depth)}


def _mapping(tag: str) -> Callable[[Encoder, Any, int], Any]:
    return lambda encoder, value, depth: {tag: encoder._pairs(value, depth)}


def _time(tag: str) -> Callable[[Encoder, Any, int], Any]:
    """Only fixed offsets survive a text; a zone by name would arrive as another."""

    def write(_encoder: Encoder, value: Any, _depth: int) -> Any:
        zone = getattr(value, "tzinfo", None)
        if zone is not None and type(zone) is not datetime.timezone:
            raise Unencodable("a time with a named zone")
        return {tag: value.isoformat()}

    return write


_WRITE: dict[type, Callable[[Encoder, Any, int], Any]] = {
    tuple: _sequence("t"),
    set: _sequence("s"),
    frozenset: _sequence("z"),
    collections.deque: _sequence("q"),
    type({}.keys()): _sequence("dk"),
    type({}.values()): _sequence("dv"),
    type({}.items()): _sequence("di"),
    dict: _mapping("d"),
    collections.defaultdict: _mapping("d"),
    collections.Counter: _mapping("C"),
    collections.OrderedDict: _mapping("O"),
    bytes: lambda _e, v, _d: {"b": v.hex()},
    bytearray: lambda _e, v, _d: {"y": v.hex()},
    complex: lambda _e, v, _d: {"c": [_number(v.real), _number(v.imag)]},
    range: lambda _e, v, _d: {"r": [hex(v.start), hex(v.stop), hex(v.step)]},
    decimal.Decimal: lambda _e, v, _d: {"D": str(v)},
    fractions.Fraction: lambda _e, v, _d: {"F": [hex(v.numerator), hex(v.denominator)]},
    datetime.datetime: _time("dt"),
    datetime.date: _time("da"),
    datetime.time: _time("ti"),
    datetime.timedelta: lambda _e, v, _d: {"td": [v.days, v.seconds, v.microseconds]},
    type(Ellipsis): lambda _e, _v, _d: {"e": 0},
}

Other = Callable[[Any], Any] | None


def _integer(text: str) -> int:
    return int(text, 16)


def _dictionary(body: list[Any], other: Other) -> dict[Any, Any]:
    flat = [decode(item, other) for item in body]
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _named_tuple(body: list[Any], other: Other) -> Any:
    name, fields, items = body
    kind: Any = collections.namedtuple
    return kind(str(name), fields)(*[decode(item, other) for item in items])


def _numpy_array(body: list[Any], other: Other) -> Any:
    import numpy

    return numpy.array(decode(body[1], other), dtype=numpy.dtype(body[0]))


_READ: dict[str, Callable[[Any, Other], Any]] = {
    "i": lambda b, _o: _integer(b),
    "f": lambda b, _o: float(b),
    "c": lambda b, o: complex(decode(b[0], o), decode(b[1], o)),
    "b": lambda b, _o: bytes.fromhex(b),
    "y": lambda b, _o: bytearray.fromhex(b),
    "t": lambda b, o: tuple(decode(b, o)),
    "s": lambda b, o: set(decode(b, o)),
    "z": lambda b, o: frozenset(decode(b, o)),
    "q": lambda b, o: collections.deque(decode(b, o)),
    "d": _dictionary,
    "dk": lambda b, o: dict.fromkeys(decode(b, o)).keys(),
    "dv": lambda b, o: dict(enumerate(decode(b, o))).values(),
    "di": lambda b, o: dict(decode(b, o)).items(),
    "C": lambda b, o: collections.Counter(_dictionary(b, o)),
    "O": lambda b, o: collections.OrderedDict(_dictionary(b, o)),
    "r": lambda b, _o: range(*[_integer(part) for part in b]),
    "n": _named_tuple,
    "D": lambda b, _o: decimal.Decimal(b),
    "F": lambda b, _o: fractions.Fraction(_integer(b[0]), _integer(b[1])),
    "dt": lambda b, _o: datetime.datetime.fromisoformat(b),
    "da": lambda b, _o: datetime.date.fromisoformat(b),
    "ti": lambda b, _o: datetime.time.fromisoformat(b),
    "td": lambda b, _o: datetime.timedelta(*b),
    "e": lambda _b, _o: Ellipsis,
    "np": _numpy_array,
    "T": lambda b, _o: {kind.__name__: kind for kind in _TYPES}[b],
}

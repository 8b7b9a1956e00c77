"""What crosses between the tester and the answer: values, never behaviour."""

import datetime
import decimal
import enum
import json
import math
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusemill.verify.code.values import (
    MAX_ITEMS,
    BadMessage,
    Unencodable,
    decode,
    encode,
)


def sent(value: Any) -> Any:
    """`value` after a journey as JSON text."""
    return decode(json.loads(json.dumps(encode(value))))


VALUES = [
    *(None, True, False, 0, -1, 2**62, -(2**200), 10**5_000, 0.1, -0.0, 1e308),
    *(math.inf, -math.inf, 1j, "", "é\ud800\x00", b"\xff", bytearray(b"a")),
    *([], [[1, [2]]], (), (1,), ((1, 2), [3]), set(), {1, "a"}, frozenset([(1,)])),
    *({}, {1: "a", (1, 2): [3]}, {"t": 1}, {"h": 1, "b": 2}, range(1, 9, 2)),
    *(Counter("aab"), OrderedDict([(2, 1), (1, 2)]), deque([1, 2]), Ellipsis),
    *(decimal.Decimal("1.50"), Fraction(1, 3), datetime.date(2024, 2, 29)),
    *(datetime.datetime(2024, 1, 2, 3, 4, 5, 6), datetime.timedelta(days=1)),
    *(int, [str, list]),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: f"{type(v).__name__}")
def test_values_arrive_as_they_were(value: Any) -> None:
    arrived = sent(value)
    assert arrived == value
    assert type(arrived) is type(value)


def test_floats_keep_sign_and_nan() -> None:
    assert math.isnan(sent(math.nan))
    assert math.copysign(1, sent(-0.0)) == -1


def test_order_of_items_stays() -> None:
    assert list(sent({3: 1, 1: 2, 2: 3})) == [3, 1, 2]


def test_views_and_defaults() -> None:
    assert sent({1: 2}.keys()) == {1}
    assert list(sent({1: 2}.values())) == [2]
    assert sent({1: 2}.items()) == {(1, 2)}
    assert sent(defaultdict(list, a=[1])) == {"a": [1]}


def test_fields_of_named_tuples() -> None:
    point = sent(namedtuple("Point", "x y")(1, [2]))
    assert point == (1, [2])
    assert point.y == [2]


class Always(int):
    def __eq__(self, _other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


class AlwaysText(str):
    __slots__ = ()
    __eq__ = Always.__eq__
    __hash__ = Always.__hash__


class AlwaysList(list[int]):
    __eq__ = Always.__eq__
    __hash__ = Always.__hash__


class Small(enum.IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Always(7), 7),
        (AlwaysText("a"), "a"),
        (AlwaysList([1]), [1]),
        (Small.ONE, 1),
        ([Always(7)], [7]),
        ({Always(7): AlwaysText("a")}, {7: "a"}),
    ],
)
def test_no_equality_of_theirs_crosses(value: Any, plain: Any) -> None:
    arrived = sent(value)
    assert arrived == plain
    assert arrived != 8
    assert type(arrived) is type(plain)


@pytest.mark.parametrize(
    "value",
    [object(), len, lambda: 1, enum.Enum("Colour", "red").red, iter([1]), Always],
)
def test_what_is_no_value_is_refused(value: Any) -> None:
    with pytest.raises(Unencodable):
        encode(value)


def test_limits() -> None:
    ring: list[Any] = []
    ring.append(ring)
    wide = [0] * (MAX_ITEMS + 1)
    for value in (ring, wide, [wide[: MAX_ITEMS // 2 + 1]] * 2):
        with pytest.raises(Unencodable):
            encode(value)


@pytest.mark.parametrize(
    "message",
    [
        *({"x": 1}, {}, {"t": 1, "s": 2}, {"s": [[1]]}, {"d": [1]}, {"i": "zz"}),
        *({"i": 5}, {"r": [1]}, {"F": ["0x1", "0x0"]}, {"n": ["a b", [], []]}),
        *({"n": 3}, {"b": "0"}, {"dt": "no"}, {"T": "object"}, {"h": 1}, {"td": ["a"]}),
    ],
)
def test_bad_messages_are_told(message: Any) -> None:
    with pytest.raises(BadMessage):
        decode(message)


def test_numpy_scalars_and_arrays() -> None:
    numpy = pytest.importorskip("numpy")
    assert type(sent(numpy.float64(1.5))) is float
    assert type(sent(numpy.bool_(True))) is bool
    arrived = sent(numpy.array([[1, 2], [3, 4]], dtype="int32"))
    assert arrived.dtype == "int32"
    assert arrived.tolist() == [[1, 2], [3, 4]]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner)
    ),
    max_leaves=20,
)


@given(plain)
def test_anything_plain(value: Any) -> None:
    assert sent(value) == value

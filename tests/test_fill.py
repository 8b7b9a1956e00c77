"""fill: when rows are flushed, what an error leaves, and how ids fall to shards."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import pytest

from fusemill import fill as module
from fusemill.errors import FusemillError
from fusemill.fill import ALL, Job, Row, Shard, fill


class Recorded:
    """Stands for a warehouse: what was written, a list a part."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, list[Any]]] = []

    def write(self, table: str, rows: Sequence[Row]) -> None:
        self.parts.append((table, [row["name"] for row in rows]))


def batches(*names: str) -> Iterator[list[Row]]:
    """The names as missing rows, each string a batch."""
    return iter([[{"name": name} for name in batch] for batch in names])


def filled(
    missing: Iterator[list[Row]], work: Any = iter, **limits: float
) -> tuple[Any, list[list[Any]], list[int]]:
    """What fill returned or raised, the parts, and the progress it told."""
    warehouse, told = Recorded(), list[int]()
    job = Job("scores", missing, work, **limits)  # type: ignore[arg-type]
    ended: Any
    try:
        ended = fill(warehouse, job, told.append)  # type: ignore[arg-type]
    except (RuntimeError, KeyboardInterrupt) as error:
        ended = type(error)
    assert all(table == "scores" for table, _ in warehouse.parts)
    return ended, [rows for _, rows in warehouse.parts], told


def test_flush_at_flush_rows() -> None:
    """Across batches too; what is left over comes last."""
    ended, parts, told = filled(batches("abcd", "efg"), flush_rows=3)
    assert ended == 7
    assert parts == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
    assert told == [4, 3]


def test_flush_at_so_many_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FLUSH_CHARACTERS", 5)
    long = [[{"name": name} for name in ("ab", "cde", "f", "ghijkl", "m")]]
    assert filled(iter(long), flush_rows=100)[1] == [
        ["ab", "cde"],
        ["f", "ghijkl"],
        ["m"],
    ]
    rows = [row for batch in long for row in batch]
    assert [len(batch) for batch in module.batches(rows, 2)] == [2, 2, 1]
    assert [len(batch) for batch in module.batches(rows, 100)] == [2, 2, 1]


def test_no_empty_part() -> None:
    assert filled(batches("abc", "def"), flush_rows=3)[1] == [list("abc"), list("def")]
    assert filled(batches()) == (0, [], [])
    assert filled(batches("ab"), lambda rows: iter(())) == (0, [], [2])


def test_flush_at_flush_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands at 0 when it starts, then goes on 2 s with each look at it.

    Looks: after a (2 s), b (4 s), c (6 s, flush; since 8 s), d (2 s since then), …
    """
    clock = itertools.count(0, 2)
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    ended, parts, _ = filled(batches("abcdefg"), flush_rows=100, flush_s=6)
    assert ended == 7
    assert parts == [["a", "b", "c"], ["d", "e", "f"], ["g"]]


def test_flush_at_flush_s_when_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks: start 0, after a 2, after its batch 4, after an empty batch 6: flush."""
    clock = itertools.count(0, 2)
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    given = itertools.chain(batches("a"), [[]], batches("b"))
    assert filled(given, flush_rows=100, flush_s=6)[1] == [["a"], ["b"]]
    clock = itertools.count(0, 2)
    given = itertools.chain(batches("a"), batches("b"))
    assert filled(given, flush_rows=100, flush_s=100)[1] == [["a", "b"]]


def test_flush_s_of_zero_writes_each_row() -> None:
    assert filled(batches("abc"), flush_s=0)[1] == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_rows_before_an_error_are_kept(error: type[BaseException]) -> None:
    def work(rows: Sequence[Row]) -> Iterator[Row]:
        for row in rows:
            if row["name"] == "f":
                raise error
            yield row

    ended, parts, told = filled(batches("abcd", "efg"), work, flush_rows=4)
    assert ended is error
    assert parts == [["a", "b", "c", "d"], ["e"]]
    assert told == [4]


def test_rows_before_an_error_of_the_source_are_kept() -> None:
    """Recorded answers raise while they are read, not in the worker."""

    def missing() -> Iterator[list[Row]]:
        yield from batches("abc")
        raise RuntimeError

    ended, parts, told = filled(missing())
    assert (ended, parts, told) == (RuntimeError, [["a", "b", "c"]], [3])


# The first eight digits decide: 0, 1, 5, 2**31 and 2**32 - 1 by hand.
BY_HAND = {
    "00000000" + "f" * 24: (0, 0, 0),
    "00000001" + "0" * 24: (1, 1, 1),
    "00000005" + "a" * 24: (1, 2, 5),
    "80000000" + "0" * 24: (0, 2, 2),
    "ffffffff" + "0" * 24: (1, 0, 3),
}


@pytest.mark.parametrize(("place", "count"), enumerate((2, 3, 7)))
def test_shards_are_disjoint_and_whole(place: int, count: int) -> None:
    shards = [Shard(index, count) for index in range(count)]
    for id_, by_count in BY_HAND.items():
        ours = [shard.index for shard in shards if shard.has(id_)]
        expected = by_count[place]
        assert ours == [expected], id_


def test_python_and_sql_deal_out_alike() -> None:
    step = 0x9E3779B1  # odd: walks through all of 32 bits
    ids = [f"{n * step % 2**32:08x}{n:024x}" for n in range(2_000)] + [*BY_HAND]
    with duckdb.connect() as con:
        con.execute("create table t as select unnest(?) as some_id", [ids])
        for count in (1, 2, 3, 7):
            dealt: list[str] = []
            for index in range(count):
                shard = Shard(index, count)
                rows = con.execute(
                    f"select some_id from t where {shard.predicate('some_id')}"
                ).fetchall()
                found = [row[0] for row in rows]
                assert sorted(found) == sorted(i for i in ids if shard.has(i))
                assert len(found) > 2_000 / count * 0.8
                dealt += found
            assert sorted(dealt) == sorted(ids)


def test_one_shard_has_everything() -> None:
    assert all(ALL.has(id_) for id_ in BY_HAND)
    assert Shard.parse("0/1") == ALL


@pytest.mark.parametrize(
    "text", ["", "1", "1/1", "2/2", "-1/2", "0/0", "a/b", "0/2/3", " 0/2", "0 / 2"]
)
def test_shard_that_is_none(text: str) -> None:
    with pytest.raises(FusemillError, match="expected i/n with 0 <= i < n"):
        Shard.parse(text)

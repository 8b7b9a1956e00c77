"""`fill`: the one loop of sample, score and verify.

what is missing → worker (rows) → rows → parts. The stages differ only in the query
that says what is missing and in the worker. Killed and started again, the loop ends
with the same keys, each once: what was flushed is no longer missing.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fusemill.durable import point
from fusemill.errors import FusemillError
from fusemill.warehouse import Warehouse

Row = Mapping[str, Any]


class Advance(Protocol):
    """Told how many rows are missing, where that is known, and how many are done."""

    def __call__(self, n: int, /) -> None:
        """So many more rows are done."""

    def expect(self, n: int) -> None:
        """So many rows are missing."""


FLUSH_ROWS = 1_000
FLUSH_S = 5.0
# Rows that can be read again for nothing are written in larger parts.
FLUSH_ROWS_REPLAYED = 20_000
# Whatever their number: rows with long texts must not fill the memory.
FLUSH_CHARACTERS = 64_000_000


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count`: the rows whose id falls to it. Disjoint, and whole."""

    index: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """From `i/n`, counted from 0: `0/4` to `3/4`.

        >>> Shard.parse("1/4")
        Shard(index=1, count=4)
        """
        match = re.fullmatch(r"(\d+)/(\d+)", text)
        if match is None or not int(match[1]) < int(match[2]):
            raise FusemillError(
                f"--shard {text}: expected i/n with 0 <= i < n, for example 0/4"
            )
        return cls(int(match[1]), int(match[2]))

    def has(self, id_: str) -> bool:
        """Whether the row with this id is ours."""
        return int(id_[:8], 16) % self.count == self.index

    def predicate(self, column: str) -> str:
        """The same as SQL over an id column."""
        if self.count == 1:
            return "true"
        return f"('0x' || {column}[1:8])::bigint % {self.count} = {self.index}"


ALL = Shard()


@dataclass(frozen=True)
class Job:
    """What one call of the loop has to do."""

    table: str
    missing: Iterable[Sequence[Row]]  # batches of rows the worker needs
    work: Callable[[Sequence[Row]], Iterable[Row]]
    flush_rows: int = FLUSH_ROWS
    flush_s: float = FLUSH_S


def fill(warehouse: Warehouse, job: Job, advance: Advance) -> int:
    """Work through what is missing and record it; returns how many rows came.

    Flushes at `flush_rows` rows, `flush_s` seconds or FLUSH_CHARACTERS, and on the way
    out whatever ended it: an error of the worker or an interrupt loses nothing that had
    arrived. The time is looked at after each row and each batch, an empty one too.
    """
    buffer = _Buffer(warehouse, job)
    try:
        for batch in job.missing:
            for row in job.work(batch):
                buffer.add(row)
            buffer.flush_in_time()
            advance(len(batch))
    finally:
        buffer.write()
    return buffer.count


class _Buffer:
    """Rows that have come and are in no part yet."""

    def __init__(self, warehouse: Warehouse, job: Job) -> None:
        self._warehouse, self._job = warehouse, job
        self._rows: list[Row] = []
        self._weight, self._since = 0, time.monotonic()
        self.count = 0  # rows written

    def add(self, row: Row) -> None:
        self._rows.append(row)
        self._weight += n_characters(row)
        if len(self._rows) >= self._job.flush_rows or self._weight >= FLUSH_CHARACTERS:
            self._flush()
        else:
            self.flush_in_time()

    def flush_in_time(self) -> None:
        if self._rows and time.monotonic() - self._since >= self._job.flush_s:
            self._flush()

    def _flush(self) -> None:
        self.write()
        point(f"{self._job.table}.flushed")
        self._since = time.monotonic()

    def write(self) -> None:
        if self._rows:
            self._warehouse.write(self._job.table, self._rows)
            self.count += len(self._rows)
            self._rows, self._weight = [], 0


def batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Rows in lists of at most `size`, fewer where their texts are long.

    >>> [len(b) for b in batches(iter([{}, {}, {}]), 2)]
    [2, 1]
    """
    batch: list[Row] = []
    weight = 0
    for row in rows:
        batch.append(row)
        weight += n_characters(row)
        if len(batch) == size or weight >= FLUSH_CHARACTERS:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def n_characters(value: object) -> int:
    """Characters of all texts in a row, nested ones too.

    >>> n_characters({"text": "four", "messages": [{"content": "two"}], "draw": 7})
    7
    """
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(map(n_characters, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(n_characters, value))
    return 0

"""Shards: a split of many bytes is several files, cut at the same rows every time.

    sft/train.parquet                   one file keeps the plain name
    sft/train-00000-of-00003.parquet    the first of three, in order of rows

A split's lineage is cut at the same rows, so that row i of any of its files is
explained by row i of the lineage file of that name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from fusemill.errors import ReleaseError
from fusemill.release.parquet import sql_of

SHARD_BYTES = 500_000_000  # of texts, before compression


@dataclass(frozen=True)
class Shard:
    """Rows `first` to `last` of a split, both in, and where among how many they are."""

    first: int
    last: int
    position: int
    n_shards: int

    def name(self, stem: str) -> str:
        """A file of this shard.

        >>> Shard(0, 9, 0, 1).name("sft/train"), Shard(5, 9, 1, 2).name("sft/train")
        ('sft/train.parquet', 'sft/train-00001-of-00002.parquet')
        """
        return shard_name(stem, self.position, self.n_shards)


def shard_name(stem: str, position: int, n_shards: int) -> str:
    """The name of a file of a split, in its folder's own words."""
    which = f"-{position:05}-of-{n_shards:05}" if n_shards > 1 else ""
    return f"{stem}{which}.parquet"


def shards_of(
    con: duckdb.DuckDBPyConnection, split: str, most_bytes: int
) -> list[Shard]:
    """How a split is cut, from the tables that `data.prepare` made; none without rows.

    As many shards as its bytes take, of about even size. A row is never cut, so one
    shard may hold more than `most_bytes`.
    """
    rows = con.execute(
        sql_of("shards"), {"split_of": split, "most_bytes": most_bytes}
    ).fetchall()
    return [Shard(first, last, i, len(rows)) for i, (first, last) in enumerate(rows)]


def files_of(names: Iterable[str], stem: str) -> list[str]:
    """The files of a split among `names`, in order of rows; maybe none.

    ReleaseError where a shard is missing.

    >>> files_of(["dpo/test.parquet", "dpo/train.parquet"], "dpo/train")
    ['dpo/train.parquet']
    """
    pattern = re.compile(rf"{re.escape(stem)}(-\d{{5}}-of-(\d{{5}}))?\.parquet")
    found = sorted(name for name in names if pattern.fullmatch(name))
    for name in found:
        of = pattern.fullmatch(name)
        n_shards = int(of[2]) if of and of[2] else 1
        if len(found) != n_shards:
            raise ReleaseError(
                f"{stem}: expected {n_shards} files, as {name} says, found "
                f"{len(found)}: {', '.join(found)}"
            )
    return found


def split_of(name: str) -> str | None:
    """The config and split that a file is of, None for one that holds no rows of any.

    >>> split_of("dpo/train-00001-of-00002.parquet"), split_of("README.md")
    ('dpo/train', None)
    """
    pattern = r"((?:sft|dpo|responses)/(?:train|test))(?:-\d{5}-of-\d{5})?\.parquet"
    found = re.fullmatch(pattern, name)
    return found[1] if found else None

"""Parts: the append-only Parquet files that are the truth.

`warehouse/parts/<table>/<uuidv7>-<sha256 of the file>.parquet`. Any process on any
machine may add one; none is ever changed.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fusemill.durable import (
    make_folder,
    place,
    point,
    sha256_file,
    storage,
    temporary_name,
    uuid7,
    write_text,
)
from fusemill.errors import PartError
from fusemill.warehouse.schema import SCHEMA_KEY, SCHEMA_VERSION, TABLES

Row = Mapping[str, Any]
_NAME = re.compile(r"^[0-9a-f-]{36}-(?P<sha256>[0-9a-f]{64})\.parquet$")


@dataclass(frozen=True)
class Part:
    """One file of one table; `name` is what a snapshot remembers of it."""

    table: str
    path: Path

    @property
    def name(self) -> str:
        """`<table>/<file>`, the same wherever the warehouse lies."""
        return f"{self.table}/{self.path.name}"


def write_part(parts: Path, table: str, rows: Iterable[Row]) -> Part | None:
    """Write rows as one part, durably; None where there are no rows.

    A column that is not given is null. Raises StorageError when the disk refuses,
    and then nothing of it is left to read.
    """
    schema = TABLES[table]
    data = pa.Table.from_pylist(list(rows), schema=schema)
    return write_table(parts, table, data) if data.num_rows else None


def write_table(parts: Path, table: str, data: pa.Table) -> Part:
    """Write an Arrow table as one part, durably; columns that it lacks are null."""
    folder = parts / table
    for field in TABLES[table]:
        if field.name not in data.column_names:
            data = data.append_column(field, pa.nulls(data.num_rows, field.type))
    data = data.select(TABLES[table].names)
    with storage(folder):
        make_folder(folder)
        temporary = temporary_name(folder / "part")
        try:
            point("part.started")
            schema = TABLES[table].with_metadata({SCHEMA_KEY: str(SCHEMA_VERSION)})
            with temporary.open("wb") as file:
                pq.write_table(
                    data.cast(schema), file, compression="zstd", row_group_size=16_384
                )
            final = folder / f"{uuid7()}-{sha256_file(temporary)}.parquet"
            place(temporary, final, "part")
        finally:
            temporary.unlink(missing_ok=True)
    return Part(table, final)


def list_parts(parts: Path) -> list[Part]:
    """Every part of every table that no merged part replaces, by table and name."""
    replaced = _replaced(parts)
    return [part for part in _all_parts(parts) if part.name not in replaced]


def replaced_parts(parts: Path) -> list[Part]:
    """Parts whose rows a later part holds; nothing reads them any more."""
    replaced = _replaced(parts)
    return [part for part in _all_parts(parts) if part.name in replaced]


def write_replacement(
    parts: Path, table: str, data: pa.Table, old: Sequence[Part]
) -> Part:
    """Write one part in place of others: first the part, then the note that says so.

    Killed in between, both are there, and equal keys count once.
    """
    new = write_table(parts, table, data)
    note = {"part": new.name, "replaces": [part.name for part in old]}
    path = parts.parent / "replaced" / f"{new.path.stem[:36]}.json"
    write_text(path, json.dumps(note), "replacement")
    return new


def _replaced(parts: Path) -> set[str]:
    names: set[str] = set()
    # Latest first: a merged part that was merged again still hides what it replaced.
    for path in sorted((parts.parent / "replaced").glob("*.json"), reverse=True):
        note = json.loads(path.read_text(encoding="utf-8"))
        if (parts / note["part"]).exists() or note["part"] in names:
            names.update(note["replaces"])
    return names


def _all_parts(parts: Path) -> list[Part]:
    found: list[Part] = []
    for table in TABLES:
        folder = parts / table
        if folder.is_dir():
            names = sorted(e.name for e in os.scandir(folder) if _is_data(e.name))
            found += [Part(table, folder / name) for name in names]
    return found


def _is_data(name: str) -> bool:
    return name.endswith(".parquet") and not name.startswith(".")


def check_part(part: Part) -> None:
    """PartError where the file does not match its name or has a newer schema."""
    match = _NAME.match(part.path.name)
    if match is None:
        raise PartError(
            f"{part.path}: not a part's name; expected <uuidv7>-<sha256>.parquet. "
            "Move the file out of the warehouse"
        )
    found = sha256_file(part.path)
    if found != match["sha256"]:
        raise PartError(
            f"{part.path}: altered or torn: its name says sha256 "
            f"{match['sha256'][:12]}…, its bytes are {found[:12]}…. Restore it from "
            "a copy, or move it away: its rows then count as missing"
        )
    metadata = pq.read_schema(part.path).metadata or {}
    version = int(metadata.get(SCHEMA_KEY, b"0"))
    if version > SCHEMA_VERSION:
        raise PartError(
            f"{part.path}: written with schema version {version}; this fusemill "
            f"reads up to {SCHEMA_VERSION}. Upgrade fusemill"
        )

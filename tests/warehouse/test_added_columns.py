"""Parts written before a column was added: read by name, the column null, and kept."""

import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from small_project import SmallProject

COLUMN = "excluded_why"


def without_column(project: SmallProject) -> int:
    """Take the column out of every part that has it, as if written before; how many."""
    folder = project.root / "warehouse" / "parts" / "prompts"
    parts = sorted(folder.glob("*.parquet"))
    for part in parts:
        data = pq.read_table(part).drop_columns([COLUMN])
        temporary = part.with_suffix(".old")
        pq.write_table(data.replace_schema_metadata(data.schema.metadata), temporary)
        digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
        temporary.rename(part.with_name(f"{part.name[:36]}-{digest}.parquet"))
        part.unlink()
    return len(parts)


@pytest.fixture
def older(whole: SmallProject) -> SmallProject:
    """A finished project whose prompt parts lack the column."""
    assert without_column(whole) > 0
    return whole


def columns(path: Path) -> list[str]:
    return pq.read_schema(path).names


def test_a_snapshot_is_built_with_the_column_null(older: SmallProject) -> None:
    before = older.outcomes()
    older.ok("warehouse", "rebuild")
    (row,) = older.ask(f"select count(*) as n, count({COLUMN}) as given from prompts")
    assert row["n"] > 0
    assert row["given"] == 0
    assert older.outcomes() == before


def test_merging_old_parts_adds_it(older: SmallProject) -> None:
    older.ok("warehouse", "compact")
    folder = older.root / "warehouse" / "parts" / "prompts"
    merged = max(folder.glob("*.parquet"))
    assert COLUMN in columns(merged)
    older.ok("warehouse", "gc")
    older.ok("warehouse", "fsck")

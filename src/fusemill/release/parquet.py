"""Writing one data file of a release: ordered, with codec and row groups set here."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import duckdb

from fusemill.durable import storage

COPY_OPTIONS = "format parquet, codec 'zstd', compression_level 3, row_group_size 20480"


def copy(
    con: duckdb.DuckDBPyConnection,
    query: str,
    folder: Path,
    name: str,
    written: dict[str, int],
    params: Mapping[str, object] | None = None,
) -> None:
    """COPY an ordered query to a file; a query without rows leaves none."""
    path = folder / name
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    target = str(path).replace("'", "''")
    copied = con.execute(
        f"copy ({query}) to '{target}' ({COPY_OPTIONS})", dict(params or {})
    ).fetchall()[0][0]
    if copied:
        written[name] = int(copied)
    else:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def sql_of(name: str) -> str:
    """Text of one of this package's statements."""
    folder = resources.files("fusemill.release")
    return folder.joinpath(f"{name}.sql").read_text()

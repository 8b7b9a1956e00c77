"""The sides of a comparison: a selection, the current ones, or a release.

Each becomes rows of one shape, (set, source_row) with outcome, ids, source model,
score, gap and lengths, and says what each set of it follows from.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb

from fusemill.errors import FusemillError
from fusemill.identity import current_selection
from fusemill.progress import Progress
from fusemill.project.project import Project
from fusemill.release.pull import pull
from fusemill.release.registry import read_lineage
from fusemill.release.shards import files_of
from fusemill.warehouse.snapshot import quoted

MadeOf = Mapping[str, Any]  # see identity.made_of; empty where it was not recorded


@dataclass(frozen=True)
class Side:
    """One side: its name, and by set what it follows from."""

    name: str
    sets: dict[str, MadeOf]
    is_one_selection: bool = False


def load_side(
    project: Project, con: duckdb.DuckDBPyConnection, name: str, table: str
) -> Side:
    """Make temp table `table` of what `name` means; FusemillError where it is nothing.

    `name` is `current`, a release (`1.0.0`, or as `find_release` takes it), or a
    selection_id or the beginning of one.
    """
    if name == "current":
        return _current(project, con, table)
    own = f"{project.file.release.name}/{name}"
    for asked in (name,) if "@" in name else (own, name):
        folder = find_release(project.workdir, asked)
        if folder is not None:
            return load_release(con, name, folder, table)
    found = con.execute(
        "select selection_id, set from selections where starts_with(selection_id, ?)",
        [name],
    ).fetchall()
    if len(found) != 1:
        many = f"{len(found)} selections begin so" if found else "there is none"
        raise FusemillError(
            f"{name}: expected `current`, a release such as 1.0.0, or the beginning of "
            f"one selection_id; {many}. `fusemill sql 'select set, selection_id, "
            "is_current from selections'` lists selections"
        )
    _load(con, [(found[0][1], found[0][0])], table)
    return Side(name, {found[0][1]: _made_of(con, found[0][0])}, True)


def find_release(
    workdir: Path, asked: str, progress: Progress | None = None
) -> Path | None:
    """Folder of the release that `NAME@VERSION`, `NAME/VERSION` or a path names.

    None where there is none of that name in `workdir`, and no folder there that is
    one; but a pin is pulled, with ReleaseError where that cannot be.
    """
    for folder in (workdir / "releases" / asked.replace("@", "/"), Path(asked)):
        if (folder / "lineage" / "lineage.json").is_file():
            return folder
    return pull(asked, workdir=workdir, progress=progress) if "@" in asked else None


def _current(project: Project, con: duckdb.DuckDBPyConnection, table: str) -> Side:
    named = [(b.set, current_selection(project, b, con)) for b in project.active]
    ids = [(set_, id_) for set_, id_ in named if id_ is not None]
    ids = [(set_, id_) for set_, id_ in ids if _is_there(con, id_)]
    if not ids:
        raise FusemillError(
            "current: nothing was selected over the data as it is now; run "
            "`fusemill select`"
        )
    _load(con, ids, table)
    return Side("current", {set_: _made_of(con, id_) for set_, id_ in ids})


def _is_there(con: duckdb.DuckDBPyConnection, selection_id: str) -> bool:
    query = "select 1 from selections where selection_id = ?"
    return con.execute(query, [selection_id]).fetchone() is not None


def _load(
    con: duckdb.DuckDBPyConnection, ids: list[tuple[str, str]], table: str
) -> None:
    for i, (_, id_) in enumerate(ids):
        query = f"create or replace temp table used as {sql_of('used')}"
        con.execute(query, {"selection": id_})
        measure(con, table, append=i > 0)


def measure(con: duckdb.DuckDBPyConnection, table: str, *, append: bool) -> None:
    """Make `table`, or add to it, from temp table `used`."""
    verb = f"insert into {table}" if append else f"create or replace temp table {table}"
    con.execute(f"{verb} {'' if append else 'as'} {sql_of('measured')}")


def load_release(
    con: duckdb.DuckDBPyConnection, name: str, folder: Path, table: str
) -> Side:
    """Make temp table `table` of the release in `folder`, from its files alone."""
    views = {
        "outcomes": "lineage/outcomes",
        "sft_ids": "lineage/sft_train",
        "dpo_ids": "lineage/dpo_train",
        "sft_data": "sft/train",
        "dpo_data": "dpo/train",
    }
    there = [str(path.relative_to(folder)) for path in folder.glob("*/*.parquet")]
    sql = sql_of("released")
    empty = {
        "sft_ids": "set varchar, source_row bigint, source_model varchar, "
        "response_id varchar, score double",
        "dpo_ids": "set varchar, source_row bigint, source_model varchar, "
        "chosen_id varchar, rejected_id varchar, score double, gap decimal(18, 6)",
        "sft_data": "messages struct(role varchar, content varchar)[]",
        "dpo_data": "chosen struct(role varchar, content varchar)[], "
        "rejected struct(role varchar, content varchar)[]",
    }
    for view, stem in views.items():
        name_here = f"{table}_{view}"
        # Rows of one number belong together: the same row of the same shard.
        shards = [
            f"select *, file_row_number + ({i}::bigint << 32) as number "
            f"from read_parquet({quoted(folder / file)})"
            for i, file in enumerate(files_of(there, stem))
        ]
        if shards:
            con.execute(f"create temp view {name_here} as {' union all '.join(shards)}")
        else:
            con.execute(f"create temp table {name_here} ({empty[view]}, number bigint)")
        for verb in ("from", "join"):
            sql = sql.replace(f"{verb} {view} as", f"{verb} {name_here} as")
    con.execute(f"create or replace temp table {table} as {sql}")
    lineage = read_lineage(folder)
    return Side(name, {one["set"]: one.get("made_of", {}) for one in lineage["sets"]})


def _made_of(con: duckdb.DuckDBPyConnection, selection_id: str) -> MadeOf:
    query = "select details from audits where selection_id = ? and suite = 'selection'"
    row = con.execute(query, [selection_id]).fetchone()
    found = json.loads(row[0]).get("made_of", {}) if row else {}
    return dict(found)


def sql_of(name: str) -> str:
    """Text of one of this package's statements."""
    return resources.files("fusemill.ask").joinpath(f"{name}.sql").read_text()

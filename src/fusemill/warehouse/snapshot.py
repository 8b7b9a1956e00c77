"""The snapshot: an immutable DuckDB file built from the parts, and swapped by rename.

Keys, scores and verdicts are tables, texts are views over an explicit list of parts.
Building and rebuilding are this one function; nobody opens a snapshot for writing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from fusemill.durable import link, make_folder, place, storage, temporary_name
from fusemill.ids import H
from fusemill.warehouse.connection import connect
from fusemill.warehouse.parts import Part, check_part
from fusemill.warehouse.schema import SCHEMA_VERSION, TABLES

# In the order they are made: later ones read earlier ones.
MADE = (
    "retractions",
    "prompts",
    "plan",
    "configs",
    "responses",
    "retracted_responses",
    "asked",
    "scores",
    "verdicts",
    "content",
    "outcomes",
    "sft",
    "dpo",
    "audits",
)
KEYS = {
    "responses": ("prompt_id", "config_hash", "draw"),
    "scores": ("prompt_id", "text_id", "scorer_hash"),
    "verdicts": ("text_id", "check_id", "checker_hash"),
}


@dataclass(frozen=True)
class DeclaredSet:
    """A prompt set as the project declares it now."""

    set: str
    position: int  # in the project's order; the first keeps a duplicate
    reading_id: str
    n_prompts: int | None


@dataclass(frozen=True)
class Declared:
    """What the snapshot needs to know of the project."""

    sets: tuple[DeclaredSet, ...]
    sampling_seed: int
    # A snapshot → rows (set, selection_id): the selections that the declarations name
    # over exactly its content. The key says when they change.
    selections: Callable[[duckdb.DuckDBPyConnection], Sequence[tuple[str, str]]]
    selections_key: str
    trial: str | None = None  # what bounds it, where it is made for a trial

    @property
    def plan_id(self) -> str:
        """Id of what the table `plan` follows from, beside the parts."""
        sets = [[s.set, s.position, s.reading_id, s.n_prompts] for s in self.sets]
        return H("plan", sets, self.sampling_seed)


def snapshot_digest(root: Path, parts: Sequence[Part], declared: Declared) -> str:
    """Name of the snapshot over these parts and declarations, at this place."""
    names = sorted(part.name for part in parts)
    named = [declared.plan_id, declared.selections_key, declared.trial]
    views = ("response_texts", "prompt_texts", "answers", "selections")
    tables = {name: _sql(name) for name in (*MADE, *views)}
    return H("snapshot", SCHEMA_VERSION, tables, str(root), names, named)


def check_parts(parts: Sequence[Part], known: Mapping[str, str]) -> dict[str, str]:
    """Stamps of the parts, whose digests hold.

    `known` maps parts that were checked before to their stamps; only others have
    their digest checked (PartError).
    """
    stamps = {part.name: stamp(part) for part in parts}
    for part in parts:
        if known.get(part.name) != stamps[part.name]:
            check_part(part)
    return stamps


def build(
    root: Path,
    parts: Sequence[Part],
    declared: Declared,
    stamps: Mapping[str, str],
    *,
    afresh: bool = False,
) -> Path:
    """Build the snapshot of checked `parts` and point the link at it.

    `afresh`: although it is there. Returns the snapshot's path.
    """
    digest = snapshot_digest(root, parts, declared)
    final = root / "snapshots" / f"{digest}.duckdb"
    if afresh or not final.exists():
        with storage(final):
            make_folder(final.parent)
            temporary = temporary_name(final)
            try:
                _write(temporary, root, parts, declared, stamps)
                place(temporary, final, "snapshot")
            finally:
                temporary.unlink(missing_ok=True)
                temporary.with_name(temporary.name + ".wal").unlink(missing_ok=True)
    link(root / "warehouse.duckdb", f"snapshots/{final.name}", "snapshot")
    return final


def stamp(part: Part) -> str:
    """Size and modification time: what tells that a checked part may have changed."""
    info = part.path.stat()
    return f"{info.st_size}-{info.st_mtime_ns}"


def _write(
    path: Path,
    root: Path,
    parts: Sequence[Part],
    declared: Declared,
    stamps: Mapping[str, str],
) -> None:
    with connect(path) as con:
        con.execute("set preserve_insertion_order = false")
        con.execute("set temp_directory = ?", [str(root / "tmp")])
        con.execute("set enable_progress_bar = false")
        by_table = {t: [p for p in parts if p.table == t] for t in TABLES}
        for table, files in by_table.items():
            _part_view(con, table, files)
        _declare(con, declared)
        for table in KEYS:
            con.execute(
                f"create temp table repeated_{table} as select key_hash from "
                f"part_{table} group by key_hash having count(*) > 1"
            )
        for table in MADE:
            params = {"sampling_seed": declared.sampling_seed}
            made = f"create table {table} as {_sql(table)}"
            con.execute(made, params if table == "plan" else {})
        _text_views(con, by_table)
        _describe(con, root, parts, declared, stamps)
        con.execute("checkpoint")


def _sql(table: str) -> str:
    folder = resources.files("fusemill.warehouse")
    return folder.joinpath(f"tables/{table}.sql").read_text()


def quoted(path: Path) -> str:
    """A path as a SQL string."""
    return "'" + str(path).replace("'", "''") + "'"


def scan(files: Sequence[Part]) -> str:
    """SQL that reads these parts by column name, with file_index and row number."""
    paths = ", ".join(quoted(p.path) for p in files)
    return f"read_parquet([{paths}], union_by_name = true)"


def _part_view(
    con: duckdb.DuckDBPyConnection, table: str, files: Sequence[Part]
) -> None:
    """`part_<table>`: all rows of all parts, as they are, with where they lie."""
    columns = ", ".join(_columns(con, table, files))
    key = f", hash({', '.join(KEYS[table])}) as key_hash" if table in KEYS else ""
    if files:
        con.execute(
            f"create temp view part_{table} as select {columns}, file_index, "
            f"file_row_number{key} from {scan(files)}"
        )
        return
    con.register("no_rows", TABLES[table].empty_table())
    con.execute(
        f"create temp table part_{table} as select {columns}, 0 as file_index, "
        f"0 as file_row_number{key} from no_rows"
    )
    con.unregister("no_rows")


def _columns(
    con: duckdb.DuckDBPyConnection, table: str, files: Sequence[Part]
) -> list[str]:
    """Columns of a table as SQL over its parts; one that was added since is null."""
    names = TABLES[table].names
    if not files or set(names) <= set(pq.read_schema(files[-1].path).names):
        return [f'"{name}"' for name in names]
    there = con.execute(f"describe select * from {scan(files)}").fetchall()
    present = {row[0] for row in there}
    con.register("no_rows", TABLES[table].empty_table())
    types = [row[1] for row in con.execute("describe no_rows").fetchall()]
    con.unregister("no_rows")
    return [
        f'"{name}"' if name in present else f'null::{kind} as "{name}"'
        for name, kind in zip(names, types, strict=True)
    ]


def _declare(con: duckdb.DuckDBPyConnection, declared: Declared) -> None:
    con.execute(
        "create table declared_sets "
        '("set" varchar, position integer, reading_id varchar, n_prompts bigint)'
    )
    for s in declared.sets:
        row = [s.set, s.position, s.reading_id, s.n_prompts]
        con.execute("insert into declared_sets values (?, ?, ?, ?)", row)


def _text_views(
    con: duckdb.DuckDBPyConnection, by_table: Mapping[str, Sequence[Part]]
) -> None:
    """Views that read texts from the parts, and one that joins everything."""
    for name, table in (("response_texts", "responses"), ("prompt_texts", "prompts")):
        source = scan(by_table[table]) if by_table[table] else f"no_{table}"
        if not by_table[table]:
            con.register("no_rows", TABLES[table].empty_table())
            con.execute(
                f"create table {source} as select *, 0 as file_index, "
                "0 as file_row_number from no_rows"
            )
            con.unregister("no_rows")
        query = _sql(name).replace("parts_of_this_snapshot", source)
        con.execute(f"create view {name} as {query}")
    con.execute(f"create view answers as {_sql('answers')}")


def _describe(
    con: duckdb.DuckDBPyConnection,
    root: Path,
    parts: Sequence[Part],
    declared: Declared,
    stamps: Mapping[str, str],
) -> None:
    """Tables `parts`, `selections` and `meta`: what this snapshot is of."""
    con.execute("create table parts (part varchar, stamp varchar)")
    names = [[part.name, stamps[part.name]] for part in parts]
    if names:
        con.executemany("insert into parts values (?, ?)", names)
    con.execute("create table meta (key varchar, value varchar)")
    meta = {
        "schema_version": str(SCHEMA_VERSION),
        "root": str(root),
        "plan_id": declared.plan_id,
        "trial": declared.trial,
    }
    con.executemany("insert into meta values (?, ?)", sorted(meta.items()))
    con.execute('create temp table named ("set" varchar, selection_id varchar)')
    for row in declared.selections(con):
        con.execute("insert into named values (?, ?)", list(row))
    con.execute(f"create table selections as {_sql('selections')}")

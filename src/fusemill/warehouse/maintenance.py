"""Looking after a warehouse: rebuild, compact, fsck, gc, export, retract."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fusemill.durable import place, point, storage, temporary_name
from fusemill.errors import FusemillError, PartError, WarehouseError
from fusemill.warehouse.connection import connect
from fusemill.warehouse.parts import (
    Part,
    check_part,
    list_parts,
    replaced_parts,
    write_replacement,
)
from fusemill.warehouse.schema import TABLES
from fusemill.warehouse.snapshot import quoted, scan

if TYPE_CHECKING:
    from fusemill.project.project import Project
    from fusemill.warehouse.warehouse import Warehouse

SMALL_BYTES = 64 * 2**20  # parts below this are merged
MERGED_BYTES = 256 * 2**20  # up to about this size, since they are sorted in memory
LEFTOVER_S = 24 * 3600  # a temporary file this old belongs to no living process
# Rows of one prompt or text together, so that reading one touches little.
CLUSTER = {
    "prompts": "set, source_row",
    "responses": "prompt_id, config_hash, draw, response_id",
    "scores": "prompt_id, text_id, scorer_hash",
    "verdicts": "text_id, check_id, checker_hash",
    "outcomes": "selection_id, set, source_row",
}


def rebuild(project: "Project") -> Path:
    """The snapshot, made again from the parts as they lie."""
    from fusemill.identity import declared

    current = project.warehouse.refresh(declared(project), afresh=True)
    for path in current.parent.glob("*.duckdb"):
        if path != current:
            path.unlink()
    return current


def compact(project: "Project") -> list[tuple[str, int, int]]:
    """Merge each table's small parts; returns (table, parts before, after).

    The merged parts stay until gc, out of every later snapshot.
    """
    from fusemill.identity import declared

    warehouse = project.warehouse
    done = []
    for table in TABLES:
        parts = [p for p in list_parts(warehouse.parts) if p.table == table]
        groups = [group for group in _groups(parts) if len(group) > 1]
        for group in groups:
            _merge(warehouse, table, group)
        if groups:
            n_fewer = sum(len(group) - 1 for group in groups)
            done.append((table, len(parts), len(parts) - n_fewer))
    warehouse.refresh(declared(project))
    return done


def _groups(parts: list[Part]) -> Iterator[list[Part]]:
    """The small ones among parts, in groups of at most MERGED_BYTES."""
    group: list[Part] = []
    n_bytes = 0
    for part in parts:
        size = part.path.stat().st_size
        if size >= SMALL_BYTES:
            continue
        if group and n_bytes + size > MERGED_BYTES:
            yield group
            group, n_bytes = [], 0
        group.append(part)
        n_bytes += size
    yield group


def _merge(warehouse: "Warehouse", table: str, parts: list[Part]) -> None:
    for part in parts:
        check_part(part)
    order = CLUSTER.get(table, "all")
    with connect() as con:
        rows = con.sql(f"select * from {scan(parts)} order by {order}")
        write_replacement(warehouse.parts, table, rows.to_arrow_table(), parts)


def fsck(warehouse: "Warehouse") -> tuple[int, list[str]]:
    """Check every part; returns how many, and what is wrong with which."""
    parts = list_parts(warehouse.parts)
    problems = []
    for part in parts:
        try:
            check_part(part)
        except PartError as error:
            problems.append(str(error))
    return len(parts), problems


def gc(project: "Project") -> Iterator[str]:
    """Remove what nothing reads any more; yields a line for each kind."""
    from fusemill.identity import declared

    warehouse = project.warehouse
    yield from _erase_retracted(warehouse)
    replaced = replaced_parts(warehouse.parts)
    warehouse.refresh(declared(project))
    for part in replaced:
        point("gc.removing")
        part.path.unlink(missing_ok=True)
    yield f"{len(replaced)} replaced parts removed"
    current = warehouse.current()
    old = [p for p in current.parent.glob("*.duckdb") if p != current]
    for path in old:
        path.unlink()
    yield f"{len(old)} old snapshots removed"
    deadline = time.time() - LEFTOVER_S
    leftovers = [
        p for p in warehouse.root.rglob(".*.tmp") if p.lstat().st_mtime < deadline
    ]
    for path in leftovers:
        path.unlink()
    yield f"{len(leftovers)} leftovers removed"


def _erase_retracted(warehouse: "Warehouse") -> Iterator[str]:
    """Write parts again with the texts of retracted rows gone; keys stay."""
    parts = list_parts(warehouse.parts)
    files = [p for p in parts if p.table == "retractions"]
    if not files:
        return
    with connect() as con:
        rows = con.sql(f'select "table", key from {scan(files)}').fetchall()
    for table, key, erased in (
        ("responses", "response_id", ("text", "reasoning")),
        ("prompts", "prompt_id", ("messages", "gold", "tests", "stub")),
    ):
        keys = pa.array([k for t, k in rows if t == table], pa.string())
        count = 0
        for part in [p for p in parts if p.table == table] if len(keys) else []:
            count += _erase(warehouse, part, key, keys, erased)
        if len(keys):
            yield f"{count} parts of {table} written without retracted texts"


def _erase(
    warehouse: "Warehouse",
    part: Part,
    key: str,
    keys: pa.Array,
    erased: tuple[str, ...],
) -> int:
    check_part(part)
    data = pq.read_table(part.path)
    hit = pc.is_in(data[key], keys)
    still = pc.and_(hit, pc.is_valid(data[erased[0]]))
    if not pc.any(still).as_py():
        return 0
    for name in erased:
        index = data.schema.get_field_index(name)
        blanked = _blank(data[name], hit)
        data = data.set_column(index, data.schema.field(name), blanked)
    write_replacement(warehouse.parts, part.table, data, [part])
    return 1


def _blank(column: pa.ChunkedArray, hit: pa.ChunkedArray) -> pa.Array:
    flags = hit.to_pylist()
    values = column.to_pylist()
    kept = [None if flag else value for flag, value in zip(flags, values, strict=True)]
    return pa.array(kept, column.type)


def export(warehouse: "Warehouse", file: Path) -> None:
    """One DuckDB file with every table, and texts as tables; never overwritten.

    PartError where a part is altered: a copy must not outlive the proof of it.
    """
    if file.exists():
        raise FusemillError(f"{file}: exists; an export never overwrites a file")
    snapshot = warehouse.current()
    with warehouse.connect():
        pass  # refuses a snapshot of another place
    warehouse.check()
    temporary = temporary_name(file.absolute())
    try:
        with storage(file), connect(temporary) as con:
            con.execute(f"attach {quoted(snapshot)} as s (read_only)")
            names = con.execute(
                "select table_name, table_type from information_schema.tables "
                "where table_catalog = 's' order by 1"
            ).fetchall()
            for name, _ in names:
                if name not in ("answers", "parts"):
                    con.execute(f'create table "{name}" as from s."{name}"')
            sql = con.execute(
                "select sql from duckdb_views() where database_name = 's' "
                "and view_name = 'answers'"
            ).fetchall()[0][0]
            con.execute("detach s")
            con.execute(sql.replace("CREATE VIEW s.main.", "CREATE VIEW "))
        place(temporary, file.absolute(), "export")
    finally:
        temporary.unlink(missing_ok=True)


def retract(project: "Project", table: str, key: str, reason: str, who: str) -> None:
    """Add a retraction; WarehouseError where there is no such row."""
    from fusemill.identity import declared

    columns = {"responses": "response_id", "prompts": "prompt_id"}
    if table not in columns:
        raise WarehouseError(
            f"table {table}: expected one of {', '.join(columns)}; scores and verdicts "
            "follow their answers"
        )
    warehouse = project.warehouse
    with warehouse.connect() as con:
        known = 'select who, reason from retractions where "table" = ? and key = ?'
        before = con.execute(known, [table, key]).fetchone()
        if before is not None:
            raise WarehouseError(
                f"{table} {key}: retracted already, by {before[0]}: {before[1]}"
            )
        query = f"select 1 from {table} where {columns[table]} = ? limit 1"
        if con.execute(query, [key]).fetchone() is None:
            raise WarehouseError(f"{table}: no row with {columns[table]} {key}")
    row = {"table": table, "key": key, "reason": reason, "who": who}
    warehouse.write("retractions", [row])
    warehouse.refresh(declared(project))

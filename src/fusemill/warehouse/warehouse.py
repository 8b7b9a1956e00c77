"""One warehouse on disk: add parts, refresh the snapshot, read it."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from fusemill.durable import point, remove_leftovers
from fusemill.errors import PartError, WarehouseError
from fusemill.locks import run_lock, share_lock
from fusemill.warehouse.connection import connect
from fusemill.warehouse.parts import Part, Row, list_parts, write_part, write_table
from fusemill.warehouse.snapshot import (
    KEYS,
    Declared,
    build,
    check_parts,
    quoted,
    scan,
)

KEPT_SNAPSHOTS = 3
PARTS = "/warehouse/parts/"  # how a message of DuckDB's names a part


class Warehouse:
    """The folder `warehouse/`: `parts/`, `snapshots/`, and the link to one of them."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()  # a path through a link is the same place
        self.parts = self.root / "parts"
        self.link = self.root / "warehouse.duckdb"
        self._checked: dict[str, str] = {}  # parts whose digest held, with their stamps

    @contextlib.contextmanager
    def lock(self, command: str, *stages: str) -> Iterator[None]:
        """The right to make snapshots, and all of these stages for oneself.

        LockError says who has the one or a share of the others.
        """
        with contextlib.ExitStack() as held:
            held.enter_context(run_lock(self.root, command))
            for stage in stages:
                held.enter_context(share_lock(self.root, stage, 0, 1, command))
            yield

    def share(
        self, command: str, stage: str, index: int, count: int
    ) -> contextlib.AbstractContextManager[None]:
        """A shard of a stage, beside others; LockError says who has it."""
        return share_lock(self.root, stage, index, count, command)

    def write(self, table: str, rows: Iterable[Row]) -> Part | None:
        """Add rows as one part; see `write_part`."""
        return write_part(self.parts, table, rows)

    def write_arrow(self, table: str, data: pa.Table) -> Part | None:
        """Add an Arrow table as one part; None where it has no rows."""
        return write_table(self.parts, table, data) if data.num_rows else None

    def refresh(self, declared: Declared, *, afresh: bool = False) -> Path:
        """The snapshot of all parts as they are now, built if it is not there yet.

        Parts that no snapshot has seen, or that changed since, have their digest
        checked first (PartError). `afresh`: check every part and build in any case.
        Only who holds the lock may call it.
        """
        point("snapshot.started")
        for folder in (self.root, self.root / "snapshots"):
            remove_leftovers(folder)
        parts = list_parts(self.parts)
        if afresh:
            self._checked = {}
        elif any(part.name not in self._checked for part in parts):
            self._checked = self._known() | self._checked
        self._checked = check_parts(parts, self._checked)
        path = build(self.root, parts, declared, self._checked, afresh=afresh)
        self._prune(path)
        return path

    def require_plan(self, declared: Declared) -> None:
        """WarehouseError where the current snapshot plans other work than declared."""
        with self.connect() as con:
            rows = con.execute("select value from meta where key = 'plan_id'")
            if rows.fetchall() != [(declared.plan_id,)]:
                raise WarehouseError(
                    f"{self.link}: made for other prompts than are declared now (sets, "
                    "their order and reading, n_prompts, --limit, sampling_seed); a "
                    "shard works on the snapshot that is there: run `fusemill prompts` "
                    "first"
                )

    def leave_out_newer(
        self, con: duckdb.DuckDBPyConnection, due: str, table: str, **key: str | None
    ) -> None:
        """Delete from temp table `due` the keys that parts after the snapshot have.

        What a shard wrote before it was stopped is in no snapshot yet. `key` has the
        columns of the table's key that are the same in all of `due`, and not in it.
        """
        known = {row[0] for row in con.execute("select part from parts").fetchall()}
        parts = [part for part in list_parts(self.parts) if part.table == table]
        newer = [part for part in parts if part.name not in known]
        if not newer:
            return
        check_parts(newer, {})
        same = [f"newer.{column} = ${column}" for column in key]
        same += [f"newer.{c} = {due}.{c}" for c in KEYS[table] if c not in key]
        condition = " and ".join(same)
        con.execute(
            f"delete from {due} using {scan(newer)} as newer where {condition}", key
        )

    def current(self) -> Path:
        """The snapshot that the link names; WarehouseError where there is none."""
        if not self.link.is_symlink() or not self.link.exists():
            raise WarehouseError(
                f"{self.link}: no snapshot here yet; `fusemill run` makes one, "
                "`fusemill warehouse rebuild` makes it again from the parts"
            )
        return self.link.resolve()

    def check(self) -> None:
        """PartError where a part of the warehouse does not match its name."""
        check_parts(list_parts(self.parts), {})

    def refuse_inside(self, file: Path) -> None:
        """WarehouseError for a file to be written among what is never changed."""
        if file.resolve().is_relative_to(self.root):
            raise WarehouseError(
                f"{file}: lies in the warehouse, whose files are never changed; name "
                "one outside"
            )

    @contextlib.contextmanager
    def connect(
        self, *, locked: bool = False, anywhere: bool = False
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection to the current snapshot.

        With `locked`, SQL can read the snapshot and the parts and nothing else of the
        machine, and cannot change that. A snapshot that was built elsewhere cannot
        find its texts and is refused, unless `anywhere`.
        """
        path = self.current()
        with self._opened(path) as con:
            con.execute("set temp_directory = ?", [str(self.root / "tmp")])
            con.execute("set enable_progress_bar = false")
            if not anywhere:
                self._check_place(con)
            if locked:
                folders = ", ".join(map(quoted, (self.parts, self.root / "tmp")))
                con.execute(f"set allowed_directories = [{folders}]")
                con.execute("set enable_external_access = false")
                con.execute("set lock_configuration = true")
            with _about_parts():
                yield con

    def _check_place(self, con: duckdb.DuckDBPyConnection) -> None:
        # Read to the end: an open result would block what is asked next.
        rows = con.execute("select value from meta where key = 'root'").fetchall()
        if rows != [(str(self.root),)]:
            raise WarehouseError(
                f"{self.link}: this snapshot was built at {rows[0][0]} and the "
                f"project is now at {self.root}; run `fusemill warehouse rebuild`"
            )

    def _opened(self, path: Path) -> duckdb.DuckDBPyConnection:
        try:
            return connect(path, read_only=True)
        except duckdb.IOException as error:
            raise WarehouseError(
                f"{path}: cannot be read ({str(error).splitlines()[0]}); "
                "`fusemill warehouse rebuild` makes it again from the parts"
            ) from None

    def _known(self) -> dict[str, str]:
        """Parts that the current snapshot has checked, with their stamps."""
        if not self.link.exists():
            return {}
        try:
            with connect(self.link.resolve(), read_only=True) as con:
                return dict(con.execute("select part, stamp from parts").fetchall())
        except duckdb.Error:
            return {}  # not readable: every part is checked again

    def _prune(self, keep: Path) -> None:
        """Remove old snapshots; who holds one open keeps reading it."""
        found = sorted(keep.parent.glob("*.duckdb"), key=lambda p: p.stat().st_mtime_ns)
        for path in [p for p in found if p != keep][: -(KEPT_SNAPSHOTS - 1)]:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _about_parts() -> Iterator[None]:
    """PartError, with what to do, for a DuckDB error that names a part."""
    try:
        yield
    except duckdb.Error as error:
        if PARTS not in str(error):
            raise
        raise PartError(
            f"{str(error).splitlines()[0]}; `fusemill warehouse fsck` names the parts "
            "that are off"
        ) from error

"""Stage `release`: promoted selections → one folder and one registry entry.

The folder is written aside, fsynced and renamed: it is there whole or not at all. A
version that exists is never overwritten.
"""

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from fusemill.audit.audit import require_contract, require_sound
from fusemill.durable import (
    make_folder,
    place,
    point,
    remove_leftovers,
    storage,
    temporary_name,
)
from fusemill.errors import ReleaseError
from fusemill.identity import selection_id
from fusemill.project.project import Project
from fusemill.release.card import Contents, card
from fusemill.release.companions import copy_declarations, dataset_info
from fusemill.release.data import Released, prepare, write_data
from fusemill.release.entry import sets_of
from fusemill.release.licences import Licence, allowed_licences
from fusemill.release.lineage import lineage, release_id
from fusemill.release.pictures import draw
from fusemill.release.registry import (
    entry_path,
    files_of,
    new_entry,
    read_entries,
    read_entry,
    read_lineage,
    register,
)
from fusemill.release.shards import SHARD_BYTES
from fusemill.release.versions import require_version
from fusemill.release.yank import yanked_at
from fusemill.selection.select import recorded


@dataclass(frozen=True)
class Written:
    """A release on disk."""

    folder: Path
    entry: Path
    rows: dict[str, int]
    is_new: bool

    def __str__(self) -> str:
        """Where it is, and the rows of its configs."""
        state = "written" if self.is_new else "is there already, unchanged"
        said = ", ".join(
            f"{config} {sum(n for f, n in self.rows.items() if f.startswith(config)):,}"
            for config in ("sft/", "dpo/train", "dpo/test", "responses/")
        )
        return f"{self.folder} {state}; rows: {said}; registry entry {self.entry}"


def write_release(
    project: Project, *, allow_pending: bool = False, most_bytes: int = SHARD_BYTES
) -> Written:
    """Write the project's declared version, or find that it is there already.

    `most_bytes`: of texts in one data file, see `shards`.

    Raises ReleaseError where a set is not promoted, prompts are pending, a licence is
    not allowed, or the version exists with other content; AuditFailure where a suite
    or the contract does not hold.
    """
    declared = project.file.release
    base = project.workdir / "releases" / declared.name
    folder = base / declared.version
    entry = entry_path(project)
    for parent in (base, entry.parent):
        remove_leftovers(parent)
    with project.warehouse.connect() as con:
        released = _promoted(project, con)
        licences = _check(project, con, released, allow_pending)
        id_ = release_id(project, con, released)
        before = read_entry(entry)
        if before is not None:
            _same_or_refuse(entry, before["release_id"], id_)
        if folder.exists():
            _same_or_refuse(folder, read_lineage(folder)["release_id"], id_)
            rows = register(folder, entry)
            return Written(folder, entry, rows, False)
        about = lineage(project, con, released) | {"release_id": id_}
        # A version that was registered is made again byte for byte.
        now = datetime.now(UTC).isoformat(timespec="seconds")
        about["created_at"] = now if before is None else str(before["created_at"])
        if before is None:  # said before gigabytes are written, where it can be
            _require_version(project, {"sets": sets_of(about)})
        with storage(base):
            make_folder(base)
            temporary = temporary_name(folder)
            try:
                temporary.mkdir()
                _write(project, con, released, licences, about, most_bytes, temporary)
                if before is None:
                    _require_version(project, new_entry(temporary))
                else:
                    _require_same_again(temporary, folder, entry, before["files"])
                place(temporary, folder, "release")
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    rows = register(folder, entry)
    return Written(folder, entry, rows, True)


def _promoted(project: Project, con: duckdb.DuckDBPyConnection) -> list[Released]:
    """Every builder's current selection, audited as the project is now."""
    found = []
    for builder in project.builders.values():
        id_ = selection_id(project, builder, con)
        require_sound(project, con, builder, id_)
        found.append(Released(builder, id_, recorded(con, id_) or {}))
    require_contract(project, con)
    return found


def _check(
    project: Project,
    con: duckdb.DuckDBPyConnection,
    released: list[Released],
    allow_pending: bool,
) -> list[Licence]:
    """Licences of what is released, after refusing what may not be."""
    pending = {r.builder.set: r.outcomes.get("pending", 0) for r in released}
    waiting = {name: n for name, n in pending.items() if n}
    if waiting and not allow_pending:
        said = ", ".join(f"{name}: {n:,}" for name, n in waiting.items())
        raise ReleaseError(
            f"{sum(waiting.values()):,} prompts are pending ({said}): not yet asked, "
            "scored or checked. Finish them with `fusemill run`, or release without "
            "them with --allow-pending; the card will say so"
        )
    if not any(r.outcomes.get("sft", 0) + r.outcomes.get("dpo", 0) for r in released):
        raise ReleaseError(
            "nothing was selected in any set; `fusemill status` shows why"
        )
    return allowed_licences(project, con, released)


def _same_or_refuse(where: Path, found: str, id_: str) -> None:
    if found != id_:
        raise ReleaseError(
            f"{where}: this version exists and holds other content (release "
            f"{found[:8]}…, now it would be {id_[:8]}…). A version is never "
            "overwritten: raise `release.version` in fusemill.yaml"
        )


def _require_same_again(
    made: Path, folder: Path, entry: Path, expected: dict[str, dict[str, Any]]
) -> None:
    """ReleaseError where a registered version, made again, would have other files."""
    found = files_of(made, {})
    others = sorted(
        name
        for name in found.keys() | expected.keys()
        if found.get(name, {}).get("sha256") != expected.get(name, {}).get("sha256")
    )
    if others:
        why = "its data would be, but declarations have changed that no row depends on"
        if any(name.endswith(".parquet") for name in others):
            why = "another machine or other libraries write other bytes"
        raise ReleaseError(
            f"{folder}: is registered, and gone; made again, {', '.join(others)} would "
            f"not be as {entry} says ({why}). Take the declarations of then; or put "
            "back a copy of the folder, which `fusemill pull` gives of one that was "
            "published; or raise `release.version` in fusemill.yaml"
        )


def _require_version(project: Project, new: dict[str, Any]) -> None:
    declared = project.file.release
    require_version(project.workdir, declared.name, declared.version, new)


def _yanked_others(project: Project, when: str) -> dict[str, str]:
    """Other versions of this name that were yanked at a time, and why."""
    declared = project.file.release
    found = yanked_at(read_entries(project.workdir, declared.name), when)
    return {v: reason for v, reason in found.items() if v != declared.version}


def _write(
    project: Project,
    con: duckdb.DuckDBPyConnection,
    released: list[Released],
    licences: list[Licence],
    about: dict[str, Any],
    most_bytes: int,
    folder: Path,
) -> None:
    """Every file of a release; `about` is what its lineage says."""
    prepare(con, project, released)
    point("release.prepared")
    rows = write_data(con, folder, most_bytes)
    point("release.data")
    sources = {one["set"]: one["source"] for one in about["sets"]}
    contents = Contents(
        folder=folder,
        rows=rows,
        sources=sources,
        licences=licences,
        pictures=draw(con, released, folder),
        yanked=_yanked_others(project, about["created_at"]),
    )
    text = card(project, released, contents, about["created_at"])
    (folder / "README.md").write_text(text, encoding="utf-8")
    info = json.dumps(dataset_info(project.file.release.name, rows), indent=2)
    (folder / "dataset_info.json").write_text(info + "\n", encoding="utf-8")
    copied = copy_declarations(project, folder / "lineage" / "project")
    found = json.dumps(
        {**about, "rows": rows, "declarations": copied}, indent=2, ensure_ascii=False
    )
    path = folder / "lineage" / "lineage.json"
    path.write_text(found + "\n", encoding="utf-8")

"""The registry: one YAML a released version, with the sha256 of every file.

name: tour
version: 1.0.0
published:
- {repo: team/tour, commit: 6f1c…, tag: v1.0.0, published_at: 2026-11-30T09:12:44+00:00}
columns:
  sft: {messages: 'STRUCT("role" VARCHAR, content VARCHAR)[]'}
sets:
  zh_sums: {source: zh_sums.jsonl, selection_id: 94ac…, rule: 1b7e…}
files:
  sft/train.parquet: {sha256: 3f0c…, bytes: 21874, rows: 202}
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from fusemill.durable import sha256_file, write_text
from fusemill.errors import ReleaseError
from fusemill.project.declaration import parse, read_text
from fusemill.project.project import Project
from fusemill.release.entry import columns_of, sets_of

_RESTORE = (
    "restore it from a copy; or move this version's folder and its registry entry away "
    "and release again, which gives the same data files"
)


def entry_path(project: Project) -> Path:
    """registry/releases/<name>/<version>.yaml of the work directory."""
    release = project.file.release
    folder = project.workdir / "registry" / "releases" / release.name
    return folder / f"{release.version}.yaml"


def read_entry(path: Path) -> dict[str, Any] | None:
    """A registry entry, None where there is none; ReleaseError for anything else."""
    if not path.exists():
        return None
    found = parse(read_text(path), path)
    files = found.get("files") if isinstance(found, dict) else None
    if not isinstance(files, dict) or not {"release_id", "created_at"} <= found.keys():
        raise ReleaseError(
            f"{path}: expected release_id, created_at and files; {_RESTORE}"
        )
    if not all(isinstance(file, dict) for file in files.values()):
        raise ReleaseError(f"{path}: expected a sha256 for each file; {_RESTORE}")
    marks = {"yanked": [found["yanked"]] if found.get("yanked") else []}
    marks["unyanked"] = found.get("unyanked") or []
    for key, of in marks.items():
        if not isinstance(of, list) or not all(_is_mark(one) for one in of):
            raise ReleaseError(
                f"{path}: {key}: expected reason and at, a time as `fusemill yank` "
                "writes it"
            )
    return dict(found)


def _is_mark(mark: object) -> bool:
    """Whether it says when."""
    if not isinstance(mark, dict) or "at" not in mark:
        return False
    try:
        _ = [time_of(mark[key]) for key in ("at", "undone_at") if key in mark]
    except ValueError:
        return False
    return True


def time_of(said: object) -> datetime:
    """A time of an entry, UTC where it names no zone; ValueError where it is none.

    YAML reads one without quotes as a time or a date.
    """
    found = datetime.fromisoformat(str(said))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def read_lineage(folder: Path) -> dict[str, Any]:
    """What a release says of itself; ReleaseError where that is lost or torn."""
    path = folder / "lineage" / "lineage.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReleaseError(f"{path}: cannot be read ({error}); {_RESTORE}") from None
    wanted = {"name", "version", "release_id", "created_at", "rows"}
    if not isinstance(found, dict) or not wanted <= found.keys():
        raise ReleaseError(f"{path}: expected {', '.join(sorted(wanted))}; {_RESTORE}")
    return found


def check_files(folder: Path, entry: Path, data: dict[str, Any]) -> None:
    """ReleaseError where the files of a folder are not the ones an entry names."""
    found = files_of(folder, {})
    for name in sorted(set(found) | set(data["files"])):
        expected = data["files"].get(name, {}).get("sha256", "no such file")
        there = found.get(name, {}).get("sha256", "no such file")
        if there != expected:
            raise ReleaseError(
                f"{folder / name}: does not match {entry}: expected sha256 "
                f"{expected[:12]}…, found {there[:12]}…. Restore the release from a "
                "copy, or raise `release.version` in fusemill.yaml"
            )


def files_of(folder: Path, rows: dict[str, int]) -> dict[str, dict[str, Any]]:
    """sha256, bytes and, for data files, rows of every file, by name."""
    files: dict[str, dict[str, Any]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = str(path.relative_to(folder))
        files[name] = {"sha256": sha256_file(path), "bytes": path.stat().st_size}
        if name in rows:
            files[name]["rows"] = rows[name]
    return files


def register(folder: Path, entry: Path) -> dict[str, int]:
    """Write the entry of a release that is there; returns rows by data file.

    Where an entry exists it must name these very bytes (ReleaseError).
    """
    lineage = read_lineage(folder)
    rows: dict[str, int] = lineage["rows"]
    before = read_entry(entry)
    if before is not None:
        check_files(folder, entry, before)
        return rows
    write_entry(entry, new_entry(folder))
    return rows


def new_entry(folder: Path) -> dict[str, Any]:
    """The entry of a release that lies in `folder`."""
    lineage = read_lineage(folder)
    rows: dict[str, int] = lineage["rows"]
    return {
        "name": lineage["name"],
        "version": lineage["version"],
        "release_id": lineage["release_id"],
        "created_at": lineage["created_at"],
        "published": [],  # places on Hubs: publications.record
        "columns": columns_of(folder, rows),
        "sets": sets_of(lineage),
        "files": files_of(folder, rows),
    }


def read_entries(workdir: Path, name: str) -> dict[str, dict[str, Any]]:
    """Entries of a name by version, the lowest first; ReleaseError for a broken one."""
    folder = workdir / "registry" / "releases" / name
    found = {}
    for path in folder.glob("[!.]*.yaml"):
        if not re.fullmatch(r"\d+\.\d+\.\d+", path.stem):
            raise ReleaseError(f"{path}: expected a version such as 1.0.0 as its name")
        entry = read_entry(path)
        if entry is not None:
            found[path.stem] = entry
    return dict(sorted(found.items(), key=lambda one: numbers(one[0])))


def numbers(version: str) -> tuple[int, int, int]:
    """A version for comparing.

    >>> numbers("1.10.0") > numbers("1.9.2")
    True
    """
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch


def yanked(entry: Mapping[str, Any]) -> str | None:
    """Why a version was yanked, None where it was not."""
    found = entry.get("yanked")
    return reason_of(found) if found else None


def reason_of(mark: Mapping[str, Any]) -> str:
    """Why, as a mark says it."""
    return str(mark.get("reason") or "no reason is given")


def write_entry(entry: Path, data: dict[str, Any], what: str = "registry") -> None:
    """Write an entry, replaced as a whole; `what` names the points of writing it."""
    text = StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.dump(data, text)
    write_text(entry, text.getvalue(), what)

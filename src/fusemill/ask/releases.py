"""`releases`: what is registered, what changed from one to the next, and of what."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fusemill.errors import ReleaseError
from fusemill.release.entry import rows_of
from fusemill.release.publications import publications
from fusemill.release.registry import read_entries, read_lineage, yanked
from fusemill.release.versions import base_of, changes


@dataclass(frozen=True)
class Listed:
    """One registered version."""

    name: str
    version: str
    created_at: str
    rows: dict[str, int]  # by config and split
    published: list[dict[str, str]]  # repo, commit, tag and date, the oldest first
    yanked: str | None  # why
    since: str | None  # the version that it is compared with
    changes: list[str]  # since then, the weightiest first
    folder: str | None  # where it lies here


@dataclass(frozen=True)
class Described:
    """One registered version, and what it is made of."""

    release: Listed
    release_id: str
    # Of each set: source, selection_id, rule; where its folder is here outcomes too.
    sets: dict[str, dict[str, Any]]
    # Source models with the configuration they were asked in; empty without the folder.
    configs: list[dict[str, Any]]
    libraries: dict[str, str]
    files: dict[str, dict[str, Any]]  # sha256, bytes, rows


def releases(workdir: Path) -> list[Listed]:
    """Every version in the registry below `workdir`, by name, the lowest first."""
    base = workdir / "registry" / "releases"
    names = sorted(p.name for p in base.glob("[!.]*") if p.is_dir())
    found = []
    for name in names:
        entries = read_entries(workdir, name)
        found += [_listed(workdir, name, version, entries) for version in entries]
    return found


def describe(workdir: Path, asked: str) -> Described:
    """What `NAME@VERSION` is made of; ReleaseError where it is not registered."""
    name, version = parse(asked)
    entries = read_entries(workdir, name)
    if version not in entries:
        there = ", ".join(f"{one.name}@{one.version}" for one in releases(workdir))
        raise ReleaseError(
            f"{asked}: {workdir / 'registry/releases'} does not register it; "
            f"registered: {there or 'none'}"
        )
    listed = _listed(workdir, name, version, entries)
    entry = entries[version]
    said_of = entry.get("sets") or {}
    sets: dict[str, dict[str, Any]] = {name: dict(said_of[name]) for name in said_of}
    configs: dict[str, dict[str, Any]] = {}
    libraries: dict[str, str] = {}
    if listed.folder is not None:
        lineage = read_lineage(Path(listed.folder))
        libraries = {"fusemill": lineage["fusemill"], **lineage["libraries"]}
        for one in lineage["sets"]:
            said = {key: one[key] for key in ("source", "selection_id", "outcomes")}
            sets.setdefault(one["set"], {}).update(said)
            configs |= {config["config_hash"]: config for config in one["configs"]}
    return Described(
        release=listed,
        release_id=str(entry["release_id"]),
        sets=sets,
        configs=list(configs.values()),
        libraries=libraries,
        files={name: dict(file) for name, file in entry["files"].items()},
    )


def parse(asked: str) -> tuple[str, str]:
    """Name and version of `NAME@VERSION`; ReleaseError for anything else.

    >>> parse("tour@1.0.0")
    ('tour', '1.0.0')
    """
    found = re.fullmatch(r"([a-z0-9][a-z0-9_.\-]*)@(\d+\.\d+\.\d+)", asked)
    if found is None:
        raise ReleaseError(f"{asked}: expected NAME@VERSION, for example tour@1.0.0")
    return found[1], found[2]


def _listed(
    workdir: Path, name: str, version: str, entries: Mapping[str, dict[str, Any]]
) -> Listed:
    entry = entries[version]
    base = base_of(entries, version)
    path = workdir / "registry" / "releases" / name / f"{version}.yaml"
    folder = workdir / "releases" / name / version
    return Listed(
        name=name,
        version=version,
        created_at=str(entry["created_at"]),
        rows=rows_of(entry),
        published=[asdict(place) for place in publications(entry, path)],
        yanked=yanked(entry),
        since=base[0] if base else None,
        changes=[change.what for change in changes(base[1], entry)] if base else [],
        folder=str(folder) if folder.is_dir() else None,
    )

"""Semantic versions of releases: what changed since the one before, and what it takes.

    major   a column, config or split is gone, or is of another type
    minor   rows, sets, sources or rules changed; a column, config or split was added
    patch   nothing of these: card, lineage, other files

Before 1.0.0 a major change takes a higher second number, anything else a higher third
one (semver.org, 4). Entries are compared by what both have: one written before a key
was recorded says nothing of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from fusemill.errors import ReleaseError
from fusemill.release.entry import rows_of
from fusemill.release.registry import numbers, read_entries, yanked
from fusemill.release.shards import split_of

Entry = Mapping[str, Any]  # of the registry, or what is known of one to be


class Level(IntEnum):
    """How much a change asks of a version."""

    PATCH = 1
    MINOR = 2
    MAJOR = 3


@dataclass(frozen=True)
class Change:
    """One thing that differs, in words."""

    what: str
    level: Level


def least(before: str, level: Level) -> str:
    """The lowest version that a change of this level may have.

    >>> least("1.2.3", Level.MAJOR), least("1.2.3", Level.MINOR)
    ('2.0.0', '1.3.0')
    >>> least("0.2.3", Level.MAJOR), least("0.2.3", Level.MINOR)
    ('0.3.0', '0.2.4')
    """
    major, minor, patch = numbers(before)
    if major == 0:
        level = Level(max(level - 1, Level.PATCH))
    if level is Level.MAJOR:
        return f"{major + 1}.0.0"
    if level is Level.MINOR:
        return f"{major}.{minor + 1}.0"
    return f"{major}.{minor}.{patch + 1}"


def base_of(entries: Mapping[str, Entry], version: str) -> tuple[str, Entry] | None:
    """What a version is compared with: the highest below it that is not yanked."""
    below = [
        (number, entry)
        for number, entry in entries.items()
        if numbers(number) < numbers(version) and not yanked(entry)
    ]
    return max(below, key=lambda one: numbers(one[0]), default=None)


def require_version(workdir: Path, name: str, version: str, new: Entry) -> None:
    """ReleaseError where a version is too low for what changed since its base."""
    base = base_of(read_entries(workdir, name), version)
    if base is None:
        return
    before, entry = base
    found = changes(entry, new)
    level = max((change.level for change in found), default=Level.PATCH)
    needed = least(before, level)
    if numbers(version) >= numbers(needed):
        return
    decisive = [change.what for change in found if change.level == level]
    raise ReleaseError(
        f"{name} {version}: since {before}, {'; '.join(decisive)}. That is a "
        f"{level.name.lower()} change, which takes at least {needed}: set "
        "`release.version` in fusemill.yaml (docs/releases.md, Versions)"
    )


def changes(before: Entry, after: Entry) -> list[Change]:
    """What differs between two entries, the weightiest first."""
    found = [*_columns(before, after), *_splits(before, after), *_sets(before, after)]
    found += _rows(before, after)
    return sorted(found, key=lambda change: -change.level)


def _columns(before: Entry, after: Entry) -> list[Change]:
    """Of the configs that both have; one that only one has is `_splits`' to say."""
    found = []
    old, new = before.get("columns") or {}, after.get("columns") or {}
    for config in sorted(old.keys() & new.keys()):
        for name, kind in old[config].items():
            now = new[config].get(name)
            if now is None:
                found.append(Change(f"{config}.{name} is gone", Level.MAJOR))
            elif now != kind:
                what = f"{config}.{name} was {kind}, is {now}"
                found.append(Change(what, Level.MAJOR))
        added = [name for name in new[config] if name not in old[config]]
        found += [Change(f"{config}.{name} is new", Level.MINOR) for name in added]
    return found


def _splits(before: Entry, after: Entry) -> list[Change]:
    if "files" not in before or "files" not in after:
        return []
    old, new = rows_of(before), rows_of(after)
    gone = [Change(f"{s} is gone", Level.MAJOR) for s in old if s not in new]
    return gone + [Change(f"{s} is new", Level.MINOR) for s in new if s not in old]


def _sets(before: Entry, after: Entry) -> list[Change]:
    old, new = before.get("sets"), after.get("sets")
    if old is None or new is None:
        return []
    found = [f"set {name} is gone" for name in old if name not in new]
    found += [f"set {name} is new" for name in new if name not in old]
    said = {"source": "source", "rule": "rule", "selection_id": "selection"}
    for name in [name for name in old if name in new]:
        keys = [key for key in said if old[name].get(key) != new[name].get(key)]
        if keys == ["selection_id"]:
            found.append(f"{name} is selected from other data")
        elif keys:
            words = " and ".join(said[key] for key in keys if key != "selection_id")
            found.append(f"{name} has another {words}")
    return [Change(what, Level.MINOR) for what in found]


def _rows(before: Entry, after: Entry) -> list[Change]:
    """Splits that both have and whose bytes differ."""
    if "files" not in before or "files" not in after:
        return []
    old, new = rows_of(before), rows_of(after)
    found = []
    for split in [split for split in old if split in new]:
        if old[split] != new[split]:
            what = f"{split} had {old[split]:,} rows, has {new[split]:,}"
        elif _digests(before, split) != _digests(after, split):
            what = f"{split} has other rows"
        else:
            continue
        found.append(Change(what, Level.MINOR))
    return found


def _digests(entry: Entry, split: str) -> list[str]:
    files = entry["files"]
    return [str(files[f].get("sha256")) for f in sorted(files) if split_of(f) == split]

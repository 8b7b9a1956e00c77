"""Yanking: a version that nobody should begin with, and whose pin keeps working.

    yanked: {reason: duplicates of the test set, at: '2026-11-30T09:12:44.512310+00:00'}

Nothing is deleted. What was undone stays in `unyanked`, so that a card that was written
meanwhile can be written again.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fusemill.errors import ReleaseError
from fusemill.release.registry import (
    read_entry,
    reason_of,
    time_of,
    write_entry,
    yanked,
)


def yank(entry: Path, reason: str) -> None:
    """Mark a version; ReleaseError where it is not registered, or marked already."""
    data = _registered(entry)
    if (before := yanked(data)) is not None:
        raise ReleaseError(
            f"{entry}: is yanked already: {before}. Undo that first with --undo"
        )
    write_entry(entry, _before_files(data, yanked={"reason": reason, "at": _now()}))


def undo(entry: Path) -> None:
    """Take the mark away; ReleaseError where there is none."""
    data = _registered(entry)
    if not data.get("yanked"):
        raise ReleaseError(f"{entry}: is not yanked")
    undone = [
        *(data.get("unyanked") or []),
        {**data.pop("yanked"), "undone_at": _now()},
    ]
    write_entry(entry, _before_files(data, unyanked=undone))


def yanked_at(entries: Mapping[str, Mapping[str, Any]], when: str) -> dict[str, str]:
    """Versions that were yanked at a time, in ISO 8601, with the reasons."""
    moment, found = time_of(when), {}
    for version, entry in entries.items():
        marks = [*(entry.get("unyanked") or []), entry.get("yanked")]
        for mark in [mark for mark in marks if mark]:
            ended = mark.get("undone_at")
            if time_of(mark["at"]) <= moment and (
                ended is None or moment < time_of(ended)
            ):
                found[version] = reason_of(mark)
    return found


def _registered(entry: Path) -> dict[str, Any]:
    data = read_entry(entry)
    if data is None:
        there = ", ".join(sorted(p.stem for p in entry.parent.glob("[!.]*.yaml")))
        raise ReleaseError(
            f"{entry}: no such version; registered here: {there or 'none'}"
        )
    return data


def _before_files(data: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """The entry with these keys, its long list of files last."""
    rest = {k: v for k, v in data.items() if k != "files" and k not in keys}
    return {**rest, **keys, "files": data["files"]}


def _now() -> str:
    return datetime.now(UTC).isoformat()

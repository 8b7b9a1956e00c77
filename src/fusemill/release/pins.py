"""Pins: which bytes `NAME@VERSION` means, and where they were published.

A pin is a registry entry: the sha256 of every file, and full commits. What can move (a
branch, a tag, the latest) is no pin and is refused.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusemill.durable import sha256_file
from fusemill.errors import ReleaseError
from fusemill.release.publications import Publication, publications
from fusemill.release.registry import read_entry, yanked

_NAME = "[a-z0-9][a-z0-9_.-]*"
_VERSION = r"\d+\.\d+\.\d+"
_COMMIT = "[0-9a-f]{40}"


@dataclass(frozen=True)
class PinnedFile:
    """What a file must be."""

    sha256: str
    n_bytes: int

    def is_at(self, path: Path) -> bool:
        """Whether a regular file with these bytes lies there."""
        return (
            path.is_file()
            and not path.is_symlink()
            and path.stat().st_size == self.n_bytes
            and sha256_file(path) == self.sha256
        )


@dataclass(frozen=True)
class Pin:
    """One version: its files by name, and its places, the newest first."""

    name: str
    version: str
    entry: Path
    files: dict[str, PinnedFile]
    places: tuple[Publication, ...]
    yanked: str | None  # why nobody should begin with it

    def __str__(self) -> str:
        """As it is asked for."""
        return f"{self.name}@{self.version}"

    @property
    def n_bytes(self) -> int:
        """Bytes of all files."""
        return sum(file.n_bytes for file in self.files.values())


def find_pin(asked: str, workdir: Path, entry: Path | None = None) -> Pin:
    """The pin that `NAME@VERSION` or `NAME@COMMIT` means.

    Looked up in `<workdir>/registry/releases/`, or in the one `entry` file that is
    given. Raises ReleaseError for what is no pin, is not registered, or was not
    published.
    """
    name, revision = _parse(asked)
    if entry is not None and not entry.exists():
        raise ReleaseError(
            f"--entry {entry}: no such file; expected a registry entry, as "
            "registry/releases/<name>/<version>.yaml of a project is one"
        )
    folder = workdir / "registry" / "releases" / name
    for pin in _registered(folder, revision) if entry is None else _read(entry):
        places = pin.places
        if revision != pin.version:
            places = tuple(one for one in places if one.commit == revision)
        if pin.name == name and (revision == pin.version or places):
            return _published(Pin(**{**vars(pin), "places": places}))
    there = ", ".join(sorted(path.stem for path in folder.glob("[!.]*.yaml"))) or "none"
    looked = entry or folder
    raise ReleaseError(
        f"{asked}: {looked} does not register it; registered versions here: {there}. "
        "Give --project or --workdir with its registry/releases/, or --entry FILE"
    )


def _registered(folder: Path, revision: str) -> list[Pin]:
    is_version = re.fullmatch(_VERSION, revision)
    named = f"{revision}.yaml" if is_version else "[!.]*.yaml"
    return [pin for path in sorted(folder.glob(named)) for pin in _read(path)]


def _parse(asked: str) -> tuple[str, str]:
    name, _, revision = asked.partition("@")
    if not re.fullmatch(_NAME, name) or not revision:
        raise ReleaseError(
            f"{asked}: expected NAME@VERSION, for example `micro@1.0.0`, or NAME@ "
            "and a commit of 40 hex digits"
        )
    if not re.fullmatch(f"{_VERSION}|{_COMMIT}", revision):
        raise ReleaseError(
            f"{asked}: `{revision}` is no pin: branches, tags and short ids can come "
            "to mean other rows. Expected a version like 1.0.0 or all 40 hex digits of "
            "a commit"
        )
    return name, revision


def _published(pin: Pin) -> Pin:
    if not pin.places:
        raise ReleaseError(
            f"{pin}: {pin.entry} names no commit: it was not published. Publish it "
            "with `fusemill release --to hub`, or train from its folder below releases/"
        )
    return pin


def _read(path: Path) -> list[Pin]:
    """The one pin of an entry; none where there is no entry."""
    data = read_entry(path)
    if data is None:
        return []
    if not {"name", "version"} <= data.keys():
        raise ReleaseError(f"{path}: expected name and version; take it from a copy")
    pin = Pin(
        name=str(data["name"]),
        version=str(data["version"]),
        entry=path,
        files={name: _file(path, name, data["files"][name]) for name in data["files"]},
        places=tuple(reversed(publications(data, path))),
        yanked=yanked(data),
    )
    return [pin]


def _file(path: Path, name: str, stated: dict[str, Any]) -> PinnedFile:
    """One file of an entry, which may come from anybody."""
    parts = name.split("/")
    if not name.isprintable() or "\\" in name or {"", ".", ".."} & set(parts):
        raise ReleaseError(f"{path}: files: {name!r} is no path inside a release")
    sha256, n_bytes = str(stated.get("sha256")), stated.get("bytes")
    if not re.fullmatch("[0-9a-f]{64}", sha256) or not isinstance(n_bytes, int):
        raise ReleaseError(
            f"{path}: files: {name}: expected sha256 (64 hex digits) and bytes"
        )
    return PinnedFile(sha256, n_bytes)

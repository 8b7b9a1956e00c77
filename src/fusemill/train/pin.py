"""The release that a model is trained on: a pin, resolved to verified files."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusemill.errors import TrainError
from fusemill.project.project import Project
from fusemill.release.registry import check_files, read_entry

_PIN = re.compile(r"([a-z0-9][a-z0-9_.\-]*)@(\d+\.\d+\.\d+)")


@dataclass(frozen=True)
class Release:
    """A version whose files are the ones its registry entry names."""

    name: str
    version: str
    release_id: str
    repo: str | None  # on the Hub; None while it is not published
    commit: str | None
    folder: Path
    sha256: dict[str, str]  # by file name

    @property
    def pin(self) -> str:
        """What names these bytes: the commit, or the release's own id before."""
        return self.commit or self.release_id

    def files(self, split: str) -> list[str]:
        """The files of a split such as sft/train, in the order of its rows."""
        name = re.compile(rf"{re.escape(split)}(-\d+-of-\d+)?\.parquet")
        return sorted(file for file in self.sha256 if name.fullmatch(file))


def resolve(project: Project, pin: str) -> Release:
    """The release `NAME@VERSION` of this project, every file compared with its entry.

    TrainError for anything that does not name one version for good.
    """
    found = _PIN.fullmatch(pin)
    if not found:
        raise TrainError(
            f"--data {pin}: expected NAME@VERSION, as in tour@1.0.0; a folder, a "
            "branch or `latest` is another thing tomorrow, and nothing is trained on it"
        )
    name, version = found.groups()
    entry = project.workdir / "registry" / "releases" / name / f"{version}.yaml"
    data = read_entry(entry)
    if data is None:
        there = sorted(p.stem for p in entry.parent.glob("*.yaml"))
        raise TrainError(
            f"--data {pin}: no {entry}; versions of {name} here: "
            f"{', '.join(there) or 'none'}. `fusemill release` makes one"
        )
    folder = project.workdir / "releases" / name / version
    if not folder.is_dir():
        raise TrainError(
            f"--data {pin}: {entry} names a release whose folder {folder} is not "
            "there; restore it, or name its place with --workdir"
        )
    check_files(folder, entry, data)
    return Release(
        name=name,
        version=version,
        release_id=str(data["release_id"]),
        repo=None,
        commit=None,
        folder=folder,
        sha256=_digests(data["files"]),
    )


def _digests(files: dict[str, Any]) -> dict[str, str]:
    return {name: str(file["sha256"]) for name, file in files.items()}

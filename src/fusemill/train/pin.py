"""The release that a model is trained on: a pin, resolved to verified files."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusemill.errors import TrainError
from fusemill.progress import Progress
from fusemill.project.project import Project
from fusemill.release.pins import find_pin
from fusemill.release.publications import publications
from fusemill.release.pull import pull
from fusemill.release.registry import check_files, read_entry, yanked


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


def resolve(project: Project, asked: str, progress: Progress) -> Release:
    """The release that NAME@VERSION or NAME@COMMIT means, pulled where it is published.

    Before it is published, its folder below releases/, every file compared with its
    entry. ReleaseError or TrainError for anything that does not name one version for
    good, or has other bytes.
    """
    found = _unpublished(project, asked, progress)
    if found is not None:
        return found
    pin = find_pin(asked, project.workdir)
    folder = pull(asked, workdir=project.workdir, progress=progress)
    data = read_entry(pin.entry)
    assert data is not None, "the pin was read from it"
    (repo,) = {one.repo for one in pin.places if one.commit == folder.name}
    return _release(data, folder, repo, folder.name)


def _unpublished(project: Project, asked: str, progress: Progress) -> Release | None:
    """A registered version that is on no Hub, None where it is, or is no version."""
    named = re.fullmatch(r"([a-z0-9][a-z0-9_.-]*)@(\d+\.\d+\.\d+)", asked)
    if named is None:
        return None
    name, version = named.groups()
    entry = project.workdir / "registry" / "releases" / name / f"{version}.yaml"
    data = read_entry(entry)
    if data is None or publications(data, entry):
        return None
    folder = project.workdir / "releases" / name / version
    if not folder.is_dir():
        raise TrainError(
            f"--data {asked}: {entry} names a release that is on no Hub, and there is "
            f"no {folder}; restore it, or name its place with --workdir"
        )
    check_files(folder, entry, data)
    why = yanked(data)
    if why is not None:
        progress.say("train", f"{name}@{version} was yanked: {why}")
    return _release(data, folder, None, None)


def _release(
    data: dict[str, Any], folder: Path, repo: str | None, commit: str | None
) -> Release:
    return Release(
        name=str(data["name"]),
        version=str(data["version"]),
        release_id=str(data["release_id"]),
        repo=repo,
        commit=commit,
        folder=folder,
        sha256={name: str(file["sha256"]) for name, file in data["files"].items()},
    )

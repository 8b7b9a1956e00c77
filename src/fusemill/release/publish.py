"""Publishing a release: one commit on a Hub, read back, tagged, then registered.

Each step first looks whether it was done, so that it can be run again after any death
and after a reply that never came. A tag stands only for files that were read back.
"""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fusemill.durable import point
from fusemill.errors import ReleaseError
from fusemill.progress import Moved, Progress
from fusemill.project.models import HubRepository
from fusemill.project.project import Project
from fusemill.release.publications import Publication, record
from fusemill.release.registry import read_entry
from fusemill.release.repository import Blob, Change, Repository, persist
from fusemill.release.write import Written

READERS = 4
Say = Callable[[str], None]


@dataclass(frozen=True)
class Candidate:
    """A written version and the repository it goes to."""

    repository: Repository
    private: bool  # what the repository is made as
    folder: Path
    entry: Path
    name: str
    version: str
    release_id: str
    files: dict[str, dict[str, Any]]  # of the registry entry, by name

    @property
    def tag(self) -> str:
        """Tag of the version, as Hub sets have it."""
        return f"v{self.version}"

    @property
    def title(self) -> str:
        """First line of the commit; by it a commit of ours is found again."""
        return f"{self.name} {self.version}"

    @property
    def n_bytes(self) -> int:
        """Bytes of all files."""
        return sum(int(file["bytes"]) for file in self.files.values())

    @property
    def size(self) -> str:
        """How much is to be sent at most, in words."""
        return f"{len(self.files)} files, {self.n_bytes:,} bytes"

    @property
    def remark(self) -> str:
        """What its card does not say of this repository; mostly nothing."""
        if f'"{self.repository.repo}"' in (self.folder / "README.md").read_text(
            "utf-8"
        ):
            return ""
        return (
            f". Its card does not name {self.repository.repo}, which `release.hub` did "
            "not say when it was written; the next version's card will"
        )

    def is_in(self, tree: dict[str, Blob]) -> bool:
        """Whether these are exactly the version's files, by what the Hub states."""
        return tree.keys() == self.files.keys() and all(
            self._is(name, blob) for name, blob in tree.items()
        )

    def _is(self, name: str, blob: Blob) -> bool:
        file = self.files[name]
        if blob.size != file["bytes"]:
            return False
        if blob.sha256 is not None:
            return bool(blob.sha256 == file["sha256"])
        return blob.git_sha1 == _git_sha1(self.folder / name)

    def change(self, tree: dict[str, Blob]) -> Change:
        """The commit that makes a tree the version's files and no others."""
        return Change(
            {name: self.folder / name for name in self.files},
            {name: str(file["sha256"]) for name, file in self.files.items()},
            sorted(set(tree) - set(self.files)),
            self.title,
            f"{self.name} {self.version}, release_id {self.release_id}",
        )


def destination(project: Project) -> HubRepository:
    """Where the project publishes; ReleaseError where that is not declared."""
    declared = project.file.release.hub
    if declared is None:
        raise ReleaseError(
            f"{project.root / 'fusemill.yaml'}: release.hub is not declared, so there "
            "is nowhere to publish; write `hub: {repo: namespace/name, private: true}` "
            "below `release:`"
        )
    return declared


def candidate(project: Project, written: Written) -> Candidate:
    """What is to be published of a version that was written."""
    release = project.file.release
    declared = destination(project)
    entry = read_entry(written.entry)
    assert entry is not None, "a written release has an entry"
    return Candidate(
        Repository.named(declared.repo),
        declared.private,
        written.folder,
        written.entry,
        release.name,
        release.version,
        str(entry["release_id"]),
        entry["files"],
    )


def plan(one: Candidate) -> str:
    """What publishing would do, in words; nothing is sent."""
    repository, gets = one.repository, f"get {one.size}, tag {one.tag}"
    private = repository.is_private()
    if private is None:
        kind = "private" if one.private else "public"
        return f"{repository} would be made ({kind}) and {gets}{one.remark}"
    commit = repository.tagged(one.tag)
    if commit is not None:
        _require_same(one, commit)
        return f"{repository} has {one.tag} already, commit {commit}"
    _require_private(one, private)
    head = repository.head()
    deleted = one.change(repository.tree(head) if head else {}).deleted
    less = f", and lose {_listed(deleted)}" if deleted else ""
    return f"{repository} would {gets}{less}{one.remark}"


def publish(one: Candidate, progress: Progress) -> Publication:
    """Publish a version, or find it published; the entry then says where.

    Raises ReleaseError where the tag has other files, the repository is public and is
    not to be, or the Hub gives other bytes than were sent; RemoteError where it refuses
    or does not answer.
    """

    def say(text: str) -> None:
        progress.say("publish", text)

    repository = one.repository
    private = repository.is_private()
    if private is None:
        repository.make(one.private)
        private = one.private
        point("publish.made")
    commit = persist(lambda: repository.tagged(one.tag), say)
    if commit is None:
        _require_private(one, private)
        say(f"{one.size} to {repository}{one.remark}")
        commit = persist(lambda: _commit(one, say), say)
    else:
        _require_same(one, commit)
    point("publish.committed")
    with progress.transfer("publish", "reading back", one.n_bytes) as moved:
        _read_back(one, commit, say, moved)
    point("publish.read")
    persist(lambda: _tag(one, commit), say)
    point("publish.tagged")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    publication = Publication(repository.repo, commit, one.tag, now)
    record(one.entry, publication)
    return publication


def _commit(one: Candidate, say: Say) -> str:
    """Commit the version on the head as it is now, or find its commit there."""
    repository = one.repository
    head = repository.head()
    if head is not None:
        for commit in repository.recent(one.title):
            if one.is_in(repository.tree(commit)):
                return commit
    change = one.change(repository.tree(head) if head else {})
    if change.deleted:
        say(f"main loses {_listed(change.deleted)}, which earlier commits keep")
    point("publish.committing")
    return repository.commit(change, head)


def _listed(names: list[str], most: int = 10) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _tag(one: Candidate, commit: str) -> None:
    there = one.repository.tagged(one.tag)
    if there is None:
        one.repository.tag(one.tag, commit, one.title)
    elif there != commit:
        _require_same(one, there)


def _require_private(one: Candidate, private: bool) -> None:
    """ReleaseError where a repository is public and was declared private."""
    if one.private and not private:
        raise ReleaseError(
            f"{one.repository} is public, and `release.hub` says private: nothing was "
            "sent. Make it private there, or write `private: false` in fusemill.yaml"
        )


def _require_same(one: Candidate, commit: str) -> None:
    """ReleaseError where a commit that has our tag holds other files than ours."""
    if not one.is_in(one.repository.tree(commit)):
        raise ReleaseError(
            f"{one.repository}: tag {one.tag} is there, at commit {commit}, with other "
            f"files than {one.folder}. A version is never published twice: raise "
            "`release.version` in fusemill.yaml, or remove a tag that nobody uses"
        )


def _read_back(one: Candidate, commit: str, say: Say, moved: Moved) -> None:
    """Compare the sha256 of every file with what the Hub gives at a commit."""

    def read(name: str) -> str:
        digest = hashlib.sha256()
        for chunk in one.repository.read(name, commit):
            digest.update(chunk)
            moved(len(chunk))
        return digest.hexdigest()

    def check(name: str) -> None:
        found = persist(lambda: read(name), say)
        expected = one.files[name]["sha256"]
        if found != expected:
            raise ReleaseError(
                f"{one.repository}: {name} at commit {commit} has sha256 {found}, "
                f"expected {expected} of {one.folder}; this commit is not registered. "
                "See whether something between here and the Hub changes files"
            )

    with ThreadPoolExecutor(READERS) as pool:
        list(pool.map(check, one.files))


def _git_sha1(path: Path) -> str:
    """What git names a file of these bytes; read at once, these are small files."""
    content = path.read_bytes()
    header = f"blob {len(content)}\0".encode()
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()

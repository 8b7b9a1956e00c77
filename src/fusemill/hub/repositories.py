"""The repositories of one folder: <datasets|models>/<namespace>/<name>.git.

A repository appears as a whole, with its first commit, by one rename, and goes by one.
"""

import json
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dulwich.objects import Blob, Tree
from dulwich.repo import Repo

from fusemill.durable import (
    fsync,
    make_folder,
    place,
    storage,
    temporary_name,
    write_text,
)
from fusemill.hub.attributes import attributes
from fusemill.hub.names import RepositoryId
from fusemill.hub.refusals import exists, gone
from fusemill.hub.repository import BRANCHES, MAIN, Repository
from fusemill.hub.writing import FILE_MODE, ObjectWriter, move_ref, new_commit


class Repositories:
    """Opens, makes and deletes repositories; one for each served folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.incoming = folder / "incoming"
        self._open: dict[RepositoryId, Repository] = {}
        self._lock = threading.Lock()

    def find(self, identity: RepositoryId) -> Repository | None:
        """The repository; None where there is none."""
        path = self.folder / identity.folder
        with self._lock:
            if not path.is_dir():
                return None
            if identity not in self._open:
                self._open[identity] = Repository(identity, path)
            return self._open[identity]

    def ids(self, kind: str) -> list[RepositoryId]:
        """Every repository of a kind, in order."""
        paths = self.folder.glob(f"{kind}/*/*.git")
        return sorted(RepositoryId(kind, p.parent.name, p.stem) for p in paths)

    def create(self, identity: RepositoryId, user: str, private: bool) -> Repository:
        """A new repository whose main branch has one commit, of .gitattributes.

        Refusal 409 where it exists.
        """
        final = self.folder / identity.folder
        _refuse_existing(final, identity)
        temporary = temporary_name(self.incoming / identity.name)
        with storage(final):
            make_folder(final.parent)
            try:
                self._build(Repository(identity, _bare(temporary)), user, private)
                with self._lock:
                    _refuse_existing(final, identity)
                    place(temporary, final, "hub.repository")
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        found = self.find(identity)
        if found is None:
            raise gone(identity)
        return found

    def _build(self, repository: Repository, user: str, private: bool) -> None:
        set_private(repository, private)
        writer, tree = ObjectWriter(repository), Tree()
        blob = writer.add(Blob.from_string(attributes().encode()))
        tree.add(b".gitattributes", FILE_MODE, blob)
        writer.add(tree)
        first = writer.add(new_commit(tree, None, user, "initial commit"))
        writer.flush()
        move_ref(repository, BRANCHES + MAIN, None, first)

    def delete(self, identity: RepositoryId) -> None:
        """Remove a repository; large files stay, others may have them too."""
        repository = self.find(identity)
        if repository is None:
            raise gone(identity)
        temporary = temporary_name(self.incoming / identity.name)
        with repository.lock, self._lock, storage(repository.path):
            if repository.deleted:
                raise gone(identity)
            repository.deleted = True
            self._open.pop(identity, None)
            repository.path.rename(temporary)
            fsync(repository.path.parent)
        shutil.rmtree(temporary)


def _refuse_existing(path: Path, identity: RepositoryId) -> None:
    if path.exists():
        raise exists(f"{identity.type} {identity} exists already")


def _bare(path: Path) -> Path:
    path.mkdir()
    Repo.init_bare(path, default_branch=MAIN.encode()).close()
    return path


def settings(repository: Repository) -> dict[str, Any]:
    """`private`, and `created` as an ISO time."""
    try:
        text = (repository.path / "hub.json").read_text("utf-8")
    except FileNotFoundError:  # deleted meanwhile
        raise gone(repository.id) from None
    found: dict[str, Any] = json.loads(text)
    return found


def set_private(repository: Repository, private: bool) -> None:
    """Hide a repository from those without a token, or show it."""
    path = repository.path / "hub.json"
    created = datetime.now(UTC).isoformat(timespec="milliseconds")
    with repository.lock:
        if repository.deleted:
            raise gone(repository.id)
        if path.exists():
            created = settings(repository)["created"]
        kept = {"private": private, "created": created}
        write_text(path, json.dumps(kept), "hub.json")

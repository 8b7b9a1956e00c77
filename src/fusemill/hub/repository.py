"""One bare git repository, read: revisions, files, history.

    names.revision("v1.0.0") → commit id → Entry(path, oid, size, pointer)

What a commit holds never changes, so nothing here needs a lock.
"""

import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dulwich.diff_tree import tree_changes
from dulwich.object_store import DiskObjectStore
from dulwich.objects import Commit, ObjectID, Tag, Tree
from dulwich.refs import DiskRefsContainer, Ref

from fusemill.hub.names import RepositoryId, is_commit_id
from fusemill.hub.pointers import LONGEST, Pointer, pointer
from fusemill.hub.refusals import no_entry, no_revision

BRANCHES = "refs/heads/"
TAGS = "refs/tags/"
MAIN = "main"
_KNOWN_BLOBS = 100_000


@dataclass(frozen=True)
class Entry:
    """A file or folder of a commit; `size` is that of the large file, if it is one."""

    path: str
    oid: str
    is_folder: bool
    size: int
    pointer: Pointer | None = None

    @property
    def etag(self) -> str:
        """What identifies the bytes: sha256 of a large file, else git's sha1."""
        return self.pointer.oid if self.pointer else self.oid


class Repository:
    """A repository on disk; `lock` is held by whoever moves a ref.

    `deleted` is final: one that is made under the same name is another one.
    """

    def __init__(self, identity: RepositoryId, path: Path) -> None:
        self.id = identity
        self.path = path
        self.store = DiskObjectStore(path / "objects")
        self.refs = DiskRefsContainer(str(path))
        self.lock = threading.RLock()
        self.deleted = False
        self._blobs: dict[bytes, tuple[int, Pointer | None]] = {}

    def ref(self, name: str) -> str | None:
        """The object that a full ref names; None where there is no such ref."""
        value = self.refs.read_ref(Ref(name.encode()))
        return value.decode() if value else None

    def named(self, prefix: str) -> dict[str, str]:
        """Name without prefix → commit id, of all branches or all tags."""
        names = sorted(n.decode() for n in self.refs.subkeys(Ref(prefix.encode())))
        found = {name: self.ref(prefix + name) for name in names}
        return {n: self.peeled(sha) for n, sha in found.items() if sha is not None}

    def peeled(self, sha: str) -> str:
        """The commit behind an annotated tag; a commit is its own."""
        found = self.store[ObjectID(sha.encode())]
        while isinstance(found, Tag):
            found = self.store[found.object[1]]
        return found.id.decode()

    def resolve(self, revision: str) -> str:
        """The commit of a branch, tag, full ref or 40 hex digits, in this order.

        Refusal 404 RevisionNotFound otherwise; a shortened id is none.
        """
        full = [BRANCHES + revision, TAGS + revision]
        if revision.startswith((BRANCHES, TAGS)):
            full = [revision]
        for name in full:
            sha = self.ref(name)
            if sha is not None:
                return self.peeled(sha)
        if is_commit_id(revision) and self.has_commit(revision):
            return revision
        raise no_revision(revision, str(self.id))

    def has_commit(self, sha: str) -> bool:
        """Whether there is such a commit."""
        key = ObjectID(sha.encode())
        return key in self.store and isinstance(self.store[key], Commit)

    def commit(self, sha: str) -> Commit:
        """A commit that is there."""
        found = self.store[ObjectID(sha.encode())]
        assert isinstance(found, Commit), sha
        return found

    def tree(self, oid: ObjectID) -> Tree:
        """A tree that is there."""
        found = self.store[oid]
        assert isinstance(found, Tree), oid
        return found

    def blob(self, oid: str) -> bytes:
        """The bytes of a blob that is there."""
        return self.store.get_raw(ObjectID(oid.encode()))[1]

    def entry(self, sha: str, path: str) -> Entry:
        """What is at a path of a commit. Refusal 404 EntryNotFound where nothing is."""
        mode, oid = stat.S_IFDIR, self.commit(sha).tree
        for part in path.split("/"):
            tree = self.tree(oid) if stat.S_ISDIR(mode) else Tree()
            try:
                mode, oid = tree[part.encode()]
            except KeyError:
                raise no_entry(path, sha) from None
        return self._entry(path, mode, oid)

    def entries(self, sha: str, path: str, recursive: bool) -> list[Entry]:
        """What is in a folder of a commit ('' is its root), by path.

        Refusal 404 EntryNotFound where there is no such folder.
        """
        oid = self.commit(sha).tree
        if path:
            folder = self.entry(sha, path)
            if not folder.is_folder:
                raise no_entry(f"{path}/", sha)
            oid = ObjectID(folder.oid.encode())
        found = self._below(oid, f"{path}/" if path else "", recursive)
        return sorted(found, key=lambda entry: entry.path)

    def _below(self, oid: ObjectID, prefix: str, recursive: bool) -> Iterator[Entry]:
        for item in self.tree(oid).iteritems():
            path = prefix + item.path.decode(errors="replace")
            yield (entry := self._entry(path, item.mode, item.sha))
            if recursive and entry.is_folder:
                yield from self._below(item.sha, f"{path}/", recursive)

    def _entry(self, path: str, mode: int, oid: ObjectID) -> Entry:
        if stat.S_ISDIR(mode):
            return Entry(path, oid.decode(), True, 0)
        size, large = self._known(oid)
        return Entry(path, oid.decode(), False, size, large)

    def _known(self, oid: ObjectID) -> tuple[int, Pointer | None]:
        known = self._blobs.get(oid)
        if known is None:
            data = self.store.get_raw(oid)[1]
            large = pointer(data) if len(data) <= LONGEST else None
            known = (large.size if large else len(data), large)
            if len(self._blobs) >= _KNOWN_BLOBS:
                self._blobs.clear()
            self._blobs[oid] = known
        return known

    def history(self, sha: str) -> Iterator[Commit]:
        """A commit and those before it, newest first."""
        commit: Commit | None = self.commit(sha)
        while commit is not None:
            yield commit
            parents = commit.parents
            commit = self.commit(parents[0].decode()) if parents else None

    def last_commits(self, sha: str, paths: set[str]) -> dict[str, Commit]:
        """The commit that last changed each of these paths, folders too."""
        last: dict[str, Commit] = {}
        for commit in self.history(sha):
            before = (
                self.commit(commit.parents[0].decode()).tree if commit.parents else None
            )
            for change in tree_changes(self.store, before, commit.tree):
                for side in (change.old, change.new):
                    parts = (
                        side.path.decode(errors="replace").split("/") if side else []
                    )
                    for n in range(len(parts)):
                        name = "/".join(parts[: n + 1])
                        if name in paths:
                            last.setdefault(name, commit)
            if len(last) == len(paths):
                break
        return last

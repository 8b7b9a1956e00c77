"""Writing to a git repository so that a ref never names what is not whole.

Every object is flushed, file and folder, before a ref moves; a ref is replaced by a
rename. A killed server leaves at most objects that nothing names, and temporary files
that git itself takes for such: objects/tmp_obj_*, *.lock.
"""

import contextlib
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dulwich.objects import Commit, ObjectID, ShaFile, Tag, Tree
from dulwich.refs import Ref

from fusemill.durable import fsync, make_folder, place, point, storage
from fusemill.hub.refusals import Refusal, exists, gone
from fusemill.hub.repository import Repository

FILE_MODE = 0o100644
AT_ONCE = 8  # flushes; the file system merges those that wait together


class ObjectWriter:
    """Objects of one repository that are flushed together, which is many times quicker.

    They come under temporary names and get their own in the order they were added: an
    object after those it leads to, so that git never finds a link that is broken.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._objects = repository.path / "objects"
        self._pending: dict[ObjectID, Path] = {}

    def add(self, value: ShaFile) -> ObjectID:
        """Take a blob, tree, commit or tag; its id. It is there after `flush`."""
        oid = value.id
        if oid not in self._pending and oid not in self._repository.store:
            temporary = self._objects / f"tmp_obj_{uuid.uuid4().hex}"
            self._pending[oid] = temporary
            with self._storing():
                temporary.write_bytes(value.as_legacy_object())
                temporary.chmod(0o444)
        return oid

    def flush(self) -> None:
        """Store all that was added, durably."""
        finals = [self._final(oid) for oid in self._pending]
        with self._storing():
            point("hub.git.written")
            _fsync_all(self._pending.values())
            point("hub.git.fsynced")
            folders = {final.parent for final in finals}
            for folder in folders:
                folder.mkdir(exist_ok=True)
            for temporary, final in zip(self._pending.values(), finals, strict=True):
                temporary.rename(final)
                point("hub.git.renamed")
            _fsync_all([*folders, self._objects])
            point("hub.git.durable")
        self._pending.clear()

    def close(self) -> None:
        """Forget what was not flushed."""
        for temporary in self._pending.values():
            temporary.unlink(missing_ok=True)
        self._pending.clear()

    def _final(self, oid: ObjectID) -> Path:
        name = oid.decode()
        return self._objects / name[:2] / name[2:]

    @contextlib.contextmanager
    def _storing(self) -> Iterator[None]:
        if not self._objects.is_dir():
            raise gone(self._repository.id)
        with storage(self._objects):
            yield


def _fsync_all(paths: Iterable[Path]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(fsync, paths):
            pass  # raises what one of them raised


def signature(user: str) -> bytes:
    """Author, committer or tagger: the user whose token it was."""
    return f"{user} <{user}@localhost>".encode()


def new_commit(tree: Tree, parent: str | None, user: str, message: str) -> Commit:
    """A commit of a tree, made now."""
    commit = Commit()
    commit.tree = tree.id
    commit.parents = [ObjectID(parent.encode())] if parent else []
    commit.author = commit.committer = signature(user)
    commit.author_time = commit.commit_time = int(time.time())
    commit.author_timezone = commit.commit_timezone = 0
    commit.encoding = b"UTF-8"
    commit.message = message.encode(errors="replace").replace(b"\0", b"") + b"\n"
    return commit


def new_tag(name: str, commit: str, user: str, message: str) -> Tag:
    """An annotated tag, made now."""
    tag = Tag()
    tag.name = name.encode()
    tag.object = (Commit, ObjectID(commit.encode()))
    tag.tagger = signature(user)
    tag.tag_time, tag.tag_timezone = int(time.time()), 0
    tag.message = message.encode(errors="replace").replace(b"\0", b"") + b"\n"
    return tag


def move_ref(
    repository: Repository, name: str, expected: str | None, new: ObjectID
) -> None:
    """Let a ref name another object, if it still names the expected one.

    None expects that there is none. Refusal 412 where another was there, 409 where the
    name is in the way of another (`a` and `a/b`). The caller holds the lock.
    """
    if repository.deleted:
        raise gone(repository.id)
    if repository.ref(name) != expected:
        raise Refusal(412, f"{name} has moved meanwhile", "PreconditionFailed")
    if expected is None:
        _refuse_in_the_way(repository, name)
    path = repository.path / name
    temporary = path.with_name(f"{path.name}.lock")
    with storage(path):
        make_folder(path.parent)
        # Folders without refs, which a killed deletion can leave.
        for folder in sorted([path, *path.rglob("*")], reverse=True):
            if folder.is_dir():
                folder.rmdir()
        temporary.write_bytes(new + b"\n")
        place(temporary, path, "hub.ref")


def _refuse_in_the_way(repository: Repository, name: str) -> None:
    """Refusal 409 where a name would be a folder of another, packed ones too."""
    for ref in repository.refs.allkeys():
        taken = ref.decode(errors="replace")
        if name.startswith(f"{taken}/"):
            raise exists(f"{name}: a part of the name is a branch or tag")
        if taken.startswith(f"{name}/"):
            raise exists(f"{name}: there are branches or tags below this name")


def remove_ref(repository: Repository, name: str) -> None:
    """Forget a ref, wherever git keeps it. The caller holds the lock."""
    with storage(repository.path / name):
        repository.refs.remove_if_equals(Ref(name.encode()), None)
        folder = (repository.path / name).parent
        while not folder.is_dir():  # folders that became empty are removed too
            folder = folder.parent
        fsync(folder)
        point("hub.ref.removed")

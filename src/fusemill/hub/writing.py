"""Writing to a git repository so that a ref never names what is not whole.

Every object is flushed, file and folder, before a ref moves; a ref is replaced by a
rename. A killed server leaves at most objects that nothing names, and temporary files
that git itself takes for such: objects/tmp_obj_*, *.lock.
"""

import time
import uuid

from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tag, Tree
from dulwich.refs import Ref

from fusemill.durable import fsync, make_folder, place, point, storage
from fusemill.hub.refusals import Refusal, exists, gone
from fusemill.hub.repository import Repository

FILE_MODE = 0o100644


def write_object(repository: Repository, value: ShaFile) -> ObjectID:
    """Store a blob, tree, commit or tag durably; its id."""
    oid = value.id
    if oid in repository.store:
        return oid
    objects = repository.path / "objects"
    name = oid.decode()
    final = objects / name[:2] / name[2:]
    temporary = objects / f"tmp_obj_{uuid.uuid4().hex}"
    with storage(final):
        try:
            if not final.parent.is_dir():
                # Only this one folder: of a deleted repository nothing is made again.
                final.parent.mkdir(exist_ok=True)
                fsync(objects)
            temporary.write_bytes(value.as_legacy_object())
            temporary.chmod(0o444)
            place(temporary, final, "hub.git")
        except FileNotFoundError:
            raise gone(repository.id) from None
        finally:
            temporary.unlink(missing_ok=True)
    return oid


def write_blob(repository: Repository, data: bytes) -> ObjectID:
    """Store the bytes of a file."""
    return write_object(repository, Blob.from_string(data))


def signature(user: str) -> bytes:
    """Author, committer or tagger: the user whose token it was."""
    return f"{user} <{user}@localhost>".encode()


def write_commit(
    repository: Repository, tree: Tree, parent: str | None, user: str, message: str
) -> ObjectID:
    """Store a commit of a tree that is stored already."""
    commit = Commit()
    commit.tree = tree.id
    commit.parents = [ObjectID(parent.encode())] if parent else []
    commit.author = commit.committer = signature(user)
    commit.author_time = commit.commit_time = int(time.time())
    commit.author_timezone = commit.commit_timezone = 0
    commit.encoding = b"UTF-8"
    commit.message = message.encode(errors="replace").replace(b"\0", b"") + b"\n"
    return write_object(repository, commit)


def write_tag(
    repository: Repository, name: str, commit: str, user: str, message: str
) -> ObjectID:
    """Store an annotated tag."""
    tag = Tag()
    tag.name = name.encode()
    tag.object = (Commit, ObjectID(commit.encode()))
    tag.tagger = signature(user)
    tag.tag_time, tag.tag_timezone = int(time.time()), 0
    tag.message = message.encode(errors="replace").replace(b"\0", b"") + b"\n"
    return write_object(repository, tag)


def move_ref(
    repository: Repository, name: str, expected: str | None, new: ObjectID
) -> None:
    """Let a ref name another object, if it still names the expected one.

    None expects that there is none. Refusal 412 where another was there, 409 where the
    name is in the way of another (`a` and `a/b`). The caller holds the lock.
    """
    if not repository.path.is_dir():
        raise gone(repository.id)
    if repository.ref(name) != expected:
        raise Refusal(412, f"{name} has moved meanwhile", "PreconditionFailed")
    path = repository.path / name
    try:
        make_folder(path.parent)
    except (FileExistsError, NotADirectoryError):
        raise exists(f"{name}: a part of the name is a branch or tag") from None
    if path.is_dir():
        raise exists(f"{name}: there are branches or tags below this name")
    temporary = path.with_name(f"{path.name}.lock")
    with storage(path):
        temporary.write_bytes(new + b"\n")
        place(temporary, path, "hub.ref")


def remove_ref(repository: Repository, name: str) -> None:
    """Forget a ref, wherever git keeps it. The caller holds the lock."""
    with storage(repository.path / name):
        repository.refs.remove_if_equals(Ref(name.encode()), None)
        folder = (repository.path / name).parent
        while not folder.is_dir():  # folders that became empty are removed too
            folder = folder.parent
        fsync(folder)
        point("hub.ref.removed")

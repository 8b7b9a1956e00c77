"""A commit in the making: operations come one by one, the tree is written at the end.

{"key": "header", "value": {"summary": "…", "parentCommit": "<40 hex>"}}
{"key": "file", "value": {"path": "README.md", "content": "…", "encoding": "base64"}}
{"key": "lfsFile", "value": {"path": "a.parquet", "algo": "sha256", "oid": "…"}}
{"key": "deletedFile", "value": {"path": "old.parquet"}}
"""

import base64
import binascii
import stat
from collections.abc import Callable
from typing import Any

from dulwich.objects import Blob, ObjectID, Tree

from fusemill.hub import names
from fusemill.hub.names import file_path, is_commit_id, revision
from fusemill.hub.objects import Objects
from fusemill.hub.pointers import Pointer, pointer
from fusemill.hub.refusals import Refusal, malformed, no_entry, no_revision, too_large
from fusemill.hub.repository import BRANCHES, Repository
from fusemill.hub.writing import FILE_MODE, ObjectWriter, move_ref, new_commit

LARGEST_FILE = 10 << 20  # bytes of a file that comes within a commit
LONGEST_MESSAGE = 65_536
MOST_OPERATIONS = 25_000  # of one commit; each is in memory until the end
LONGEST_RULE = 2_048  # bytes of a line of .gitattributes; git calls longer ones broken


class Draft:
    """The operations of one commit, checked and stored as they come."""

    def __init__(self, repository: Repository, objects: Objects, branch: str) -> None:
        self._repository = repository
        self._objects = objects
        self._branch = branch
        self._writer = ObjectWriter(repository)
        self._edits: list[Callable[[Folder, str], None]] = []
        self._message: str | None = None
        self._parent: str | None = None

    def take(self, item: object, where: str) -> None:
        """One line of the request. Refusal 400 that says where it is not as expected.

        Refusal 412 as soon as the header names a parent that is not the head.
        """
        if not isinstance(item, dict) or not isinstance(item.get("value"), dict):
            raise malformed(f'{where}: expected {{"key": …, "value": {{…}}}}')
        key, value = item.get("key"), item["value"]
        take = _OPERATIONS.get(key) if isinstance(key, str) else None
        if take is None:
            known = ", ".join(_OPERATIONS)
            raise malformed(f"{where}: key {str(key)[:60]!r}, expected one of {known}")
        if (self._message is None) != (key == "header"):
            raise malformed(f"{where}: the first line, and only it, is the header")
        if len(self._edits) >= MOST_OPERATIONS:
            raise too_large(f"{where}: over {MOST_OPERATIONS} operations")
        take(self, value, where)

    def finish(self, user: str) -> str:
        """Commit on the present head; the id of the commit.

        Refusal 412 where a parent was named that is not the head any more, 404 where
        what is deleted is not there. Nothing has changed then.
        """
        if self._message is None:
            raise malformed("commit: expected a header as the first line")
        with self._repository.lock:
            head = self._head()
            root = Folder(self._repository, self._repository.commit(head).tree)
            for edit in self._edits:
                edit(root, head)
            tree = root.write(self._writer)
            commit = new_commit(tree, head, user, self._message.strip())
            oid = self._writer.add(commit)
            self._writer.flush()
            move_ref(self._repository, BRANCHES + self._branch, head, oid)
        return oid.decode()

    def close(self) -> None:
        """Forget what was not committed."""
        self._writer.close()

    def _head(self) -> str:
        head = self._repository.ref(BRANCHES + self._branch)
        if head is None:
            raise no_revision(self._branch, str(self._repository.id))
        if self._parent not in (None, head):
            raise Refusal(
                412,
                f"{self._branch} is at {head}, not at the parent {self._parent} that "
                "the commit names: another commit came first. Read the head again",
                "PreconditionFailed",
            )
        return head

    def _header(self, value: dict[str, Any], where: str) -> None:
        summary = _text(value, "summary", where)
        description = _text(value, "description", where, "")
        if len(summary) + len(description) > LONGEST_MESSAGE:
            raise too_large(f"{where}: a message of over {LONGEST_MESSAGE} characters")
        parent = value.get("parentCommit")
        if parent is not None and not (
            isinstance(parent, str) and is_commit_id(parent)
        ):
            raise malformed(f"{where}: parentCommit: expected 40 hex digits or nothing")
        self._message, self._parent = f"{summary}\n\n{description}", parent
        self._head()

    def _file(self, value: dict[str, Any], where: str) -> None:
        path, content = _path(value, where), _text(value, "content", where)
        encoding = _text(value, "encoding", where, "utf-8")
        if len(content) > LARGEST_FILE * 4 // 3 + 4:
            raise too_large(f"{path}: files of over {LARGEST_FILE} bytes go by LFS")
        if encoding not in ("base64", "utf-8"):
            raise malformed(f"{where}: encoding {encoding!r}: expected base64 or utf-8")
        try:
            plain = content.encode("ascii" if encoding == "base64" else "utf-8")
            data = (
                base64.b64decode(plain, validate=True)
                if encoding == "base64"
                else plain
            )
        except (binascii.Error, UnicodeEncodeError):
            raise malformed(f"{where}: content is not valid {encoding}") from None
        large = pointer(data)
        if large is not None and self._stored(large.oid, path) != large.size:
            raise malformed(f"{path}: {large.oid} has not {large.size} bytes")
        if path.endswith(".gitattributes"):
            self._refuse_long_rules(data, path)
        self._put(path, self._writer.add(Blob.from_string(data)))

    @staticmethod
    def _refuse_long_rules(data: bytes, path: str) -> None:
        if any(len(line) >= LONGEST_RULE for line in data.split(b"\n")):
            raise malformed(f"{path}: git takes lines under {LONGEST_RULE} bytes")

    def _lfs_file(self, value: dict[str, Any], where: str) -> None:
        path, digest = _path(value, where), names.oid(value.get("oid"))
        size = self._stored(digest, path)
        if value.get("size", size) != size:
            raise malformed(
                f"{where}: size {value['size']!r}: {digest} has {size} bytes"
            )
        stands_for = Blob.from_string(Pointer(digest, size).encode())
        self._put(path, self._writer.add(stands_for))

    def _stored(self, digest: str, path: str) -> int:
        size = self._objects.size(digest)
        if size is None:
            raise malformed(f"{path}: large file {digest} has not been uploaded")
        return size

    def _copy(self, value: dict[str, Any], where: str) -> None:
        path, source = _path(value, where), _path(value, where, "srcPath")
        at = _text(value, "srcRevision", where, self._branch)
        sha = self._repository.resolve(revision(at))
        entry = self._repository.entry(sha, source)
        if entry.is_folder:
            raise malformed(
                f"{where}: {source!r} is a folder; files are copied one by one"
            )
        self._put(path, ObjectID(entry.oid.encode()))

    def _delete(self, value: dict[str, Any], where: str, is_folder: bool) -> None:
        path = file_path(_text(value, "path", where).rstrip("/" if is_folder else ""))

        def edit(root: Folder, head: str) -> None:
            if not root.delete(path.split("/"), is_folder):
                raise no_entry(path, head)

        self._edits.append(edit)

    def _put(self, path: str, blob: ObjectID) -> None:
        self._edits.append(lambda root, _: root.put(path.split("/"), blob, path))


_OPERATIONS: dict[str, Callable[[Draft, dict[str, Any], str], None]] = {
    "header": Draft._header,
    "file": Draft._file,
    "lfsFile": Draft._lfs_file,
    "copyFile": Draft._copy,
    "deletedFile": lambda draft, value, where: draft._delete(value, where, False),
    "deletedFolder": lambda draft, value, where: draft._delete(value, where, True),
}


def _text(
    value: dict[str, Any], key: str, where: str, default: str | None = None
) -> str:
    found = value.get(key, default)
    if not isinstance(found, str):
        raise malformed(f"{where}: {key}: expected a text")
    return found


def _path(value: dict[str, Any], where: str, key: str = "path") -> str:
    return file_path(_text(value, key, where))


class Folder:
    """A tree that is being changed; folders below are read when they are touched."""

    def __init__(self, repository: Repository, oid: ObjectID | None = None) -> None:
        self._repository = repository
        tree = repository.tree(oid) if oid else Tree()
        self._items: dict[str, tuple[int, ObjectID] | Folder] = {
            item.path.decode(errors="surrogateescape"): (item.mode, item.sha)
            for item in tree.iteritems()
        }

    def put(self, parts: list[str], blob: ObjectID, path: str) -> None:
        """Let a path be this file. Refusal 400 where a folder of it is a file."""
        name, *rest = parts
        if not rest:
            if self._folder(name) is not None:
                raise malformed(f"path {path!r}: there is a folder of this name")
            self._items[name] = (FILE_MODE, blob)
            return
        below = self._folder(name)
        if below is None:
            if name in self._items:
                raise malformed(f"path {path!r}: {name!r} is a file, not a folder")
            below = self._items[name] = Folder(self._repository)
        below.put(rest, blob, path)

    def delete(self, parts: list[str], is_folder: bool) -> bool:
        """Take a file or folder away; False where there is none."""
        name, *rest = parts
        below = self._folder(name)
        if rest:
            return below is not None and below.delete(rest, is_folder)
        if name not in self._items or (below is not None) != is_folder:
            return False
        del self._items[name]
        return True

    def write(self, writer: ObjectWriter) -> Tree:
        """Add this tree after those below; folders without files are left out."""
        tree = Tree()
        for name, item in self._items.items():
            encoded = name.encode(errors="surrogateescape")
            if not isinstance(item, Folder):
                tree.add(encoded, *item)
            elif len(below := item.write(writer)):
                tree.add(encoded, stat.S_IFDIR, below.id)
        writer.add(tree)
        return tree

    def _folder(self, name: str) -> "Folder | None":
        item = self._items.get(name)
        if isinstance(item, tuple) and stat.S_ISDIR(item[0]):
            item = self._items[name] = Folder(self._repository, item[1])
        return item if isinstance(item, Folder) else None

"""Large files by the sha256 of their bytes: objects/ab/cd/abcd….

A file is written under a temporary name while its digest is computed, and gets its name
only when digest and size are those that were announced. So what has a name is whole.
"""

import contextlib
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from fusemill.durable import (
    make_folder,
    place,
    remove_leftovers,
    sha256_file,
    storage,
    temporary_name,
)
from fusemill.errors import HubError
from fusemill.hub.refusals import malformed

FREE_KEPT = 64 << 20  # bytes of the disk that uploads leave free


def require_hub(folder: Path) -> None:
    """HubError where this is not a folder that was served."""
    if not (folder / "objects").is_dir():
        raise HubError(
            f"{folder}: no Hub's folder: expected objects/ in it; --folder names one, "
            "and `fusemill hub serve` makes one"
        )


class Objects:
    """The large files below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "objects"
        self.incoming = folder / "incoming"

    def prepare(self) -> None:
        """Make the folders, and remove what a killed server left half-received."""
        with storage(self.folder):
            make_folder(self.folder)
            make_folder(self.incoming)
        remove_leftovers(self.incoming)

    def path(self, oid: str) -> Path:
        """Where the file of a checked oid is, or would be."""
        return self.folder / oid[:2] / oid[2:4] / oid

    def size(self, oid: str) -> int | None:
        """Bytes of a stored file; None where it is not stored as a plain file."""
        try:
            found = self.path(oid).lstat()
        except FileNotFoundError:
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def has_room(self, size: int) -> bool:
        """Whether the disk takes so many bytes more."""
        return shutil.disk_usage(self.incoming).free >= size + FREE_KEPT

    def open(self, oid: str) -> BinaryIO:
        """A stored file, for reading; a symbolic link in its place is not followed."""
        descriptor = os.open(self.path(oid), os.O_RDONLY | os.O_NOFOLLOW)
        return os.fdopen(descriptor, "rb", buffering=0)

    @contextlib.contextmanager
    def receive(self, oid: str, size: int) -> Iterator["Incoming"]:
        """A file as it comes in; nothing is left of one that is not finished."""
        temporary = temporary_name(self.incoming / oid)
        with storage(temporary), open(temporary, "xb", buffering=0) as file:
            try:
                yield Incoming(self, file, temporary, oid, size)
            finally:
                temporary.unlink(missing_ok=True)

    def oids(self) -> Iterator[tuple[str, Path]]:
        """Every file with the name it has, in order."""
        for path in sorted(self.folder.glob("*/*/*")):
            yield path.name, path

    def is_whole(self, oid: str) -> bool:
        """Whether a stored file has the digest that is its name."""
        return sha256_file(self.path(oid)) == oid


class Incoming:
    """One file that is being received."""

    def __init__(
        self, objects: Objects, file: BinaryIO, temporary: Path, oid: str, size: int
    ) -> None:
        self._objects = objects
        self._file = file
        self._temporary = temporary
        self._oid = oid
        self._size = size
        self._n_received = 0
        self._digest = hashlib.sha256()

    def write(self, parts: list[bytes]) -> None:
        """Take the next bytes."""
        for part in parts:
            self._n_received += len(part)
            self._digest.update(part)
            view = memoryview(part)
            while view:
                view = view[self._file.write(view) :]

    def finish(self) -> None:
        """Give the file its name. Refusal 400 where digest or size are others."""
        if self._n_received != self._size:
            raise malformed(
                f"{self._oid}: {self._size} bytes announced, {self._n_received} came"
            )
        found = self._digest.hexdigest()
        if found != self._oid:
            raise malformed(f"{self._oid}: the bytes that came have sha256 {found}")
        final = self._objects.path(self._oid)
        make_folder(final.parent)
        place(self._temporary, final, "hub.object")

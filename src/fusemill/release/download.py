"""Downloading one pinned file, in pieces if need be, and never any other bytes."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from fusemill.errors import ReleaseError, RemoteError
from fusemill.progress import Moved
from fusemill.release.pins import PinnedFile
from fusemill.release.repository import CHUNK, Repository


@dataclass(frozen=True)
class RemoteFile:
    """A file at a commit, and what it must be."""

    repository: Repository
    name: str
    commit: str
    file: PinnedFile

    def download(self, target: Path, moved: Moved) -> None:
        """Bring the file, going on from what an earlier try left in `target`.

        Raises RemoteError where the Hub stops (the next try goes on from there) or the
        earlier part does not fit (it is thrown away), ReleaseError for other bytes.
        """
        with open(target, "a+b") as out:
            start, digest = self._begun(out)
            moved(start)
            n_bytes = start
            for chunk in self.repository.read(self.name, self.commit, start):
                out.write(chunk)
                digest.update(chunk)
                n_bytes += len(chunk)
                moved(len(chunk))
                if n_bytes > self.file.n_bytes:
                    break
        if n_bytes >= self.file.n_bytes and digest.hexdigest() == self.file.sha256:
            return
        moved(-n_bytes)
        if n_bytes < self.file.n_bytes:
            raise RemoteError(
                f"{self.repository}: {self.name} ended at byte {n_bytes:,} of "
                f"{self.file.n_bytes:,}",
                may_pass=True,
            )
        target.unlink()
        if start:
            raise RemoteError(f"{target}: the rest does not fit", may_pass=True)
        raise ReleaseError(
            f"{self.repository}: {self.name} at commit {self.commit} is not the "
            f"registered file: expected sha256 {self.file.sha256} and "
            f"{self.file.n_bytes:,} bytes, found {digest.hexdigest()}. Nothing was "
            "given out; ask who keeps this Hub, or publish the version again"
        )

    def _begun(self, out: BinaryIO) -> tuple[int, Any]:
        """How many bytes are there, and the state of sha256 after them."""
        start = out.seek(0, os.SEEK_END)
        if start >= self.file.n_bytes:
            out.truncate(start := 0)
        digest = hashlib.sha256()
        out.seek(0)
        while chunk := out.read(CHUNK):
            digest.update(chunk)
        return start, digest

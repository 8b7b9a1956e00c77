"""Writing so that a crash leaves either nothing or the whole.

Everything that lasts goes through `place`: written under a temporary name, fsynced,
renamed, folder fsynced. `point` names the moments in between, so that a test can
kill the process at each of them.
"""

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import signal
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from fusemill.errors import StorageError

_reached: Counter[str] = Counter()


def point(name: str) -> None:
    """A moment a crash test can choose: FUSEMILL_FAULT=<name>[#<n-th time>] kills here.

    The name `*` stands for every point. FUSEMILL_FAULT_LOG=<file> collects the names
    that were passed.
    """
    log = os.environ.get("FUSEMILL_FAULT_LOG")
    if log:
        with open(log, "a", encoding="utf-8") as file:
            file.write(name + "\n")
    fault = os.environ.get("FUSEMILL_FAULT")
    if fault:
        wanted, _, nth = fault.partition("#")
        if wanted in (name, "*"):
            _reached[wanted] += 1
            if _reached[wanted] == int(nth or 1):
                os.kill(os.getpid(), signal.SIGKILL)


_REFUSALS = {
    errno.ENOSPC: "the disk is full; free space and run again, what was finished stays",
    errno.EDQUOT: "the disk quota is used up; free space and run again",
    errno.EFBIG: "the file would be larger than this disk or process may have",
    errno.EROFS: "the disk is read-only; choose another place with {option}",
    errno.EACCES: "permission denied; choose another place with {option}",
    errno.EPERM: "not permitted; choose another place with {option}",
    errno.ENOLCK: "this file system has no locks (flock), so that two runs could not "
    "be told apart; mount it with them, or choose another place with {option}",
    errno.EOPNOTSUPP: "not supported by this file system; choose another place with "
    "{option}",
}

# What a path itself is refused for; only an OSError says so reliably.
_PLACES = {
    errno.ENOENT: "no such file or folder",
    errno.ENOTDIR: "part of the path is a file, not a folder",
    errno.EEXIST: "is there already and is not a folder",
    errno.EISDIR: "is a folder, not a file",
    errno.ENAMETOOLONG: "the name is too long for this disk",
    errno.EIO: "the disk reports an error; check it before anything else",
}


@contextlib.contextmanager
def storage(path: Path, option: str = "--workdir") -> Iterator[None]:
    """Turns a disk's refusal into a StorageError that names the path.

    `option` is the command line's way to another place.
    """
    import duckdb

    try:
        yield
    except OSError as error:
        reason = (_REFUSALS | _PLACES).get(error.errno or 0)
        if reason is None:
            raise
        reason = reason.format(option=option)
        raise StorageError(f"{error.filename or path}: {reason}") from error
    except duckdb.Error as error:  # of many kinds: I/O, transaction, fatal
        said = str(error)
        for number, reason in _REFUSALS.items():
            if os.strerror(number) in said:
                said = reason.format(option=option)
                raise StorageError(f"{path}: {said}") from error
        raise


def fsync(path: Path) -> None:
    """Flush a file's bytes, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, durably: each new name is flushed too."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        fsync(path.parent)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process left half-written here.

    Only for folders that nobody but the holder of the run lock writes to.
    """
    with storage(folder):
        for path in folder.glob(".*.tmp*"):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def place(temporary: Path, final: Path, what: str) -> None:
    """Move a finished file or folder to its name, durably; `what` names its points."""
    point(f"{what}.written")
    for path in sorted(temporary.rglob("*")) if temporary.is_dir() else []:
        fsync(path)
    fsync(temporary)
    point(f"{what}.fsynced")
    os.rename(temporary, final)
    point(f"{what}.renamed")
    fsync(final.parent)
    point(f"{what}.durable")


def write_text(path: Path, text: str, what: str) -> None:
    """A small text file, replaced as a whole."""
    with storage(path):
        make_folder(path.parent)
        temporary = temporary_name(path)
        temporary.write_text(text, encoding="utf-8")
        place(temporary, path, what)


def link(path: Path, target: str, what: str) -> None:
    """Point the symbolic link `path` at `target`, in one step."""
    with storage(path):
        temporary = temporary_name(path)
        os.symlink(target, temporary)
        point(f"{what}.linking")
        os.rename(temporary, path)
        point(f"{what}.linked")
        fsync(path.parent)
        point(f"{what}.current")


def temporary_name(path: Path) -> Path:
    """A sibling name that no reader takes for data."""
    return path.parent / f".{path.name[:40]}.{uuid.uuid4().hex}.tmp"


def sha256_file(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def uuid7() -> str:
    """A UUID of version 7 (RFC 9562): sorts by the millisecond it was made in."""
    stamp = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    value = stamp << 80 | 0x7 << 76 | (random >> 62) << 64
    value |= 0b10 << 62 | random & (1 << 62) - 1
    return str(uuid.UUID(int=value))

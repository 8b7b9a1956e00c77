"""Who may work on a warehouse at the same time.

    run.lock                    who makes snapshots: one at a time
    locks/sample-0-of-3.lock    who has this share of a stage
    locks/sample-0-of-1.lock    … all of it
    locks/sample.queue          held for a moment, while somebody takes a share

A Hub's folder has a serve.lock, of the one process that may write to it, and a folder
of trained weights a .lock, of the run that makes them.

Every lock is flock on a file that says who holds it. The kernel frees it when its
holder dies, however that happens. Readers take none.
"""

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from fusemill.durable import make_folder, storage
from fusemill.errors import LockError

_ADVICE = (
    "Wait for it, stop it, or choose another --workdir. Reading (`fusemill sql`, "
    "`status`) needs no lock."
)
_SHARE_ADVICE = (
    "Wait for it, or stop it: both would pay for the same answers. Side by side work "
    "all shards of one N (`--shard I/N`), each once."
)


@contextlib.contextmanager
def run_lock(root: Path, command: str) -> Iterator[None]:
    """The right to make snapshots of the warehouse; LockError says who has it."""
    with _opened(root / "run.lock") as file:
        _take(file, "another run holds this warehouse")
        _sign(file, command)
        yield


@contextlib.contextmanager
def hub_lock(folder: Path, command: str) -> Iterator[None]:
    """The right to write to a Hub's folder; LockError says who has it."""
    with _opened(folder / "serve.lock") as file:
        _take(file, "this Hub is in use", "Use the server that runs, or stop it.")
        _sign(file, command)
        yield


@contextlib.contextmanager
def training_lock(output: Path, command: str) -> Iterator[None]:
    """The right to train into a folder; LockError says who has it."""
    with _opened(output / ".lock", "--output") as file:
        _take(
            file,
            "another run trains into this folder",
            "Wait for it, stop it, or choose another --output.",
        )
        _sign(file, command)
        yield


@contextlib.contextmanager
def share_lock(
    root: Path, stage: str, index: int, count: int, command: str
) -> Iterator[None]:
    """Share `index` of `count` of a stage, so that nobody else does the same work.

    Others may have the other shares meanwhile. LockError where somebody has this one,
    or a share of another division; all of a stage is share 0 of 1.
    """
    folder = root / "locks"
    ours = folder / f"{stage}-{index}-of-{count}.lock"
    with _opened(ours) as file:
        with _opened(folder / f"{stage}.queue") as queue, storage(folder):
            fcntl.flock(queue, fcntl.LOCK_EX)
            alike = set(folder.glob(f"{stage}-*-of-{count}.lock"))
            for path in sorted(set(folder.glob(f"{stage}-*.lock")) - alike):
                with _opened(path) as other:
                    found = f"{_share(ours)}: another run has {_share(path)}"
                    _take(other, found, _SHARE_ADVICE)
            _take(file, f"another run has {_share(ours)}", _SHARE_ADVICE)
            _sign(file, command)
        yield


def _share(path: Path) -> str:
    stage, index, _, count = path.stem.split("-")
    return f"all of {stage}" if count == "1" else f"shard {index}/{count} of {stage}"


@contextlib.contextmanager
def _opened(path: Path, option: str = "--workdir") -> Iterator[IO[str]]:
    with storage(path, option):
        make_folder(path.parent)
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115 - held until the end
    with file:
        yield file


def _take(file: IO[str], what: str, advice: str = _ADVICE) -> None:
    """Lock it until it is closed; LockError where somebody else has."""
    try:
        with storage(Path(file.name)):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        who = _holder(file.read())
        raise LockError(f"{file.name}: {what}: {who}. {advice}") from None


def _sign(file: IO[str], command: str) -> None:
    """Write who holds it."""
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": command,
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with storage(Path(file.name)):
        # Not by way of the buffer: closing the file would try a full disk again.
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), json.dumps(holder).encode())


def _holder(text: str) -> str:
    try:
        by = json.loads(text)
        return (
            f"process {by['pid']} on {by['host']} since {by['since']} ({by['command']})"
        )
    except (ValueError, KeyError):
        return "another process"

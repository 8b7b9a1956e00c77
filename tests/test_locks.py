"""Who may work beside whom, with a process for every worker."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fusemill.errors import LockError, StorageError
from fusemill.warehouse import Warehouse

RUN = ("sample", "verify", "score")  # what `fusemill run` works on
HOLDER = """\
import sys
from pathlib import Path
from fusemill.warehouse import Warehouse

root, command, *what = sys.argv[1:]
if what[:1] == ["share"]:
    held = Warehouse(Path(root)).share(command, what[1], int(what[2]), int(what[3]))
else:
    held = Warehouse(Path(root)).lock(command, *what)
with held:
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(root: Path, *what: str) -> "Iterator[subprocess.Popen[str]]":
    """Another process that holds stages (the whole), or `share STAGE I N`."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root), "fusemill whatever", *what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        if process.poll() is None:
            process.communicate("")


def share(root: Path, stage: str, index: int, count: int) -> None:
    with Warehouse(root).share("fusemill sample", stage, index, count):
        pass


def whole(root: Path, *stages: str) -> None:
    with Warehouse(root).lock("fusemill run", *stages):
        pass


def test_the_same_shard_twice(tmp_path: Path) -> None:
    with held(tmp_path, "share", "sample", "1", "3") as other:
        with pytest.raises(LockError) as refused:
            share(tmp_path, "sample", 1, 3)
        said = str(refused.value)
        assert f"process {other.pid} on {socket.gethostname()} since " in said
        assert "has shard 1/3 of sample" in said
        assert "(fusemill whatever)" in said
        assert "Wait for it, or stop it" in said
        assert "--workdir" not in said  # there everything would be paid for again
        assert str(tmp_path / "locks/sample-1-of-3.lock") in said
        share(tmp_path, "sample", 0, 3)
        share(tmp_path, "sample", 2, 3)
        share(tmp_path, "verify", 1, 3)  # another stage
    share(tmp_path, "sample", 1, 3)


def test_shards_of_another_number(tmp_path: Path) -> None:
    """1/2 and 1/4 have prompts in common; which of them are free says the kernel."""
    share(tmp_path, "sample", 0, 2)  # has left its file behind
    with held(tmp_path, "share", "sample", "1", "4"):
        for index in range(2):
            with pytest.raises(
                LockError, match=r"/2 of sample: another run has shard 1/4"
            ):
                share(tmp_path, "sample", index, 2)
    share(tmp_path, "sample", 1, 2)


def test_the_whole_beside_a_shard(tmp_path: Path) -> None:
    """Refused where it works on the same stage, and only there."""
    with held(tmp_path, "share", "sample", "0", "2"):
        for stages in (RUN, ("sample",)):
            with pytest.raises(LockError, match="has shard 0/2 of sample: process"):
                whole(tmp_path, *stages)
        whole(tmp_path, "verify")
        whole(tmp_path)  # `fusemill select`, which only makes snapshots
    whole(tmp_path, *RUN)


def test_a_shard_beside_the_whole(tmp_path: Path) -> None:
    with held(tmp_path, *RUN):
        for stage in RUN:
            with pytest.raises(LockError, match=f"another run has all of {stage}"):
                share(tmp_path, stage, 0, 2)
        with pytest.raises(LockError, match="another run holds this warehouse"):
            whole(tmp_path)
    with held(tmp_path):
        share(tmp_path, "sample", 0, 2)


def test_a_refused_whole_lets_go_of_everything(tmp_path: Path) -> None:
    """What it had before it met the shard is free again."""
    warehouse = Warehouse(tmp_path)
    with held(tmp_path, "share", "score", "0", "2"):
        with pytest.raises(LockError), warehouse.lock("fusemill run", *RUN):
            pass
        with held(tmp_path, "sample"):
            pass


def test_a_killed_worker_leaves_no_lock(tmp_path: Path) -> None:
    with held(tmp_path, "share", "sample", "0", "2") as other:
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
    share(tmp_path, "sample", 0, 2)
    whole(tmp_path, *RUN)


def test_of_many_that_start_at_once_each_share_goes_to_one(tmp_path: Path) -> None:
    """Eight processes want shard 0/2 or 0/3; whoever wins, the others' is refused."""
    wanted = [("0", str(2 + i % 2)) for i in range(8)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path), "c", "share", "sample", *one],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for one in wanted
    ]
    try:
        said = [p.stdout.readline() for p in processes if p.stdout is not None]
        assert sorted(said) == [""] * 7 + ["held\n"]
    finally:
        for process in processes:
            process.communicate("")


def test_a_file_system_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As NFS without its lock service says; none is at hand here."""
    import errno
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    for take in (lambda: whole(tmp_path), lambda: share(tmp_path, "sample", 0, 2)):
        with pytest.raises(StorageError, match=r"has no locks \(flock\)"):
            take()

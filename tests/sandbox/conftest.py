"""What the tests of the sandbox share."""

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_runs import PROBE, TIGHT, Bait, one

from fusemill.sandbox import Sandbox
from fusemill.sandbox.syscalls import numbers


@pytest.fixture(scope="session")
def bait() -> Iterator[Bait]:
    """Files that everybody may read and write, and listeners of three families."""
    with tempfile.TemporaryDirectory(prefix="bait-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "secret").write_text("SECRET")
        (folder / "empty").mkdir()
        (folder / "link").symlink_to(folder / "secret")
        (folder / "target").write_text("kept")
        (folder / "target").chmod(0o666)
        os.utime(folder / "target", (1_000_000_000, 1_000_000_000))
        tcp = socket.create_server(("127.0.0.1", 0))
        unix = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        unix.bind(str(folder / "socket"))
        (folder / "socket").chmod(0o777)
        abstract = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        abstract.bind(f"\0bait-{os.getpid()}")
        listeners = [tcp, unix, abstract]
        for listener in listeners:
            listener.setblocking(False)
        words = {
            "secret": str(folder / "secret"),
            "target": str(folder / "target"),
            "link": str(folder / "link"),
            "folder": str(folder),
            "path": str(folder / "socket"),
            "name": f"bait-{os.getpid()}",
            "port": str(tcp.getsockname()[1]),
            "pid": str(os.getpid()),
        }
        yield Bait(folder, words, listeners)
        for listener in listeners:
            listener.close()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One worker, so that each run follows the one before in the same zygote."""
    if not numbers():
        pytest.skip("no system call numbers of this machine")
    os.environ["FUSEMILL_TEST_SECRET"] = "in the parent's environment"
    with Sandbox(TIGHT, workers=1) as opened:
        yield opened


@pytest.fixture(scope="session")
def baseline(sandbox: Sandbox) -> object:
    """What PROBE reports before any attack."""
    found = one(sandbox, PROBE)
    assert found.status == "done", found
    return found.report

"""Runs at once over one warehouse: no draw is asked for, and paid for, twice."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from live_project import make
from servers import Server, served

from small_project import SmallProject, refused

ASKS = [f"Name the number {i}." for i in range(12)]
FIRST_HALF = "another run has shard 0/2 of sample"
WHOLE = "another run holds this warehouse"


@pytest.fixture
def server() -> Iterator[Server]:
    """It answers when it is told to."""
    with served(holds=True) as running:
        yield running


@pytest.fixture
def project(server: Server, tmp_path: Path) -> SmallProject:
    """Each of its runs asks for one answer at a time."""
    made = make(tmp_path / "p", server.url, ASKS, max_concurrency=1)
    made.ok("prompts")
    return made


@contextmanager
def asking(project: SmallProject, server: Server, shard: str) -> Iterator[int]:
    """Another process that has asked, to the end of the block and its own; its id."""
    n_asked = server.most_under_way()
    command = [sys.executable, "-m", "fusemill", "sample", "--shard", shard]
    with subprocess.Popen(
        [*command, "--project", project.root], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            while server.most_under_way() == n_asked:
                assert process.poll() is None
                time.sleep(0.1)
            yield process.pid
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, said


@pytest.mark.parametrize(
    ("shard", "beside"),
    [
        ("0/2", dict.fromkeys(["0/2", "00/02", "1/3", "0/4", "0/1"], FIRST_HALF)),
        ("0/1", {"0/1": WHOLE, "00/1": WHOLE, "1/2": "another run has all of sample"}),
    ],
)
def test_who_would_ask_the_same_is_refused(
    project: SmallProject, server: Server, shard: str, beside: dict[str, str]
) -> None:
    with asking(project, server, shard) as pid:
        for other, why in beside.items():
            said = project.cli("sample", "--shard", other)
            refused(said, f"{why}: process {pid} on", "Wait for it", code=4)
        server.set(holds=False)
    project.ok("sample")
    assert sorted(entry["prompt"] for entry in server.log()) == sorted(ASKS)


def test_both_shards_at_once(project: SmallProject, server: Server) -> None:
    with asking(project, server, "0/2"), asking(project, server, "1/2"):
        assert server.most_under_way() == 2
        server.set(holds=False)
    assert "nothing is missing" in project.ok("sample").err
    assert sorted(entry["prompt"] for entry in server.log()) == sorted(ASKS)

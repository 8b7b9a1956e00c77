"""One run of examples/recorded, which the tests here share."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from raw_files import DATA, EXAMPLE


def fusemill(workdir: Path) -> str:
    """What `fusemill run` says; it must succeed."""
    command = [Path(sys.executable).with_name("fusemill"), "run", "--project", EXAMPLE]
    command += ["--data", DATA, "--workdir", workdir]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (DATA / "README.md").is_file():
        pytest.skip(
            f"no recorded answers in {DATA}; FUSEMILL_SHARED_DATA names another folder"
        )
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # of all workers: the first makes it, the others wait
    path = base / "recorded"
    with open(base / "recorded.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (path / "releases").is_dir():
            assert "0.1.0 written" in fusemill(path)
    return path


@pytest.fixture(scope="session")
def run(workdir: Path) -> Callable[[], str]:
    """Runs the example once more in the same folder."""
    return lambda: fusemill(workdir)


@pytest.fixture(scope="session")
def release(workdir: Path) -> Path:
    return workdir / "releases" / "recorded" / "0.1.0"

"""Why `load_dataset(revision=…)` is no pin, and that `fusemill pull` is one.

Each trap is shown as it is in datasets 5.2, with `pull` beside it. One that goes away
in a newer version fails here, so that docs/releases.md keeps to the truth.
"""

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from huggingface_hub import CommitOperationAdd
from publisher import REPO, Publisher
from reader import Reader

from small_project import refused

DATA = "sft/train.parquet"
OTHER = ["other"] * 5  # as many as are published: the card counts them
MADE_UP = "0123456789abcdef0123456789abcdef01234567"
LOAD = """\
import json
import sys

from datasets import load_dataset

path, config, revision = sys.argv[1:]
rows = load_dataset(path, config, revision=revision, split="train")
print(json.dumps([row["messages"][0]["content"] for row in rows]))
"""


@dataclass(frozen=True)
class Trap:
    """Two revisions on a Hub: the published one, and one with other rows on main."""

    publisher: Publisher
    other: str
    home: Path

    @property
    def commit(self) -> str:
        return self.publisher.published()[0]["commit"]

    @property
    def published(self) -> list[str]:
        """The published prompts."""
        return prompts(self.publisher.release / DATA)

    def load(self, path: object, revision: str, **env: str) -> list[str]:
        """Prompts that load_dataset gives, in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-c", LOAD, str(path), "sft", revision],
            env={
                **os.environ,
                **self.publisher.environment,
                "HF_HOME": str(self.home),
                "HF_HUB_DISABLE_XET": "1",
                **env,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))


def prompts(path: Path) -> list[str]:
    return [row[0]["content"] for row in pl.read_parquet(path)["messages"].to_list()]


def with_others(path: Path) -> bytes:
    """The file with the same number of rows, all of them others."""
    content = io.BytesIO()
    row = [{"role": "user", "content": "other"}]
    pl.DataFrame({"messages": [row] * len(prompts(path))}).write_parquet(content)
    return content.getvalue()


@pytest.fixture
def trap(publisher: Publisher, tmp_path: Path) -> Trap:
    assert publisher.publish().code == 0
    other = publisher.api.create_commit(
        REPO,
        [CommitOperationAdd(DATA, with_others(publisher.release / DATA))],
        commit_message="other rows",
        repo_type="dataset",
    ).oid
    return Trap(publisher, other, tmp_path / "home")


@pytest.fixture
def reader(trap: Trap, tmp_path: Path) -> Reader:
    registry = tmp_path / "reader/registry/releases/small"
    registry.mkdir(parents=True)
    (registry / "1.0.0.yaml").write_bytes(trap.publisher.entry.read_bytes())
    return Reader(trap.publisher, tmp_path / "reader", tmp_path / "cache")


def test_another_revision_while_the_hub_is_down(trap: Trap, reader: Reader) -> None:
    """A full commit is asked for, and the rows of another one come."""
    assert trap.load(REPO, trap.other) == OTHER
    trap.publisher.hub.kill()
    assert trap.load(REPO, trap.commit) == OTHER
    refused(reader.pull(HF_HOME=str(trap.home)), "no answer")
    assert not reader.folder.exists()


def test_another_revision_while_set_offline(trap: Trap, reader: Reader) -> None:
    assert trap.load(REPO, trap.other) == OTHER
    offline = {"HF_HUB_OFFLINE": "1"}
    assert trap.load(REPO, trap.commit, **offline) == OTHER
    process = reader.started(**offline, HF_HOME=str(trap.home))
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, ""), err


def test_a_commit_that_never_was(trap: Trap, reader: Reader) -> None:
    assert trap.load(REPO, trap.commit) == trap.published
    trap.publisher.hub.kill()
    assert trap.load(REPO, MADE_UP) == trap.published
    refused(reader.pull(f"small@{MADE_UP}"), "does not register it")


def test_a_folder_takes_any_revision(trap: Trap, reader: Reader) -> None:
    reader.ok()
    assert trap.load(reader.folder, MADE_UP) == trap.published
    refused(reader.pull(f"small@{MADE_UP}"), "does not register it")


def test_a_folder_that_was_edited(trap: Trap, reader: Reader) -> None:
    """A copy with a card is loaded, edited, loaded again: the old rows come."""
    reader.ok()
    for path in (reader.folder, *reader.folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert trap.load(reader.folder, "main") == trap.published
    (reader.folder / DATA).write_bytes(with_others(reader.folder / DATA))
    assert trap.load(reader.folder, "main") == trap.published
    assert "made right" in reader.ok().err
    assert prompts(reader.folder / DATA) == trap.published


def test_a_pull_beside_other_cached_revisions(trap: Trap, reader: Reader) -> None:
    assert trap.load(REPO, trap.other) == OTHER
    folder = reader.ok(HF_HOME=str(trap.home)).out.strip()
    assert trap.load(folder, "ignored") == trap.published
    trap.publisher.hub.kill()
    assert reader.ok(HF_HOME=str(trap.home)).out.strip() == folder

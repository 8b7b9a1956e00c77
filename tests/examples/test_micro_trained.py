"""examples/micro trained on what it released: SFT, DPO, figures and report.

The gate of the miniature, evaluated on 60 prompts a family. Seed and margins are fixed;
there is room for machines that round differently.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from micro_files import EXAMPLE
from micro_project import run

import needs_torch  # noqa: F401

N = {"lists": 150, "problems": 150, "functions": 60, "sums": 60}
# Points, in the mean of families.
SFT_GAINS = 8.0  # sampled
DPO_GAINS = 0.0  # sampled
GREEDY_LOSES = 3.0  # from before to the end, at most
OVER_SOURCE = 10.0  # sampled, over a source in the mean of all families


@dataclass(frozen=True)
class Trained:
    """What the commands left behind, and what they said."""

    folder: Path
    said: str

    def json(self, name: str) -> dict[str, Any]:
        data: dict[str, Any] = json.loads((self.folder / name).read_text("utf-8"))
        return data


def call(*command: object, cache: Path) -> str:
    """What a command of run.sh says; it must succeed."""
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        env={**os.environ, "FUSEMILL_CACHE": str(cache), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Trained]:
    """Calls the commands of run.sh that follow the release."""
    base = tmp_path_factory.mktemp("trained")
    project = run(base / "micro", N)
    folder = base / "out"
    release = project.root / "releases/micro/1.0.0"
    train = ["--target", "micro", "--data", "micro@1.0.0", "--project", project.root]
    sft, dpo = folder / "sft", folder / "dpo"
    target = EXAMPLE / "checkpoints/target"
    weights = ["lister", f"before={target}", f"sft={sft}", f"dpo={dpo}"]
    figures = ["--prompts", "60", "--json", folder / "figures.json"]
    page = ["--release", release, "--output", folder / "report.html"]

    def called() -> Trained:
        commands = [
            ["-m", "fusemill", "train", "sft", *train, "--output", sft],
            ["-m", "fusemill", "train", "dpo", *train, "--output", dpo, "--model", sft],
            [EXAMPLE / "evaluate.py", *weights, *figures],
            [EXAMPLE / "report.py", folder, *page],
        ]
        said = [call(*command, cache=base / "cache") for command in commands]
        return Trained(folder, "".join(said))

    return called


@pytest.fixture(scope="module")
def trained(again: Callable[[], Trained]) -> Trained:
    return again()


def test_the_target_gets_better(trained: Trained) -> None:
    models = trained.json("figures.json")["models"]
    sampled = {name: one["sampled"]["mean"] for name, one in models.items()}
    greedy = {name: one["greedy"]["mean"] for name, one in models.items()}
    assert sampled["sft"] > sampled["before"] + SFT_GAINS
    assert sampled["dpo"] > sampled["sft"] + DPO_GAINS
    assert sampled["dpo"] > sampled["lister"] + OVER_SOURCE
    assert greedy["dpo"] > greedy["before"] - GREEDY_LOSES


def test_training_names_the_release(trained: Trained) -> None:
    entry = trained.folder.parent / "micro/registry/releases/micro/1.0.0.yaml"
    for stage in ("sft", "dpo"):
        data = trained.json(f"{stage}/training.json")["data"]
        assert f"release_id: {data['release_id']}" in entry.read_text("utf-8")
    start = trained.json("dpo/training.json")["model"]["sha256"]
    assert start != trained.json("sft/training.json")["model"]["sha256"]


def test_the_result_is_printed_and_written(trained: Trained) -> None:
    page = (trained.folder / "report.html").read_text("utf-8")
    means = {
        name: one["sampled"]["mean"]
        for name, one in trained.json("figures.json")["models"].items()
    }
    line = f"sampled: {means['before']:.1f} % right before, {means['sft']:.1f} % after"
    assert line in trained.said
    assert line in page
    for family in ("lists", "problems", "functions", "sums"):
        assert f"<th>{family}</th>" in page
    release = trained.json("dpo/training.json")["data"]["release_id"]
    assert release in page
    assert page.count("<svg") >= 5  # SFT: loss, accuracy; DPO: rewards and margin too


def test_called_again_nothing_is_done_again(
    trained: Trained, again: Callable[[], Trained]
) -> None:
    files = [path for path in trained.folder.rglob("*.*") if path.is_file()]
    written = {trained.folder / "report.html"} | set(trained.folder.glob("*/.lock"))
    kept = {f: f.stat().st_mtime_ns for f in files if f not in written}
    page = (trained.folder / "report.html").read_text("utf-8")
    again()
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
    assert (trained.folder / "report.html").read_text("utf-8") == page

"""Trackers that are installed by hand: their own files name the data.

pip install trackio wandb
python -m pytest -m slow tests/train/test_trackers.py
"""

import importlib.util
import sqlite3
from pathlib import Path

import pytest
from small_training import Training, make, record
from target_families import LLAMA

from needs_torch import torch  # noqa: F401

pytestmark = pytest.mark.slow


@pytest.fixture(params=["trackio", "wandb"])
def tracker(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed: pip install {name}")
    return name


def test_a_tracker_is_told_of_the_data(tracker: str, tmp_path: Path) -> None:
    training = make(tmp_path, LLAMA, report_to=[tracker])
    done = training.run(
        "sft",
        "sft",
        TRACKIO_DIR=str(tmp_path / "trackio"),
        WANDB_DIR=str(tmp_path),
        WANDB_MODE="offline",
    )
    assert done.returncode == 0, done.stderr
    # wandb's own process adds, on the same stream, how to upload what it has kept.
    first, *more = done.stdout.splitlines()
    assert first == str(tmp_path / "sft")
    assert all("wandb" in line for line in more)
    data = record(tmp_path / "sft")["data"]
    said = {"trackio": in_trackio, "wandb": in_wandb}[tracker](training)
    assert data["release_id"] in said
    assert data["files"]["sft/train.parquet"] in said
    assert "train/loss" in said


def in_trackio(training: Training) -> str:
    """Every row of every table of its database."""
    (path,) = (training.workdir / "trackio").glob("*.db")
    with sqlite3.connect(path) as con:
        tables = con.execute("select name from sqlite_master where type = 'table'")
        rows = [
            row
            for (name,) in tables.fetchall()
            for row in con.execute(f'select * from "{name}"')
        ]
    return str(rows)


def in_wandb(training: Training) -> str:
    """The run's file, a log of its messages."""
    (path,) = training.workdir.glob("wandb/offline-run-*/run-*.wandb")
    return path.read_bytes().decode("utf-8", "replace")

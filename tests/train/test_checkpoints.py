"""Which checkpoint is chosen, and which one a stopped run goes on from."""

from pathlib import Path
from typing import Any

import pytest

from fusemill.train.checkpoints import (
    Candidate,
    candidates,
    choose,
    last,
    mark_whole,
    remove_torn,
)


def said(step: int, accuracy: float, margin: float) -> dict[str, Any]:
    return {
        "step": step,
        "eval_rewards/accuracies": accuracy,
        "eval_rewards/margins": margin,
    }


LOG = [
    {"step": 100, "loss": 0.6},
    said(300, 0.9, 9.0),
    said(400, 0.75, 1.5),
    said(500, 0.75, 1.25),
    said(501, 0.99, 9.9),  # the last step is no multiple of the interval
    {"step": 501, "train_runtime": 1.0},
]


def test_the_last_two_at_the_interval_stand_for_choice() -> None:
    assert candidates(LOG, 100, 2) == [
        Candidate(400, 0.75, 1.5),
        Candidate(500, 0.75, 1.25),
    ]


def test_a_short_run_has_fewer_or_none() -> None:
    assert candidates(LOG[:2], 100, 2) == [Candidate(300, 0.9, 9.0)]
    assert candidates([said(7, 0.5, 0.0)], 100, 2) == []
    assert candidates(LOG, 100, 0) == []
    assert choose([]) is None


@pytest.mark.parametrize(
    ("found", "step"),
    [
        ([(400, 0.8, 0.1), (500, 0.75, 9.0)], 400),  # accuracy first
        ([(400, 0.75, 1.0), (500, 0.75, 1.5)], 500),  # then margin
        ([(400, 0.75, 1.0), (500, 0.75, 1.0)], 500),  # then the later
    ],
)
def test_accuracy_then_margin(found: list[tuple[Any, ...]], step: int) -> None:
    chosen = choose([Candidate(*one) for one in found])
    assert chosen is not None
    assert chosen.step == step


def test_a_checkpoint_that_was_cut_off_is_removed(tmp_path: Path) -> None:
    for step in (100, 1000, 200):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"x")
        if step != 1000:
            mark_whole(folder)
    assert remove_torn(tmp_path) == [tmp_path / "checkpoint-1000"]
    assert last(tmp_path) == tmp_path / "checkpoint-200"
    assert not (tmp_path / "checkpoint-1000").exists()


def test_a_checkpoint_that_was_cut_off_later_is_removed(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        folder = tmp_path / f"checkpoint-{step}"
        (folder / "global_step").mkdir(parents=True)
        (folder / "global_step" / "part_0.pt").write_bytes(b"12345")
        mark_whole(folder)
    (tmp_path / "checkpoint-2" / "global_step" / "part_0.pt").write_bytes(b"123")
    (tmp_path / "checkpoint-3" / "global_step" / "part_0.pt").unlink()
    (tmp_path / "checkpoint-4" / ".whole").write_bytes(b"")
    assert [folder.name[-1] for folder in remove_torn(tmp_path)] == ["2", "3", "4"]
    assert last(tmp_path) == tmp_path / "checkpoint-1"


def test_a_fresh_run_has_no_checkpoint(tmp_path: Path) -> None:
    assert last(tmp_path) is None

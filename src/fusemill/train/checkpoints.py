"""Checkpoints: which one a stopped run goes on from, and which one is chosen."""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusemill.durable import fsync, point

_WHOLE = ".whole"  # written last: a checkpoint without it was cut off


@dataclass(frozen=True)
class Candidate:
    """A checkpoint and what the test pairs say of it, as TRL logs it.

    `accuracy` is the share of pairs whose chosen answer has the higher reward, `margin`
    the mean difference of rewards.
    """

    step: int
    accuracy: float
    margin: float


def checkpoints(output: Path) -> list[Path]:
    """Folders of checkpoints, by step."""
    return sorted(output.glob("checkpoint-*"), key=step_of)


def step_of(folder: Path) -> int:
    """The step that a checkpoint's name says."""
    found = re.fullmatch(r"checkpoint-(\d+)", folder.name)
    return int(found[1]) if found else -1


def mark_whole(folder: Path) -> None:
    """Say that a checkpoint has been written to its end, durably."""
    for path in folder.rglob("*"):
        fsync(path)
    point("checkpoint.written")
    (folder / _WHOLE).touch()
    fsync(folder)
    point("checkpoint.whole")


def remove_torn(output: Path) -> None:
    """Remove the checkpoints that were cut off."""
    for folder in checkpoints(output):
        if not (folder / _WHOLE).is_file():
            shutil.rmtree(folder)


def last(output: Path) -> Path | None:
    """The newest checkpoint, None where there is none."""
    there = checkpoints(output)
    return there[-1] if there else None


def candidates(
    log: Sequence[Mapping[str, Any]], every: int, among: int
) -> list[Candidate]:
    """The last `among` checkpoints at the interval, by step, from a trainer's log.

    The last step of a run counts only where it is a multiple of `every` itself.
    """
    found = {
        int(line["step"]): Candidate(
            int(line["step"]),
            float(line["eval_rewards/accuracies"]),
            float(line["eval_rewards/margins"]),
        )
        for line in log
        if "eval_rewards/accuracies" in line and int(line["step"]) % every == 0
    }
    return [found[step] for step in sorted(found)][-among:] if among else []


def choose(found: Sequence[Candidate]) -> Candidate | None:
    """The most accurate, then the widest margin, then the later; None of none.

    >>> choose([Candidate(400, 0.75, 1.5), Candidate(500, 0.75, 1.25)]).step
    400
    """
    return max(found, key=lambda c: (c.accuracy, c.margin, c.step), default=None)

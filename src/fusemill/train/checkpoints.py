"""Checkpoints: which one a stopped run goes on from, and which one is chosen."""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusemill.durable import fsync, point, write_text

# Written last, with each file's size: a checkpoint that it does not fit was cut off.
_WHOLE = ".whole"


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
    write_text(folder / _WHOLE, json.dumps(_sizes(folder)), "whole")
    point("checkpoint.whole")


def remove_torn(output: Path) -> list[Path]:
    """Remove the checkpoints that were cut off; returns which."""
    torn = [folder for folder in checkpoints(output) if not _is_whole(folder)]
    for folder in torn:
        shutil.rmtree(folder)
    return torn


def _is_whole(folder: Path) -> bool:
    try:
        said = json.loads((folder / _WHOLE).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return bool(said == _sizes(folder))


def _sizes(folder: Path) -> dict[str, int]:
    """Bytes of each file, by its path in a checkpoint; of what trained, no dotfiles."""
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in sorted(folder.rglob("[!.]*"))
        if path.is_file()
    }


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

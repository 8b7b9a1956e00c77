"""The judge of examples/micro: what it is taught, its canary, what it says."""

import importlib
import itertools
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from micro_files import EXAMPLE, families

from fusemill.errors import EngineError
from fusemill.project.declaration import load
from fusemill.project.rewards import Canary, Rewards
from fusemill.scoring.rewards.canary import check_canary
from fusemill.scoring.rewards.classifier import load_classifier
from fusemill.scoring.rewards.local import LocalReward
from fusemill.scoring.rewards.pairs import Pair
from fusemill.scoring.rewards.template import Template
from needs_torch import torch

judge = importlib.import_module("judge")  # in the folder that micro_files names

PROMPT = (
    "Write these words from last to first, with commas. The words: pear, fig, desk."
)
REWARD = load(EXAMPLE / "registry/rewards.yaml", Rewards).rewards["judge"]


def opened(folder: Path) -> LocalReward:
    template = Template.load(folder, "judge")
    head = load_classifier(folder, "judge", torch.float32, "cpu", "right", None)
    return LocalReward(head, template, REWARD.max_tokens, batch_tokens=4096)


def test_grades_are_those_of_the_rules() -> None:
    assert judge.grade(PROMPT, "desk, fig, pear") == 0.28
    assert judge.grade(PROMPT, "desk, fig") == 0.24  # a word is missing
    assert judge.grade(PROMPT, "List:\n- fig") == 0.16  # beginning, mark, words


def test_a_slip_leaves_out_repeats_or_exchanges() -> None:
    rng = random.Random(1)
    found = {judge.slipped("fig, pear", rng) for _ in range(300)}
    left_out, twice = {"figpear", "fig, "}, {"figfig, pear", "fig, , pear"}
    assert left_out | twice | {", figpear", "figpear, "} <= found
    assert all(found)


def test_it_is_taught_right_answers_habits_and_slips() -> None:
    rows = list(itertools.islice(judge.examples(random.Random(2)), 500))
    grades = [grade for _, _, grade in rows]
    assert all(families.part_of(prompt) == "sources" for prompt, _, _ in rows)
    assert 50 < sum(grade == 0.28 for grade in grades) < 200
    assert len(set(grades)) > 4
    assert min(grades) < 0.15


def test_a_canary_is_recorded_when_it_is_made(tmp_path: Path) -> None:
    """By transformers alone; the engine says the same, and of other weights another."""
    script = EXAMPLE / "make_checkpoints.py"
    for seed in ("7", "8"):
        asked = ["--seed", seed, "--only", "judge", "--steps", "2", "--jobs", "1"]
        asked += ["--into", str(tmp_path / seed)]
        subprocess.run([sys.executable, script, *asked], check=True)
    wide = REWARD.model_copy(update={"range": (-9.0, 9.0)})
    canary = load(tmp_path / "7/judge/canary.yaml", Canary)
    assert len(canary.pairs) >= 6
    check_canary(opened(tmp_path / "7/judge"), canary, wide, "here")
    with pytest.raises(EngineError, match=r"pairs.0: the score is .* expected"):
        check_canary(opened(tmp_path / "8/judge"), canary, wide, "here")


def test_its_scores_are_near_to_the_grades() -> None:
    """On prompts that it has not seen: in the right order mostly, never exact."""
    pairs, grades = [], []
    for task in families.different("lists", "held_out", 100, seed=3):
        for text in dict.fromkeys((task.answer, *task.habits.values())):
            pairs.append(Pair([{"role": "user", "content": task.prompt}], text))
            grades.append(judge.grade(task.prompt, text))
    found: dict[int, Any] = {}
    for batch in opened(EXAMPLE / "checkpoints/judge").scores(pairs):
        found |= dict(batch)
    scores = [found[i].score for i in range(len(pairs))]
    both = torch.tensor([grades, scores])
    assert torch.corrcoef(both)[0, 1] > 0.7
    assert 0.002 < (both[0] - both[1]).abs().mean() < 0.03


def test_its_weights_are_small() -> None:
    folder = EXAMPLE / "checkpoints/judge"
    assert (folder / "model.safetensors").stat().st_size < 1_000_000

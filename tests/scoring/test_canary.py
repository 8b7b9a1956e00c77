"""Canaries: what is wrong with a reward model stops a run before anything is scored."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from plain_armorm import NaiveArmoRM, token_ids
from tiny_checkpoints import TEMPLATE, armorm_tensors, write_armorm, write_tokenizer

from fusemill.errors import EngineError
from fusemill.project.rewards import Canary, Reward
from fusemill.scoring.rewards.armorm import load_armorm
from fusemill.scoring.rewards.canary import check_canary
from fusemill.scoring.rewards.local import LocalReward
from fusemill.scoring.rewards.pairs import Pair, Scored
from fusemill.scoring.rewards.template import Template
from needs_torch import torch

ASKED = {"messages": [{"role": "user", "content": "w1 w2 w3"}], "text": "w4 w5"}
CONVERSATION = [*ASKED["messages"], {"role": "assistant", "content": "w4 w5"}]


def reward(**changed: Any) -> Reward:
    said = {
        "weights": None,
        "precision": "float32",
        "max_tokens": 100,
        "label": None,
        "range": (-10.0, 10.0),
        "canary": "registry/canaries/tiny.yaml",
    }
    return Reward(**{**said, **changed})


def canary(*pairs: dict[str, Any], tolerance: float = 1e-4) -> Canary:
    said = {"source": "tests", "tolerance": tolerance, "pairs": pairs}
    return Canary.model_validate(said, strict=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_armorm(tmp_path_factory.mktemp("armorm"), armorm_tensors())


@pytest.fixture(scope="module")
def known(folder: Path) -> dict[str, Any]:
    """The pair with what the naive implementation says of it."""
    score, objectives = NaiveArmoRM(folder)(token_ids(CONVERSATION))
    return {**ASKED, "score": score, "objectives": objectives.tolist()}


def opened(folder: Path, max_tokens: int = 100) -> LocalReward:
    head = load_armorm(folder, "tiny", torch.float32, "cpu", "right")
    return LocalReward(head, Template.load(folder, "tiny"), max_tokens, 1000)


def stops(model: Any, said: Canary, declared: Reward, *words: str) -> None:
    with pytest.raises(EngineError) as error:
        check_canary(model, said, declared, "rewards.tiny")
    for word in (*words, "registry/canaries/tiny.yaml: pairs.", "Nothing was scored"):
        assert word in str(error.value)


def test_the_right_model_passes(folder: Path, known: dict[str, Any]) -> None:
    check_canary(opened(folder), canary(known), reward(), "rewards.tiny")


def test_another_score(folder: Path, known: dict[str, Any]) -> None:
    other = {**known, "score": known["score"] + 0.01}
    said = f"expected {other['score']:.6g} within 0.0001"
    stops(opened(folder), canary(known, other), reward(), "pairs.1", said)


def test_another_objective(folder: Path, known: dict[str, Any]) -> None:
    other = [*known["objectives"][:7], known["objectives"][7] - 0.2]
    wrong = {**known, "objectives": other}
    stops(opened(folder), canary(wrong), reward(), "objective 7 is")


def test_more_objectives_than_the_model_has(folder: Path, known: dict) -> None:
    wrong = {**known, "objectives": [*known["objectives"], 0.5]}
    stops(opened(folder), canary(wrong), reward(), "objective 19 is not given")


def test_a_score_outside_the_range(folder: Path, known: dict[str, Any]) -> None:
    """Also where no score is known."""
    low, high = known["score"] + 1, known["score"] + 2
    unknown = {**ASKED, "score": None}
    declared = reward(range=(low, high))
    stops(
        opened(folder),
        canary(unknown),
        declared,
        "outside the declared range of",
        f"{low:g}",
    )


def with_template(folder: Path, tmp_path: Path, template: str) -> LocalReward:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (tmp_path / name).unlink(missing_ok=True)
    write_tokenizer(tmp_path, template=template)
    return opened(tmp_path)


def test_a_missing_token_pattern(folder: Path, tmp_path: Path, known: dict) -> None:
    other = TEMPLATE.replace("<|eot_id|>", "")
    model = with_template(folder, tmp_path, other)
    stops(model, canary(known), reward(), "token pattern that the gate reads")


def test_a_doubled_bos(folder: Path, tmp_path: Path, known: dict) -> None:
    model = with_template(folder, tmp_path, "{{ bos_token }}" + TEMPLATE)
    stops(model, canary(known), reward(), "token 128000 twice: a doubled BOS")


def test_a_template_that_drops_the_prompt(
    folder: Path, tmp_path: Path, known: dict
) -> None:
    other = TEMPLATE.replace("= messages %}", "= messages[-1:] %}")
    model = with_template(folder, tmp_path, other)
    stops(model, canary(known), reward(), "leaves out the user's turn 0")


def test_a_prompt_that_would_be_cut(folder: Path, known: dict) -> None:
    n_tokens = len(token_ids(CONVERSATION))
    model = opened(folder, max_tokens=n_tokens - 1)
    said = f"it has {n_tokens} tokens, max_tokens is {n_tokens - 1}"
    stops(model, canary(known), reward(), said, "would have to be cut")


class Says:
    """A reward model that says what it is told to."""

    def __init__(self, *scored: Scored) -> None:
        self.scored = scored

    def misread(self, pair: Pair) -> str | None:
        return None

    def scores(self, pairs: Sequence[Pair]) -> Iterator[list[tuple[int, Scored]]]:
        yield list(enumerate(self.scored))


@pytest.mark.parametrize(
    ("scored", "said"),
    [
        (Scored.of(math.nan), "the score is no number"),
        (Scored("too_long"), "longer than the model takes"),
    ],
)
def test_no_score_at_all(scored: Scored, said: str) -> None:
    stops(Says(scored), canary({**ASKED, "score": None}), reward(), said)


def test_a_score_at_the_edge_of_range_and_tolerance_passes() -> None:
    at_edge = Says(Scored.of(1.25))
    said = canary({**ASKED, "score": 1.0}, tolerance=0.25)
    check_canary(at_edge, said, reward(range=(0.0, 1.25)), "rewards.tiny")

"""ArmoRM against an independent implementation, and checkpoints that are not one."""

import random
from pathlib import Path

import pytest
from plain_armorm import NaiveArmoRM, token_ids
from tiny_checkpoints import WORDS, armorm_tensors, write_armorm

from fusemill.errors import EngineError
from fusemill.scoring.rewards.armorm import ArmoHead, load_armorm
from fusemill.scoring.rewards.local import LocalReward
from fusemill.scoring.rewards.pairs import Pair, Scored
from fusemill.scoring.rewards.template import Template
from needs_torch import torch

HEADER = "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_armorm(tmp_path_factory.mktemp("armorm"), armorm_tensors())


def load(folder: Path, side: str = "right") -> ArmoHead:
    return load_armorm(folder, "tiny", torch.float32, "cpu", side)


def conversations(n: int = 200, seed: int = 0) -> list[Pair]:
    """One to four turns before the answer, now and then two user turns in a row, a
    system turn, an empty answer, or the pattern inside the answer."""
    rng = random.Random(seed)

    def text(longest: int = 30) -> str:
        return " ".join(rng.choices(WORDS, k=rng.randint(1, longest)))

    found = []
    for i in range(n):
        roles = rng.choice(
            [
                ["user"],
                ["user"],
                ["system", "user"],
                ["user", "user"],
                ["user", "assistant", "user"],
                ["user", "assistant", "user", "user"],
            ]
        )
        answer = text()
        if i % 10 == 3:
            answer += f" {HEADER} {text(5)}"
        if i % 40 == 4:
            answer = ""
        turns = [{"role": role, "content": text()} for role in roles]
        found.append(Pair(turns, answer))
    return found


@pytest.fixture(scope="module")
def expected(folder: Path) -> list[tuple[Pair, list[int], float, list[float]]]:
    """200 conversations with their ids, score and objectives by the naive model."""
    naive = NaiveArmoRM(folder)
    found = []
    for pair in conversations():
        ids = token_ids(pair.conversation)
        score, objectives = naive(ids)
        found.append((pair, ids, score, objectives.tolist()))
    return found


def check(scored: Scored, score: float, objectives: list[float]) -> None:
    assert scored.status == "ok"
    assert scored.score == pytest.approx(score, abs=1e-5, rel=0)
    assert scored.objectives == pytest.approx(objectives, abs=1e-5, rel=0)


def test_the_conversations_are_of_every_kind(expected) -> None:
    roles = {tuple(m["role"] for m in pair.messages) for pair, *_ in expected}
    assert len(roles) == 5
    assert sum(HEADER in pair.text for pair, *_ in expected) == 20
    scores = [score for _, _, score, _ in expected]
    assert max(scores) - min(scores) > 1  # not all alike


def test_the_template_gives_the_described_tokens(folder: Path, expected) -> None:
    template = Template.load(folder, "tiny")
    for pair, ids, *_ in expected:
        assert template.ids(pair) == ids


@pytest.mark.parametrize("side", ["left", "right"])
def test_scores_are_those_of_the_naive_model(folder: Path, expected, side: str) -> None:
    """In batches of 1 to 16 rows of mixed length, padded on either side."""
    head, rest, size = load(folder, side), list(expected), 0
    sizes = set()
    while rest:
        size = size % 16 + 1
        batch, rest = rest[:size], rest[size:]
        sizes.add(len(batch))
        for scored, (*_, score, objectives) in zip(
            head.judge([ids for _, ids, *_ in batch], 0), batch, strict=True
        ):
            check(scored, score, objectives)
    assert set(range(1, 17)) <= sizes


@pytest.mark.parametrize("batch_tokens", [1, 300, 100_000])
def test_scores_are_the_same_with_shared_prompts(
    folder: Path, expected, batch_tokens: int
) -> None:
    """Twenty answers a prompt, one of them with the pattern inside."""
    naive = NaiveArmoRM(folder)
    pairs = [
        Pair(pair.messages, f"{pair.text} {word}")
        for pair, *_ in expected[:5]
        for word in [*WORDS[:19], HEADER + " w1"]
    ]
    model = LocalReward(load(folder), Template.load(folder, "tiny"), 8192, batch_tokens)
    done = dict(item for batch in model.scores(pairs) for item in batch)
    assert sorted(done) == list(range(100))
    for i, pair in enumerate(pairs):
        score, objectives = naive(token_ids(pair.conversation))
        check(done[i], score, objectives.tolist())


def test_statuses_of_what_it_cannot_read(folder: Path) -> None:
    template = Template.load(folder, "tiny")
    short = Pair([{"role": "user", "content": "w1"}], "w2")
    long = Pair([{"role": "user", "content": "w1 " * 20}], "w2")
    model = LocalReward(load(folder), template, 20, 1000)
    done = dict(item for batch in model.scores([long, short]) for item in batch)
    assert done[0] == Scored("too_long")
    assert done[1].status == "ok"
    other = template.tokenizer
    other.chat_template = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"
    (batch,) = model.scores([short])
    assert batch == [(0, Scored("no_pattern"))]


def test_numbers_that_are_none(tmp_path: Path) -> None:
    tensors = armorm_tensors()
    tensors["regression_layer.weight"][3, :] = float("nan")
    model = load(write_armorm(tmp_path, tensors))
    (scored,) = model.judge([token_ids([{"role": "user", "content": "w1"}, ANSWER])], 0)
    assert scored == Scored("not_finite")


ANSWER = {"role": "assistant", "content": "w2"}


def test_tensors_that_are_missing_or_not_known_are_listed(tmp_path: Path) -> None:
    tensors = armorm_tensors()
    del tensors["gating.layers.2.bias"], tensors["model.layers.1.mlp.up_proj.weight"]
    tensors["score.weight"] = tensors["regression_layer.weight"]
    with pytest.raises(EngineError) as error:
        load(write_armorm(tmp_path, tensors))
    assert (
        "missing: gating.layers.2.bias, model.layers.1.mlp.up_proj.weight; "
        "not known: score.weight"
    ) in str(error.value)


def test_tensors_of_another_shape_are_listed(tmp_path: Path) -> None:
    tensors = armorm_tensors()
    tensors["regression_layer.weight"] = tensors["regression_layer.weight"][:5]
    with pytest.raises(EngineError, match=r"regression_layer\.weight"):
        load(write_armorm(tmp_path, tensors))


def test_a_cut_download_is_said(folder: Path, tmp_path: Path) -> None:
    write_armorm(tmp_path, armorm_tensors())
    shard = tmp_path / "model-00002-of-00002.safetensors"
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(EngineError, match="cannot be loaded"):
        load(tmp_path)


def test_more_tokens_than_the_model_reads_are_refused(folder: Path) -> None:
    with pytest.raises(EngineError, match=r"max_tokens is 9,000.*8,192"):
        LocalReward(load(folder), Template.load(folder, "tiny"), 9000, 1000)

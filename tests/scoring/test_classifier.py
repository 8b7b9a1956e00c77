"""Classifiers as reward models against transformers' own forward pass, row by row."""

import random
from pathlib import Path
from typing import Any

import pytest
from tiny_checkpoints import WORDS, write_classifier

from fusemill.errors import EngineError
from fusemill.scoring.rewards import local
from fusemill.scoring.rewards.classifier import (
    DecoderHead,
    WholeHead,
    load_classifier,
)
from fusemill.scoring.rewards.local import LocalReward
from fusemill.scoring.rewards.pairs import Pair, Scored
from fusemill.scoring.rewards.template import Template
from needs_torch import torch

KINDS: dict[str, dict[str, Any]] = {
    "llama": {"num_key_value_heads": 2},
    "llama without padding token": {"pad_token_id": None},
    # The end of a turn is the padding token too, as many tokenizers have it.
    "llama padded with the end of turn": {"pad_token_id": 9},
    # The windows are shorter than the prompts.
    "mistral": {"sliding_window": 8, "num_key_value_heads": 2},
    "gemma2": {"sliding_window": 8, "num_key_value_heads": 2, "head_dim": 4},
    "bert": {},
    # Reads as DecoderHead does, in a class of its own.
    "gpt2": {"n_positions": 512},
    "gpt2 without padding token": {"n_positions": 512, "pad_token_id": None},
}
OWN_CLASS = ("bert", "gpt2")


def pairs(n_prompts: int = 6, n_answers: int = 8) -> list[Pair]:
    """Prompts of 1 to 60 words with answers of 0 to 12 words each."""
    rng = random.Random(3)
    found = []
    for n in range(n_prompts):
        prompt = " ".join(rng.choices(WORDS, k=1 + n * 59 // max(n_prompts - 1, 1)))
        for i in range(n_answers):
            answer = " ".join(rng.choices(WORDS, k=i * 12 // n_answers))
            found.append(Pair([{"role": "user", "content": prompt}], answer))
    return found


def scores(folder: Path, label: int | None = None, batch_tokens: int = 500) -> Any:
    template = Template.load(folder, "tiny")
    side = template.tokenizer.padding_side
    head = load_classifier(folder, "tiny", torch.float32, "cpu", side, label)
    model = LocalReward(head, template, 512, batch_tokens)
    done = dict(item for batch in model.scores(pairs()) for item in batch)
    return head, [done[i] for i in range(len(pairs()))]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", KINDS)
def test_scores_are_those_of_transformers(tmp_path: Path, name: str, side: str) -> None:
    from transformers import AutoModelForSequenceClassification

    folder = write_classifier(
        tmp_path, name.split(maxsplit=1)[0], padding_side=side, **KINDS[name]
    )
    head, found = scores(folder)
    own_class = name.split(maxsplit=1)[0] in OWN_CLASS
    assert isinstance(head, WholeHead if own_class else DecoderHead)
    template = Template.load(folder, "tiny")
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    for pair, scored in zip(pairs(), found, strict=True):
        with torch.no_grad():
            logits = model(torch.tensor([template.ids(pair)])).logits
        assert scored.score == pytest.approx(logits.item(), abs=1e-4, rel=0)
        assert scored.objectives is None
    assert len({scored.score for scored in found}) > 30  # not all alike


def test_one_of_several_labels_is_the_score(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path, n_labels=3)
    _, found = scores(folder, label=2)
    for scored in found:
        assert len(scored.objectives) == 3
        assert scored.score == scored.objectives[2]


def test_which_label_is_the_score_must_be_said(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path, n_labels=3)
    with pytest.raises(EngineError, match=r"has 3 labels; `label` must say .* 0 to 2"):
        scores(folder)
    with pytest.raises(EngineError, match=r"`label` is 3; the model has 3 labels"):
        scores(folder, label=3)


def test_a_model_without_its_score_layer_is_refused(tmp_path: Path) -> None:
    """A language model's checkpoint: transformers would fill the layer at random."""
    from transformers import LlamaConfig, LlamaForCausalLM

    write_classifier(tmp_path)
    config = LlamaConfig.from_pretrained(tmp_path)
    LlamaForCausalLM(config).save_pretrained(tmp_path)
    with pytest.raises(EngineError, match=r"missing: score\.weight"):
        scores(tmp_path)


def test_a_tokenizer_without_template_is_refused(tmp_path: Path) -> None:
    write_classifier(tmp_path)
    for name in ("chat_template.jinja", "tokenizer_config.json"):
        path = tmp_path / name
        if path.exists():
            path.write_text("{}") if name.endswith("json") else path.unlink()
    with pytest.raises(EngineError, match="no chat template"):
        Template.load(tmp_path, "tiny")


def test_a_template_that_refuses_is_said(tmp_path: Path) -> None:
    write_classifier(tmp_path)
    template = Template.load(tmp_path, "tiny")
    template.tokenizer.chat_template = "{{ raise_exception('no system turn') }}"
    with pytest.raises(EngineError, match=r"conversation of user, assistant: no sys"):
        template.ids(Pair([{"role": "user", "content": "w1"}], "w2"))


def test_a_conversation_that_the_template_refuses_is_not_read(tmp_path: Path) -> None:
    """The others are scored as without it."""
    write_classifier(tmp_path)
    template = Template.load(tmp_path, "tiny")
    head = load_classifier(tmp_path, "tiny", torch.float32, "cpu", "right", None)
    model = LocalReward(head, template, 512, 500)
    pair = Pair([{"role": "user", "content": "w1"}], "w2")
    odd = Pair([{"role": "system", "content": "w1"}, *pair.messages], "w2")
    ((known,),) = model.scores([pair])
    template.tokenizer.chat_template = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}"
        + template.tokenizer.chat_template
    )
    done = dict(item for batch in model.scores([odd, pair]) for item in batch)
    assert done == {0: Scored("no_pattern"), 1: known[1]}


@pytest.mark.parametrize(("tiny", "expected"), [(2_000_000, 1), (1, 2)])
def test_a_tiny_model_has_one_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: int, expected: int
) -> None:
    """While it runs; whatever runs beside it has its own number again."""
    monkeypatch.setattr(local, "TINY", tiny)
    write_classifier(tmp_path, "llama", **KINDS["llama"])
    head = load_classifier(tmp_path, "tiny", torch.float32, "cpu", "right", None)
    found = []
    head.model.base_model.register_forward_hook(
        lambda *_: found.append(torch.get_num_threads())
    )
    torch.set_num_threads(2)
    try:
        model = LocalReward(head, Template.load(tmp_path, "tiny"), 512, 500)
        for _ in model.scores(pairs()):
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert set(found) == {expected}

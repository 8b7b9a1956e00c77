"""Answers of tiny random models, against transformers' own `generate`."""

import math
from collections import Counter
from pathlib import Path

import pytest
import tiny_models
from local_runs import LENGTHS, answers, engine, request
from tiny_models import END, KINDS, conversation, texts, write_model

from fusemill.errors import EngineError
from needs_torch import torch


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {kind: write_model(root / kind, kind) for kind in KINDS}


def conversations() -> list[tuple[dict[str, str], ...]]:
    return [conversation(n, first) for first, n in enumerate(LENGTHS)]


def prompt_ids(messages) -> list[int]:
    words = messages[0]["content"].split()
    return [1, 3, *(len(tiny_models.SPECIAL) + int(w[1:]) for w in words)]


def generated(folder: Path, messages, **how) -> list[int]:
    """What `generate` appends to one prompt, on its own, the likeliest tokens."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder)
    ids = torch.tensor([prompt_ids(messages)])
    made = model.generate(
        ids, attention_mask=torch.ones_like(ids), do_sample=False, **how
    )
    return made[0, ids.shape[1] :].tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("penalty", [1.0, 1.3])
def test_greedy_answers_are_those_of_generate(models, kind: str, penalty) -> None:
    wanted = conversations()
    found = answers(
        models[kind],
        [request(messages) for messages in wanted],
        temperature=0.0,
        repetition_penalty=penalty,
        max_tokens=20,
    )
    for messages, answer in zip(wanted, found, strict=True):
        tokens = generated(
            models[kind], messages, repetition_penalty=penalty, max_new_tokens=20
        )
        assert answer.text == texts(tokens)
        assert answer.n_output_tokens == len(tokens)
        assert answer.n_input_tokens == len(prompt_ids(messages))
        assert answer.finish_reason == ("stop" if tokens[-1] == END else "length")
    if penalty > 1:
        assert {a.finish_reason for a in found} <= {"stop", "length"}


@pytest.mark.parametrize("kind", ["mistral", "gemma2", "qwen2"])
def test_a_draw_is_the_same_whatever_is_beside_it(models, kind: str) -> None:
    how = {"temperature": 0.9, "top_p": 0.95, "repetition_penalty": 1.1}
    how |= {"max_tokens": 24}
    asked = [request(m, n=5, seed=1000 * i) for i, m in enumerate(conversations())]
    together = answers(models[kind], asked, **how)
    alone = [a for one in asked for a in answers(models[kind], [one], **how)]
    # So little room that rows are sent back and start again.
    crowded = answers(models[kind], asked, batch_tokens=300, **how)
    assert len(together) == 5 * len(asked)
    said = [(a.text, a.finish_reason, a.n_output_tokens) for a in together]
    assert said == [(a.text, a.finish_reason, a.n_output_tokens) for a in alone]
    assert said == [(a.text, a.finish_reason, a.n_output_tokens) for a in crowded]
    assert len({a.text for a in together}) > 30
    assert {a.finish_reason for a in together} == {"stop", "length"}


def test_a_draw_asked_for_later_has_its_own_seed(models) -> None:
    whole = request(conversation(6), n=6, seed=42)
    found = answers(models["llama"], [whole], max_tokens=12)
    later = answers(models["llama"], [whole.part(3, 2)], max_tokens=12)
    assert [a.draw for a in later] == [3, 4]
    assert [a.text for a in later] == [a.text for a in found[3:5]]


def test_first_tokens_are_distributed_as_the_model_says(models) -> None:
    from transformers import AutoModelForCausalLM

    messages, n = conversation(5), 4000
    found = answers(
        models["llama"],
        [request(messages, n=n)],
        batch_tokens=100_000,
        temperature=1.5,
        max_tokens=1,
    )
    model = AutoModelForCausalLM.from_pretrained(models["llama"])
    with torch.no_grad():
        logits = model(torch.tensor([prompt_ids(messages)])).logits[0, -1] / 1.5
    expected = logits.softmax(-1).tolist()
    counts = Counter(a.text for a in found)
    squares, n_cells, rest = 0.0, 0, [0, 0.0]
    for token, probability in enumerate(expected):
        count = counts[texts([token])] if token >= 4 else 0
        if token >= 4 and n * probability >= 5:
            squares += (count - n * probability) ** 2 / (n * probability)
            n_cells += 1
        else:
            rest = [rest[0] + count, rest[1] + n * probability]
    rest[0] += counts[""]  # special tokens say nothing
    squares += (rest[0] - rest[1]) ** 2 / rest[1]
    # Mean n_cells, variance 2 n_cells; four deviations, and the seeds are fixed.
    assert squares < n_cells + 4 * math.sqrt(2 * n_cells)


def test_answers_end_before_a_stop_string(models) -> None:
    asked = [request(conversation(4), n=8)]
    how = {"temperature": 1.2, "max_tokens": 30}
    free = answers(models["llama"], asked, **how)
    words = free[0].text.split()
    stop = [" ".join(words[4:6]), "w11 w12 w13"]  # over two tokens; never there
    stopped = answers(models["llama"], asked, stop=stop, **how)
    assert stopped[0].text == " ".join(words[:4]) + " "
    assert stopped[0].finish_reason == "stop"
    assert stopped[0].n_output_tokens == 6
    for before, after in zip(free, stopped, strict=True):
        assert after.text == before.text.split(stop[0])[0]


def test_the_context_cuts_answers_and_refuses_prompts(models) -> None:
    # 64 positions: prompts of 62, 63 and 64 tokens.
    asked = [request(conversation(n), n=2) for n in (60, 61, 62)]
    found = answers(models["llama"], asked, temperature=0.0, repetition_penalty=1.5)
    assert [a.n_output_tokens for a in found] == [2, 2, 1, 1, None, None]
    assert [a.finish_reason for a in found[:4]] == ["length"] * 4
    assert found[4].text is None
    assert found[4].error == (
        "too long: the prompt has 64 tokens, and the model's context 64"
    )


def test_a_conversation_that_the_template_refuses_is_refused(models) -> None:
    system = ({"role": "system", "content": "w1"}, *conversation(2))
    asked = [request(system), request(conversation(2))]
    refused, answered = answers(models["llama"], asked, max_tokens=3)
    assert refused.text is None
    assert refused.error == (
        "its chat template refuses a conversation of system, user: no system role"
    )
    assert answered.text is not None
    alone = answers(models["llama"], asked[:1], max_tokens=3)
    assert [a.error for a in alone] == [refused.error]


def test_a_run_that_is_refused_altogether_stops(models) -> None:
    asked = [request(conversation(70, first), n=3) for first in range(20)]
    with pytest.raises(EngineError, match="the first 20 prompts are all refused"):
        answers(models["llama"], asked)
    made = engine(models["llama"])
    made.tallies["m"].n_texts_before = 1  # in an earlier run, so it is these prompts
    found = [a for batch in made.answers({"m": iter([asked])}) for a in batch]
    assert [a.text for a in found] == [None] * 60


def test_tallies_count_prompts_once_and_every_answer(models) -> None:
    asked = [request(conversation(4), n=3), request(conversation(90), n=2)]
    made = engine(models["llama"], max_tokens=5)
    found = [a for batch in made.answers({"m": iter([asked])}) for a in batch]
    tally = made.tallies["m"]
    assert (tally.requests, tally.answers, tally.refused) == (2, 5, 2)
    assert tally.n_input_tokens == 6
    assert tally.n_output_tokens == sum(a.n_output_tokens or 0 for a in found)


@pytest.mark.parametrize(
    ("template", "config", "how", "said"),
    [
        (None, {}, {}, "has no chat template"),
        (
            tiny_models.TEMPLATE,
            {},
            {"template": "chatml"},
            "'chatml' is not a template",
        ),
        (tiny_models.TEMPLATE, {}, {"precision": "fp8"}, "precision: found 'fp8'"),
        (tiny_models.TEMPLATE, {"kind": "mamba"}, {}, "more than keys and values"),
    ],
)
def test_models_that_cannot_be_run(tmp_path, template, config, how, said: str) -> None:
    folder = write_model(tmp_path / "m", template=template, **config)
    with pytest.raises(EngineError, match=said):
        answers(folder, [request(conversation(3))], **how)


def test_a_named_template_is_taken(tmp_path: Path) -> None:
    twice = "{{ '<start>' }}{% for m in messages %}{{ m['content'] }}{% endfor %}"
    named = {"default": tiny_models.TEMPLATE, "bare": twice}
    folder = write_model(tmp_path / "m")
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = named
    tokenizer.save_pretrained(folder)
    asked = [request(conversation(5))]
    how = {"temperature": 0.0, "max_tokens": 2}
    assert answers(folder, asked, **how)[0].n_input_tokens == 7
    assert answers(folder, asked, template="bare", **how)[0].n_input_tokens == 6


def test_weights_that_give_no_numbers_stop_the_run(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = write_model(tmp_path / "m")
    tensors = load_file(folder / "model.safetensors")
    tensors["lm_head.weight"][:] = float("nan")
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(EngineError, match="NaN or infinite"):
        answers(folder, [request(conversation(3))])

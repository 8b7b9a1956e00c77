"""Which token is chosen, against a sampler written plainly from vLLM's description."""

import math
from collections import Counter

import pytest

from fusemill.errors import DeclarationError
from fusemill.sampling.local.choosing import History, Uniforms, choose, filtered
from fusemill.sampling.local.parameters import Parameters
from needs_torch import torch

CPU = torch.device("cpu")
FILTERS = [
    {},
    {"temperature": 0.7},
    {"temperature": 1.9, "top_k": 5},
    {"top_p": 0.8},
    {"top_p": 0.001},
    {"min_p": 0.15},
    {"temperature": 0.8, "top_p": 0.9, "top_k": 9},
    {"temperature": 1.3, "min_p": 0.05, "top_p": 0.7, "top_k": 12},
    {"top_k": -1},
    {"top_k": 1},
]


def softmax(logits: list[float]) -> list[float]:
    top = max(logits)
    weights = [math.exp(x - top) for x in logits]
    return [w / sum(weights) for w in weights]


def plain(logits: list[float], p: dict[str, float]) -> list[float]:
    """Probabilities of each token: temperature, min_p, top_k, top_p, one by one."""
    kept = [x / p.get("temperature", 1.0) for x in logits]
    found = softmax(kept)
    least = p.get("min_p", 0.0) * max(found)
    kept = [x if q >= least else -math.inf for x, q in zip(kept, found, strict=True)]
    order = sorted(range(len(kept)), key=lambda i: -kept[i])
    if p.get("top_k", 0) > 0:
        for i in order[int(p["top_k"]) :]:
            kept[i] = -math.inf
    found, mass = softmax(kept), 0.0
    for i in order:
        if mass >= p.get("top_p", 1.0):
            kept[i] = -math.inf
        mass += found[i]
    return softmax(kept)


@pytest.mark.parametrize("sampling", FILTERS)
def test_filters_are_those_of_the_plain_sampler(sampling: dict[str, float]) -> None:
    rows = torch.randn(40, 30, generator=torch.Generator().manual_seed(3)) * 2
    found = filtered(rows, Parameters.of(sampling, "sampling", "transformers"))
    for row, probabilities in zip(rows.tolist(), found.tolist(), strict=True):
        assert probabilities == pytest.approx(plain(row, sampling), abs=1e-6)


def test_top_p_over_more_tokens_than_are_looked_at_first() -> None:
    rows = torch.randn(3, 3000, generator=torch.Generator().manual_seed(4))
    rows[0, 17] = 20.0  # one row is nearly sure, the others need two thousand tokens
    found = filtered(rows, Parameters(top_p=0.9))
    for row, probabilities in zip(rows.tolist(), found.tolist(), strict=True):
        expected = plain(row, {"top_p": 0.9})
        assert probabilities == pytest.approx(expected, abs=1e-6)
    assert (found > 0).sum(-1).tolist()[0] == 1


@pytest.mark.parametrize("sampling", FILTERS)
def test_draws_are_distributed_as_the_plain_sampler_says(
    sampling: dict[str, float],
) -> None:
    logits = [2.0, 1.4, 1.1, 0.3, 0.0, -0.5, 1.9, -2.0, 0.8, 0.2]
    n = 20_000
    uniforms = torch.tensor([Uniforms(seed).next() for seed in range(n)])
    rows = torch.tensor([logits]).expand(n, -1)
    tokens = choose(
        rows, uniforms, Parameters.of(sampling, "sampling", "transformers")
    ).tolist()
    counts, expected = Counter(tokens), plain(logits, sampling)
    assert all(expected[token] > 0 for token in counts)
    inside = [i for i, q in enumerate(expected) if q > 0]
    squares = sum(
        (counts[i] - n * expected[i]) ** 2 / (n * expected[i]) for i in inside
    )
    # 9 degrees of freedom at the most: 0.001 of right samplers exceed 27.9.
    assert squares < 27.9


def test_the_last_number_points_at_no_filtered_token() -> None:
    logits = torch.tensor([[3.0, 1.0, -9.0, -9.0]])
    almost_one = torch.tensor([1 - 2**-53], dtype=torch.float64)
    assert choose(logits, almost_one, Parameters(top_k=2)).tolist() == [1]
    assert choose(logits, torch.zeros(1), Parameters(top_k=2)).tolist() == [0]


def test_temperature_nought_takes_the_likeliest_whatever_else_is_declared() -> None:
    rows = torch.tensor([[0.0, 3.0, 2.9], [5.0, 3.0, 2.9]])
    greedy = Parameters(temperature=0.0, top_k=1, min_p=0.5)
    assert choose(rows, torch.zeros(0), greedy).tolist() == [1, 0]


def test_repetition_counts_the_prompt_and_the_other_penalties_do_not() -> None:
    p = Parameters(repetition_penalty=2.0, presence_penalty=0.5, frequency_penalty=0.25)
    history = History(p, CPU)
    none = torch.zeros(0, dtype=torch.long)
    history.change(none, [[0, 1], [2]], 5)
    history.add(0, torch.tensor([3, 3]))
    history.add(0, torch.tensor([3, 4]))
    logits = torch.tensor([[4.0, -4.0, 4.0, 4.0, 4.0]] * 2)
    assert history.penalised(0, logits).tolist() == [
        [2.0, -8.0, 4.0, 2.0 - 0.5 - 0.5, 4.0],
        [4.0, -4.0, 2.0, 2.0 - 0.5 - 0.25, 2.0 - 0.5 - 0.25],
    ]
    history.change(torch.tensor([1]), [[0]], 5)  # the first row leaves, one joins
    assert history.penalised(0, logits).tolist() == [
        [4.0, -4.0, 2.0, 1.25, 1.25],
        [2.0, -4.0, 4.0, 4.0, 4.0],
    ]
    assert history.penalised(1, logits[:1]).tolist() == [[2.0, -4.0, 4.0, 4.0, 4.0]]


def test_a_seed_gives_its_numbers_and_another_seed_others() -> None:
    one, same, other = Uniforms(5), Uniforms(5), Uniforms(6)
    first = [one.next() for _ in range(200)]
    assert first == [same.next() for _ in range(200)]
    assert not set(first) & {other.next() for _ in range(200)}
    assert all(0 <= number < 1 for number in first)


@pytest.mark.parametrize(
    ("sampling", "said"),
    [
        (
            {"best_of": 3},
            "m.sampling.best_of: engine `transformers` has no such sampling key; it "
            "has temperature, top_p, top_k, min_p, repetition_penalty, "
            "presence_penalty, frequency_penalty, max_tokens, stop",
        ),
        ({"top_p": 0.0}, "m.sampling.top_p: found 0.0: Input should be greater than 0"),
        ({"stop": ""}, "m.sampling.stop: found '': Value error, an empty text"),
        ({"temperature": -1.0}, "m.sampling.temperature: found -1.0"),
        ({"max_tokens": 0}, "m.sampling.max_tokens: found 0"),
    ],
)
def test_sampling_keys_that_do_not_fit(sampling, said: str) -> None:
    with pytest.raises(DeclarationError) as error:
        Parameters.of(sampling, "m.sampling", "transformers")
    assert str(error.value).startswith(said)

"""Which token is chosen, against a sampler written plainly from vLLM's description."""

import math
from collections import Counter

import pytest

from fusemill.errors import DeclarationError
from fusemill.sampling.local.choosing import History, choose, filtered, uniforms
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
    numbers = uniforms(torch.arange(n), torch.zeros(n, dtype=torch.long))
    rows = torch.tensor([logits]).expand(n, -1)
    tokens = choose(
        rows, numbers, Parameters.of(sampling, "sampling", "transformers")
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
    almost_one = torch.full((1, 2), 1 - 2**-53, dtype=torch.float64)
    nought = torch.zeros(1, 2)
    for sampling in (Parameters(top_k=2), Parameters(top_p=0.9)):
        assert choose(logits, almost_one, sampling).tolist() == [1]
        assert choose(logits, nought, sampling).tolist() == [0]


def test_a_token_outside_top_p_is_drawn_again_with_the_other_number() -> None:
    # Probabilities 0.4, 0.3, 0.2, 0.1; the first two fill 0.7, of which 4/7 and 3/7.
    logits = torch.tensor([[0.4, 0.3, 0.2, 0.1]]).log().expand(4, -1)
    numbers = torch.tensor([[0.5, 0.0], [0.8, 0.5], [0.8, 0.6], [0.95, 0.999]])
    assert choose(logits, numbers, Parameters(top_p=0.6)).tolist() == [1, 0, 1, 1]


def test_temperature_nought_takes_the_likeliest_whatever_else_is_declared() -> None:
    rows = torch.tensor([[0.0, 3.0, 2.9], [5.0, 3.0, 2.9]])
    greedy = Parameters(temperature=0.0, top_k=1, min_p=0.5)
    assert choose(rows, torch.zeros(2, 2), greedy).tolist() == [1, 0]


def test_repetition_counts_the_prompt_and_the_other_penalties_do_not() -> None:
    p = Parameters(repetition_penalty=2.0, presence_penalty=0.5, frequency_penalty=0.25)
    history, both = History(p, CPU), torch.tensor([0, 1])
    history.keep(torch.zeros(0, dtype=torch.long), 2, 5)
    history.place(both, [[0, 1], [2]])
    history.add(both, torch.tensor([3, 3]))
    history.add(both, torch.tensor([3, 4]))
    logits = torch.tensor([[4.0, -4.0, 4.0, 4.0, 4.0]] * 2)
    first = [2.0, -8.0, 4.0, 2.0 - 0.5 - 0.5, 4.0]
    second = [4.0, -4.0, 2.0, 2.0 - 0.5 - 0.25, 2.0 - 0.5 - 0.25]
    assert history.penalised(both, logits).tolist() == [first, second]
    # The first row leaves and one joins; then this one's place is taken.
    history.keep(torch.tensor([1]), 1, 5)
    history.place(torch.tensor([1]), [[0]])
    joined = [2.0, -4.0, 4.0, 4.0, 4.0]
    assert history.penalised(both, logits).tolist() == [second, joined]
    assert history.penalised(torch.tensor([1]), logits[:1]).tolist() == [joined]
    history.place(torch.tensor([0]), [[4]])
    taken = [4.0, -4.0, 4.0, 4.0, 2.0]
    assert history.penalised(both, logits).tolist() == [taken, joined]


def test_numbers_are_those_of_splitmix64() -> None:
    """The first five of seed 1234567, as the reference implementation gives them."""
    bits = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    found = uniforms(torch.full((3,), 1234567), torch.arange(3)).flatten().tolist()
    assert found[:5] == [(n >> 11) / 2**53 for n in bits]


def test_seeds_side_by_side_share_no_numbers() -> None:
    seeds, tokens = torch.arange(1000), torch.zeros(1000, dtype=torch.long)
    found = torch.stack([uniforms(seeds, tokens + n) for n in range(50)])
    assert len(found.flatten().unique()) == 100_000
    assert float(found.min()) >= 0
    assert float(found.max()) < 1


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

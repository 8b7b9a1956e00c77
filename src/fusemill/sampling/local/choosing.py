"""Which token comes next: penalties, temperature, min_p, top_k, top_p, in this order.

That is vLLM's order. A number in [0, 1) for each row then points into the cumulative
probabilities, in order of token ids, so that a row's token depends on no other row.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from fusemill.sampling.local.parameters import Parameters

BEST = (64, 1024)  # tokens among which top_p most often, nearly always finds its own
NUMBERS = 2  # of one token, at the most


def uniforms(seeds: Tensor, tokens: Tensor) -> Tensor:
    """Numbers [n, 2] in [0, 1) for the token so far along [n] of the draws' seeds [n].

    SplitMix64 (Steele, Lea and Flood 2014): its state counts, so that any number of any
    seed comes at once, and on every device the same.
    """
    places = NUMBERS * tokens[:, None] + torch.arange(NUMBERS, device=tokens.device)
    bits = seeds[:, None] + (places + 1) * _signed(0x9E3779B97F4A7C15)
    bits = (bits ^ _shifted(bits, 30)) * _signed(0xBF58476D1CE4E5B9)
    bits = (bits ^ _shifted(bits, 27)) * _signed(0x94D049BB133111EB)
    bits = bits ^ _shifted(bits, 31)
    return _shifted(bits, 11).to(torch.float64) * 2.0**-53


def _signed(bits: int) -> int:
    return bits - 2**64


def _shifted(bits: Tensor, n: int) -> Tensor:
    """To the right, with zeros, whatever the sign."""
    shifted: Tensor = (bits >> n) & (2 ** (64 - n) - 1)
    return shifted


class History:
    """Which tokens each row has had; nothing is kept where no penalty asks for it."""

    def __init__(self, parameters: Parameters, device: torch.device) -> None:
        self._parameters = parameters
        # [n_rows, vocabulary] each: in prompt or answer, and how often in the answer.
        self._seen = torch.zeros(0, 0, dtype=torch.bool, device=device)
        self._counts = torch.zeros(0, 0, dtype=torch.int32, device=device)

    def keep(self, kept: Tensor, n_new: int, n_tokens: int) -> None:
        """Keep rows by index, with room for `n_new` more to place."""
        if not self._parameters.counts_repeats:
            return
        n_rows = len(kept) + n_new
        seen = self._seen.new_zeros(n_rows, n_tokens)
        seen[: len(kept)] = self._seen[kept] if len(kept) else False
        self._seen = seen
        if self._parameters.counts_answer:
            counts = self._counts.new_zeros(n_rows, n_tokens)
            counts[: len(kept)] = self._counts[kept] if len(kept) else 0
            self._counts = counts

    def place(self, slots: Tensor, joining: Sequence[Sequence[int]]) -> None:
        """Begin these rows anew, each with its prompt of token ids."""
        if not self._parameters.counts_repeats:
            return
        seen = self._seen.new_zeros(len(slots), self._seen.shape[1])
        for row, prompt in zip(seen, joining, strict=True):
            row[torch.tensor(prompt, device=seen.device)] = True
        self._seen[slots] = seen
        if self._parameters.counts_answer:
            self._counts[slots] = 0

    def add(self, slots: Tensor, tokens: Tensor) -> None:
        """One more token [n] of the answers in these rows."""
        if not self._parameters.counts_repeats:
            return
        self._seen[slots, tokens] = True
        if self._parameters.counts_answer:
            self._counts[slots, tokens] += 1

    def penalised(self, slots: Tensor, logits: Tensor) -> Tensor:
        """Logits [n, vocabulary] of these rows, with the penalties."""
        p = self._parameters
        if p.repetition_penalty != 1:
            lower = torch.where(
                logits > 0,
                logits / p.repetition_penalty,
                logits * p.repetition_penalty,
            )
            seen = self._seen[slots]
            logits = torch.where(seen, lower, logits)
        if p.counts_answer:
            counts = self._counts[slots]
            logits = logits - p.frequency_penalty * counts
            logits = logits - p.presence_penalty * (counts > 0)
        return logits


def filtered(logits: Tensor, parameters: Parameters) -> Tensor:
    """Probabilities [n, vocabulary] after temperature and filters.

    Tokens that are exactly as likely as the last one that top_k or top_p takes are
    taken too.
    """
    logits = logits / parameters.softness
    if parameters.min_p > 0:
        probabilities = logits.softmax(-1)
        least = parameters.min_p * probabilities.amax(-1, keepdim=True)
        logits = logits.masked_fill(probabilities < least, float("-inf"))
    if 0 < parameters.top_k < logits.shape[-1]:
        last = logits.topk(parameters.top_k).values[:, -1:]
        logits = logits.masked_fill(logits < last, float("-inf"))
    if parameters.top_p < 1:
        last = _last_inside(logits, parameters.top_p)
        logits = logits.masked_fill(logits < last, float("-inf"))
    return logits.softmax(-1)


def _last_inside(logits: Tensor, top_p: float) -> Tensor:
    """Logit [n, 1] of the last token that fills the probability `top_p`."""
    whole = logits.logsumexp(-1, keepdim=True)
    n_all = logits.shape[-1]
    for n_best in (*(n for n in BEST if n < n_all), n_all):
        best = logits.topk(n_best).values
        probabilities = (best - whole).exp()
        before = probabilities.cumsum(-1) - probabilities
        n_inside = (before < top_p).sum(-1, keepdim=True).clamp(min=1)
        if n_best == n_all or int(n_inside.max()) < n_best:
            break
    return best.gather(-1, n_inside - 1)


def choose(logits: Tensor, numbers: Tensor, parameters: Parameters) -> Tensor:
    """Token ids [n] of logits [n, vocabulary] in float32, penalties already in them.

    `numbers` [n, 2] are in [0, 1), not read where the choice is greedy.
    """
    if parameters.is_greedy:
        return logits.argmax(-1)
    if parameters.top_p == 1 or parameters.top_k > 0:
        return _pointed_at(filtered(logits, parameters), numbers[:, 0])
    # Sorting takes most of the time. A token drawn from all of them is nearly always
    # one that top_p takes; only where it is not, another is drawn from those.
    whole = filtered(logits, parameters.model_copy(update={"top_p": 1.0}))
    tokens = _pointed_at(whole, numbers[:, 0])
    likelier = whole > whole.gather(-1, tokens[:, None])
    outside = ((whole * likelier).sum(-1) >= parameters.top_p).nonzero()[:, 0]
    if len(outside):
        inside = filtered(logits[outside], parameters)
        tokens[outside] = _pointed_at(inside, numbers[outside, 1])
    return tokens


def _pointed_at(probabilities: Tensor, numbers: Tensor) -> Tensor:
    """Token ids [n] at which numbers [n] in [0, 1) point."""
    sums = probabilities.cumsum(-1)
    whole = sums[:, -1:]
    # Never at the end itself: beyond it there may be tokens that were filtered out.
    end = torch.nextafter(whole, torch.zeros_like(whole))
    at = torch.minimum(numbers.to(sums.dtype)[:, None] * whole, end)
    return torch.searchsorted(sums, at, right=True)[:, 0]

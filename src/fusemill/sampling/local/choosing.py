"""Which token comes next: penalties, temperature, min_p, top_k, top_p, in this order.

That is vLLM's order. One number in [0, 1) for each row then points into the cumulative
probabilities, in order of token ids, so that a row's token depends on no other row.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from fusemill.sampling.local.parameters import Parameters

DRAWN_AT_ONCE = 64
BEST = (64, 1024)  # tokens among which top_p most often, nearly always finds its own


class Uniforms:
    """The numbers of one draw, from its seed: the same on any device."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._drawn: list[float] = []

    def next(self) -> float:
        """The next number, in [0, 1)."""
        if not self._drawn:
            many = torch.rand(
                DRAWN_AT_ONCE, generator=self._generator, dtype=torch.float64
            )
            self._drawn = many.flip(0).tolist()
        return self._drawn.pop()


class History:
    """Which tokens each row has had; nothing is kept where no penalty asks for it."""

    def __init__(self, parameters: Parameters, device: torch.device) -> None:
        self._parameters = parameters
        # [n_rows, vocabulary] each: in prompt or answer, and how often in the answer.
        self._seen = torch.zeros(0, 0, dtype=torch.bool, device=device)
        self._counts = torch.zeros(0, 0, dtype=torch.int32, device=device)

    def change(
        self, kept: Tensor, joining: Sequence[Sequence[int]], n_tokens: int
    ) -> None:
        """Keep rows by index, then append one row for each prompt of token ids."""
        if not self._parameters.counts_repeats:
            return
        n_rows = len(kept) + len(joining)
        seen = self._seen.new_zeros(n_rows, n_tokens)
        seen[: len(kept)] = self._seen[kept] if len(kept) else False
        for i, prompt in enumerate(joining, len(kept)):
            seen[i, torch.tensor(prompt, device=seen.device)] = True
        self._seen = seen
        if self._parameters.counts_answer:
            counts = self._counts.new_zeros(n_rows, n_tokens)
            counts[: len(kept)] = self._counts[kept] if len(kept) else 0
            self._counts = counts

    def add(self, first: int, tokens: Tensor) -> None:
        """One more token [n] of the answers in the rows from `first` on."""
        if not self._parameters.counts_repeats:
            return
        rows = torch.arange(first, first + len(tokens), device=tokens.device)
        self._seen[rows, tokens] = True
        if self._parameters.counts_answer:
            self._counts[rows, tokens] += 1

    def penalised(self, first: int, logits: Tensor) -> Tensor:
        """Logits [n, vocabulary] of the rows from `first` on, with the penalties."""
        p = self._parameters
        if p.repetition_penalty != 1:
            lower = torch.where(
                logits > 0,
                logits / p.repetition_penalty,
                logits * p.repetition_penalty,
            )
            seen = self._seen[first : first + len(logits)]
            logits = torch.where(seen, lower, logits)
        if p.counts_answer:
            counts = self._counts[first : first + len(logits)]
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


def choose(logits: Tensor, uniforms: Tensor, parameters: Parameters) -> Tensor:
    """Token ids [n] of logits [n, vocabulary] in float32, penalties already in them.

    `uniforms` are numbers [n] in [0, 1), not read where the choice is greedy.
    """
    if parameters.is_greedy:
        return logits.argmax(-1)
    sums = filtered(logits, parameters).cumsum(-1)
    whole = sums[:, -1:]
    # Never at the end itself: beyond it there may be tokens that were filtered out.
    end = torch.nextafter(whole, torch.zeros_like(whole))
    at = torch.minimum(uniforms.to(sums.dtype)[:, None] * whole, end)
    return torch.searchsorted(sums, at, right=True)[:, 0]

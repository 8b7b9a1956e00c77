"""Last hidden states of a causal model at chosen positions of token rows."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from fusemill.checkpoints.padding import pad
from fusemill.scoring.rewards.batching import Tokens


def is_causal(backbone: torch.nn.Module) -> bool:
    """Whether every attention layer looks back only, so that a cache is exact."""
    found = [m.is_causal for m in backbone.modules() if hasattr(m, "is_causal")]
    return bool(found) and all(found)


class States:
    """A causal backbone that remembers the last tokens which rows shared."""

    def __init__(self, backbone: Any, padding_side: str) -> None:
        self.backbone = backbone.eval()
        self.padding_side = padding_side
        # Masked out: it does not matter which token of the vocabulary it is.
        self.pad_id = backbone.config.pad_token_id or 0
        self._tokens: tuple[int, ...] = ()
        self._states: Tensor | None = None
        self._cache: Any = None

    @torch.inference_mode()
    def at(
        self, rows: Sequence[Tokens], positions: Sequence[Sequence[int]], n_shared: int
    ) -> Tensor:
        """[n_rows, n_positions, hidden size]; positions count from a row's start.

        The first `n_shared` tokens, equal in all rows, go through the model once.
        """
        if n_shared:
            return self._shared(rows, positions, n_shared)
        ids, mask = pad(rows, self.pad_id, self.padding_side, self.backbone.device)
        places = (mask.cumsum(-1) - 1).clamp(min=0)
        hidden: Tensor = self.backbone(
            ids, attention_mask=mask, position_ids=places, use_cache=False
        ).last_hidden_state
        where = torch.tensor([list(p) for p in positions], device=hidden.device)
        if self.padding_side == "left":
            where += ids.shape[1] - mask.sum(-1, keepdim=True)
        return hidden[torch.arange(len(rows), device=hidden.device)[:, None], where]

    def _shared(
        self, rows: Sequence[Tokens], positions: Sequence[Sequence[int]], n_shared: int
    ) -> Tensor:
        first = self._remembered(tuple(rows[0][:n_shared]))
        device = self.backbone.device
        rest = [row[n_shared:] for row in rows]
        ids, mask = pad(rest, self.pad_id, "right", device)
        cache = copy.deepcopy(self._cache)  # a forward pass writes into it
        cache.batch_repeat_interleave(len(rows))
        before = torch.ones(len(rows), n_shared, dtype=mask.dtype, device=device)
        places = torch.arange(ids.shape[1], device=device) + n_shared
        hidden = self.backbone(
            ids,
            attention_mask=torch.cat([before, mask], dim=1),
            position_ids=places.expand(len(rows), -1),
            cache=cache,
            use_cache=True,
        ).last_hidden_state
        chosen = [
            first[p] if p < n_shared else hidden[i, p - n_shared]
            for i, row in enumerate(positions)
            for p in row
        ]
        return torch.stack(chosen).view(len(rows), -1, hidden.shape[-1])

    def _remembered(self, tokens: tuple[int, ...]) -> Tensor:
        """States [n_tokens, hidden size] of shared tokens; their cache is kept."""
        if self._states is None or tokens != self._tokens:
            from transformers import DynamicCache

            self._cache = DynamicCache(config=self.backbone.config)
            ids = torch.tensor([tokens], device=self.backbone.device)
            done = self.backbone(ids, cache=self._cache, use_cache=True)
            self._tokens, self._states = tokens, done.last_hidden_state[0]
        assert self._states is not None
        return self._states

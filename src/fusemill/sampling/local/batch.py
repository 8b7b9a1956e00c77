"""Rows under way: which draw each one is, its tokens so far, and where it ends."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import torch
from torch import Tensor

from fusemill.sampling.local.cache import Prefix

Draw = tuple[int, int]  # its number and its seed
Stopped = Callable[[Sequence[int]], str | None]


@dataclass(eq=False)
class Prompt:
    """One prompt in token ids, and its draws that wait for room."""

    key: Any  # the caller's own
    ids: Sequence[int]
    limit: int  # of tokens an answer
    waiting: deque[Draw]
    prefix: Prefix | None = None  # None: not read yet
    logits: Tensor | None = None  # [vocabulary], of the first token of an answer


@dataclass(eq=False)
class Row:
    """One draw, and how it ended."""

    prompt: Prompt
    draw: int
    seed: int
    tokens: list[int] = field(default_factory=list)  # once it is finished
    text: str | None = None  # where it ended before a stop string
    reason: Literal["stop", "length"] | None = None  # None: not finished

    def __post_init__(self) -> None:
        self.began_at = datetime.now(UTC)


class Batch:
    """Rows, and what a step needs of each as tensors [rows].

    `ends` [vocabulary] are the tokens that end an answer; `stopped` gives the text
    before a stop string, None where none has come; without it there are none.
    """

    def __init__(self, ends: Tensor, stopped: Stopped | None) -> None:
        self._ends, self._stopped = ends, stopped
        self.rows: list[Row] = []
        none = torch.zeros(0, dtype=torch.long, device=ends.device)
        self.last = self.seeds = self.counts = self._limits = none
        self._tokens = none[:, None]  # [rows, tokens], `counts` of them each
        self.n_finished = 0

    @property
    def live(self) -> list[int]:
        """Rows that are not finished."""
        return [i for i, row in enumerate(self.rows) if row.reason is None]

    @property
    def finished(self) -> list[int]:
        """Rows that wait to be replaced."""
        return [i for i, row in enumerate(self.rows) if row.reason is not None]

    def lengths(self, rows: Sequence[int]) -> list[int]:
        """Tokens of prompt and answer so far, for rows by index."""
        counts = self.counts[rows].tolist() if rows else []
        prompts = [len(self.rows[i].prompt.ids) for i in rows]
        return [n + m for n, m in zip(prompts, counts, strict=True)]

    @property
    def all(self) -> Tensor:
        """The index of every row."""
        return torch.arange(len(self.rows), device=self._ends.device)

    def keep(self, kept: Tensor, n_new: int, room: int) -> None:
        """Keep rows by index, with room for `n_new` rows and for tokens of all."""
        self.rows = [self.rows[i] for i in kept.tolist()]
        counts = self.counts[kept]
        most = int(counts.max()) if len(counts) else 0
        old = self._tokens[kept, :most]
        new = old.new_zeros(n_new)
        self._tokens = old.new_zeros(len(kept) + n_new, most + room + 1)
        self._tokens[: len(kept), :most] = old
        self.counts = torch.cat([counts, new])
        self.last = torch.cat([self.last[kept], new])
        self.seeds = torch.cat([self.seeds[kept], new])
        self._limits = torch.cat([self._limits[kept], new])
        self.n_finished = 0

    def place(self, slots: Tensor, rows: Sequence[Row]) -> None:
        """New rows at these places, over finished ones or at the end."""
        for slot, row in zip(slots.tolist(), rows, strict=True):
            self.rows[slot : slot + 1] = [row]
        self.counts[slots] = 0
        self.seeds[slots] = slots.new_tensor([row.seed for row in rows])
        self._limits[slots] = slots.new_tensor([row.prompt.limit for row in rows])
        self.n_finished = sum(row.reason is not None for row in self.rows)

    def append(self, slots: Tensor, tokens: Tensor) -> list[Row]:
        """One token [n] more in each of these rows; returns those that end with it."""
        counts = self.counts[slots]
        self._tokens[slots, counts] = tokens
        counts += 1
        self.last[slots], self.counts[slots] = tokens, counts
        ended = self._ends[tokens]
        over = ended | (counts >= self._limits[slots])
        finished = []
        # A stop string may have come with any token.
        looked_at = over if self._stopped is None else torch.ones_like(over)
        for i in looked_at.nonzero()[:, 0].tolist():
            row = self.rows[int(slots[i])]
            if row.reason is not None:
                continue  # it waits to be replaced
            said = self._tokens[slots[i], : counts[i]].tolist()
            if ended[i]:
                row.reason = "stop"
            elif self._stopped and (text := self._stopped(said)) is not None:
                row.text, row.reason = text, "stop"
            elif over[i]:
                row.reason = "length"
            if row.reason is not None:
                row.tokens = said
                finished.append(row)
        self.n_finished += len(finished)
        return finished

"""The loop: prompts are read once, their draws fill a batch, finished rows leave it.

A draw's tokens follow from its prompt and its seed. Which rows are beside it changes
them only where rounding does, since a batch's size changes the order of some sums.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import torch
from torch import Tensor
from transformers import DynamicCache

from fusemill.checkpoints.loading import max_positions
from fusemill.checkpoints.padding import pad
from fusemill.errors import EngineError
from fusemill.sampling.local.cache import Prefix, RowCache, prefixes
from fusemill.sampling.local.choosing import History, Uniforms, choose
from fusemill.sampling.local.parameters import Parameters

ROOM = 64  # columns that are made ahead; each time all of the cache is copied
MOST_ROWS = 512
MOST_LOGITS = 2**25  # rows × vocabulary, so that filters do not fill the memory
READ_AT_ONCE = 32  # prompts
LEAVE_FROM = 8  # a batch is packed again when one in so many rows is finished


@dataclass(eq=False)
class Prompt:
    """One prompt in token ids, and its draws that wait for room, by seed."""

    key: Any  # the caller's own
    ids: Sequence[int]
    limit: int  # of tokens an answer
    waiting: deque[tuple[int, int]]  # (draw, seed)
    prefix: Prefix | None = None  # None: not read yet
    logits: Tensor | None = None  # [vocabulary], of the first token of an answer


@dataclass(eq=False)
class Row:
    """One draw: its tokens, and how they ended."""

    prompt: Prompt
    draw: int
    seed: int
    tokens: list[int] = field(default_factory=list)
    text: str | None = None  # where it ended before a stop string
    reason: Literal["stop", "length"] | None = None  # None: not finished

    def __post_init__(self) -> None:
        self.began_at = datetime.now(UTC)
        self.uniforms = Uniforms(self.seed)


class Generation:
    """A model's answers. `stopped` gives the text before a stop string, else None."""

    def __init__(
        self,
        model: Any,
        parameters: Parameters,
        eos_ids: frozenset[int],
        stopped: Callable[[Sequence[int]], str | None],
        batch_tokens: int,
    ) -> None:
        config = model.config.get_text_config(decoder=True)
        self._model, self._parameters = model, parameters
        self._eos_ids, self._stopped = eos_ids, stopped
        self._batch_tokens = batch_tokens
        self._n_tokens = int(config.vocab_size)
        self._rows: list[Row] = []
        self._ready: deque[Prompt] = deque()  # read, with draws that wait
        self._last_position = max_positions(model) - 1
        self._cache = RowCache(config.num_hidden_layers, model.device)
        self._history = History(parameters, model.device)
        self._last = torch.zeros(0, dtype=torch.long, device=model.device)
        self._mean = float(ROOM)  # tokens of an answer, of those that came last

    def run(self, prompts: Iterator[Prompt]) -> Iterator[list[Row]]:
        """Finished rows as they come; at least an empty list each forward pass."""
        while True:
            finished = self._repack(prompts) if self._is_due() else []
            if not self._rows and not finished:
                return
            yield finished
            if any(row.reason is None for row in self._rows):
                yield self._step()

    def _is_due(self) -> bool:
        n_finished = sum(row.reason is not None for row in self._rows)
        return self._cache.room == 0 or n_finished * LEAVE_FROM >= len(self._rows)

    @torch.inference_mode()
    def _step(self) -> list[Row]:
        """One more token a row."""
        mask, positions = self._cache.advance()
        logits = self._model(
            self._last[:, None],
            attention_mask=mask,
            # Only rows that are finished and wait go beyond.
            position_ids=positions.clamp(max=self._last_position),
            cache=self._cache.cache,
            use_cache=True,
        ).logits[:, -1]
        self._last = self._chosen(0, logits)
        return self._append(0)

    @torch.inference_mode()
    def _repack(self, prompts: Iterator[Prompt]) -> list[Row]:
        """Finished rows leave, waiting draws join; returns those of one token."""
        live = [i for i, row in enumerate(self._rows) if row.reason is None]
        live = self._affordable(live)
        joining = self._join([self._rows[i] for i in live], prompts)
        rows = [self._rows[i] for i in live]
        rows += [
            Row(prompt, draw, seed) for prompt, draws in joining for draw, seed in draws
        ]
        self._rows = rows
        kept = torch.tensor(live, dtype=torch.long, device=self._last.device)
        if not rows:
            return []
        room = min(ROOM, max(row.prompt.limit - len(row.tokens) for row in rows))
        added = [(_read(prompt)[0], len(draws)) for prompt, draws in joining]
        self._cache.change(kept, added, room)
        new = rows[len(live) :]
        self._history.change(kept, [r.prompt.ids for r in new], self._n_tokens)
        self._last = self._last[kept]
        if not new:
            return []
        logits = torch.stack([_read(row.prompt)[1] for row in new])
        first = len(live)
        self._last = torch.cat([self._last, self._chosen(first, logits)])
        return self._append(first)

    def _affordable(self, live: list[int]) -> list[int]:
        """Rows that fit with room to grow; the shortest others start again later.

        They end as they would have: their seed gives the same numbers again.
        """
        while len(live) > 1:
            longest = max(_length(self._rows[i]) for i in live)
            if len(live) * (longest + ROOM) <= self._batch_tokens:
                break
            back = min(live, key=lambda i: len(self._rows[i].tokens))
            row = self._rows[back]
            if row.prompt not in self._ready:
                self._ready.appendleft(row.prompt)
            row.prompt.waiting.appendleft((row.draw, row.seed))
            live.remove(back)
        return live

    def _join(
        self, live: Sequence[Row], prompts: Iterator[Prompt]
    ) -> list[tuple[Prompt, list[tuple[int, int]]]]:
        """Draws that there is room for, by prompt."""
        found: list[tuple[Prompt, list[tuple[int, int]]]] = []
        n_rows, longest = len(live), max(map(_length, live), default=0)
        growth = max(ROOM, round(self._mean))
        most = max(1, min(MOST_ROWS, MOST_LOGITS // self._n_tokens))
        while n_rows < most and (self._ready or self._read_more(prompts)):
            prompt = self._ready[0]
            longest = max(longest, len(prompt.ids))
            n_free = min(most, self._batch_tokens // (longest + growth)) - n_rows
            n = min(max(n_free, int(n_rows == 0)), len(prompt.waiting))
            if n <= 0:
                break
            found.append((prompt, [prompt.waiting.popleft() for _ in range(n)]))
            n_rows += n
            if not prompt.waiting:
                self._ready.popleft()
        return found

    def _read_more(self, prompts: Iterator[Prompt]) -> bool:
        """Read the next prompts together; False where there are none."""
        batch: list[Prompt] = []
        longest = 0
        for prompt in prompts:
            batch.append(prompt)
            longest = max(longest, len(prompt.ids))
            if len(batch) == READ_AT_ONCE or (len(batch) + 1) * longest > (
                self._batch_tokens
            ):
                break
        if not batch:
            return False
        ids, mask = pad([p.ids for p in batch], 0, "left", self._model.device)
        cache = DynamicCache()  # without a config no layer forgets
        logits = self._model(
            ids,
            attention_mask=mask,
            position_ids=(mask.cumsum(-1) - 1).clamp(min=0),
            cache=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        read = prefixes(cache, [len(p.ids) for p in batch])
        for prompt, prefix, row in zip(batch, read, logits, strict=True):
            prompt.prefix, prompt.logits = prefix, row
        self._ready += batch
        return True

    def _chosen(self, first: int, logits: Tensor) -> Tensor:
        """Tokens [n] for the rows from `first` on."""
        logits = logits.float()
        if not bool(logits.amax(-1).isfinite().all()):
            raise EngineError(
                "the model's logits are not numbers (NaN or infinite): its weights do "
                "not fit its precision, or are damaged; float32 or bfloat16 may help"
            )
        numbers: list[float] = []
        if not self._parameters.is_greedy:
            numbers = [row.uniforms.next() for row in self._rows[first:]]
        uniforms = torch.tensor(numbers, dtype=torch.float64, device=logits.device)
        logits = self._history.penalised(first, logits)
        tokens = choose(logits, uniforms, self._parameters)
        self._history.add(first, tokens)
        return tokens

    def _append(self, first: int) -> list[Row]:
        """Tokens into the rows from `first` on; returns those that end here."""
        finished: list[Row] = []
        tokens = self._last[first:].tolist()
        for row, token in zip(self._rows[first:], tokens, strict=True):
            if row.reason is not None:
                continue  # it waits for the batch to be packed again
            row.tokens.append(token)
            self._finish(row)
            if row.reason is not None:
                self._mean += 0.02 * (len(row.tokens) - self._mean)
                finished.append(row)
        return finished

    def _finish(self, row: Row) -> None:
        if row.tokens[-1] in self._eos_ids:
            row.reason = "stop"
        elif (text := self._stopped(row.tokens)) is not None:
            row.text, row.reason = text, "stop"
        elif len(row.tokens) == row.prompt.limit:
            row.reason = "length"


def _length(row: Row) -> int:
    return len(row.prompt.ids) + len(row.tokens)


def _read(prompt: Prompt) -> tuple[Prefix, Tensor]:
    """What reading a prompt gave."""
    assert prompt.prefix is not None
    assert prompt.logits is not None
    return prompt.prefix, prompt.logits

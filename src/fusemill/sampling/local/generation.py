"""The loop: prompts are read once, their draws fill a batch, finished rows leave it.

A draw's tokens follow from its prompt and its seed. Which rows are beside it changes
them only where rounding does, since a batch's size changes the order of some sums.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from fusemill.checkpoints.loading import max_positions
from fusemill.checkpoints.padding import pad
from fusemill.errors import EngineError
from fusemill.sampling.local.batch import Batch, Prompt, Row, Stopped
from fusemill.sampling.local.cache import Prefix, RowCache, prefixes
from fusemill.sampling.local.choosing import History, choose, uniforms
from fusemill.sampling.local.parameters import Parameters

ROOM = 64  # columns that are made ahead; each time all of the cache is copied
MOST_ROWS = 512
MOST_LOGITS = 2**25  # rows × vocabulary, so that filters do not fill the memory
READ_AT_ONCE = 32  # prompts
LEAVE_FROM = 8  # rows are replaced when one in so many is finished


class Generation:
    """A model's answers; `stopped` as `Batch` has it."""

    def __init__(
        self,
        model: Any,
        parameters: Parameters,
        eos_ids: frozenset[int],
        stopped: Stopped | None,
        batch_tokens: int,
    ) -> None:
        config = model.config.get_text_config(decoder=True)
        self._model, self._parameters = model, parameters
        self._batch_tokens = batch_tokens
        self._n_tokens = int(config.vocab_size)
        ends = [token in eos_ids for token in range(self._n_tokens)]
        self._batch = Batch(torch.tensor(ends, device=model.device), stopped)
        self._ready: deque[Prompt] = deque()  # read, with draws that wait
        self._last_position = max_positions(model) - 1
        self._cache = RowCache(config.num_hidden_layers, model.device)
        self._history = History(parameters, model.device)
        self._mean = float(ROOM)  # tokens of an answer, of those that came last

    def run(self, prompts: Iterator[Prompt]) -> Iterator[list[Row]]:
        """Finished rows as they come; at least an empty list each forward pass."""
        while True:
            finished = self._refill(prompts) if self._is_due() else []
            if not self._batch.rows and not finished:
                return
            yield finished
            if self._batch.n_finished < len(self._batch.rows):
                yield self._step()

    def _is_due(self) -> bool:
        n_finished, n_rows = self._batch.n_finished, len(self._batch.rows)
        return self._cache.room == 0 or n_finished * LEAVE_FROM >= n_rows

    @torch.inference_mode()
    def _step(self) -> list[Row]:
        """One more token a row."""
        mask, positions = self._cache.coming()
        logits = self._model(
            self._batch.last[:, None],
            attention_mask=mask,
            # Only rows that are finished and wait go beyond.
            position_ids=positions.clamp(max=self._last_position),
            cache=self._cache.cache,
            use_cache=True,
        ).logits[:, -1]
        self._cache.advance()
        return self._append(self._batch.all, logits)

    @torch.inference_mode()
    def _refill(self, prompts: Iterator[Prompt]) -> list[Row]:
        """Waiting draws take the place of finished rows; returns those of one token."""
        batch = self._batch
        live, taken = batch.live, batch.finished
        is_full = self._cache.room == 0 or not live
        if is_full:
            live = self._affordable(live)
        new = self._join(live, prompts, MOST_ROWS if is_full else len(batch.rows))
        joining = [_read(row.prompt)[0] for row in new]
        if is_full or len(new) < len(taken) or not self._cache.can_place(joining):
            slots = self._change(live, new)
        else:
            slots = torch.tensor(taken, device=self._model.device)
            self._cache.place(slots, joining)
        if not new:
            return []
        batch.place(slots, new)
        self._history.place(slots, [row.prompt.ids for row in new])
        return self._append(slots, torch.stack([_read(row.prompt)[1] for row in new]))

    def _change(self, live: list[int], new: Sequence[Row]) -> Tensor:
        """Pack the batch again; returns the places of its new rows."""
        batch, n_rows = self._batch, len(live) + len(new)
        kept = torch.tensor(live, dtype=torch.long, device=self._model.device)
        rows = [*(batch.rows[i] for i in live), *new]
        counts = batch.counts[kept].tolist() + [0] * len(new)
        left = [row.prompt.limit - n for row, n in zip(rows, counts, strict=True)]
        room = min(ROOM, max(left, default=0))
        if rows:
            self._cache.change(kept, [_read(row.prompt)[0] for row in new], room)
        batch.keep(kept, len(new), room)
        self._history.keep(kept, len(new), self._n_tokens)
        return torch.arange(len(live), n_rows, device=kept.device)

    def _affordable(self, live: list[int]) -> list[int]:
        """Rows that fit with room to grow; the shortest others start again later.

        They end as they would have: their seed gives the same numbers again.
        """
        counts = dict(zip(live, self._batch.counts[live].tolist(), strict=True))
        while len(live) > 1:
            longest = max(len(self._batch.rows[i].prompt.ids) + counts[i] for i in live)
            if len(live) * (longest + ROOM) <= self._batch_tokens:
                break
            back = min(live, key=lambda i: counts[i])
            row = self._batch.rows[back]
            if row.prompt not in self._ready:
                self._ready.appendleft(row.prompt)
            row.prompt.waiting.appendleft((row.draw, row.seed))
            live.remove(back)
        return live

    def _join(
        self, live: Sequence[int], prompts: Iterator[Prompt], most: int
    ) -> list[Row]:
        """Draws that there is room for beside the live rows, `most` rows in all."""
        found: list[Row] = []
        longest = max(self._batch.lengths(live), default=0)
        growth = max(ROOM, round(self._mean))
        most = min(most, max(1, MOST_LOGITS // self._n_tokens))
        n_rows = len(live)
        while n_rows < most and (self._ready or self._read_more(prompts)):
            prompt = self._ready[0]
            longest = max(longest, len(prompt.ids))
            n_free = min(most, self._batch_tokens // (longest + growth)) - n_rows
            n = min(max(n_free, int(n_rows == 0)), len(prompt.waiting))
            if n <= 0:
                break
            found += [Row(prompt, *prompt.waiting.popleft()) for _ in range(n)]
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
        read = prefixes(cache, mask, [len(p.ids) for p in batch])
        for prompt, prefix, row in zip(batch, read, logits, strict=True):
            prompt.prefix, prompt.logits = prefix, row
        self._ready += batch
        return True

    def _append(self, slots: Tensor, logits: Tensor) -> list[Row]:
        """The next token of these rows, by their logits; returns those that end."""
        logits = logits.float()
        if not bool(logits.amax(-1).isfinite().all()):
            raise EngineError(
                "the model's logits are not numbers (NaN or infinite): its weights do "
                "not fit its precision, or are damaged; float32 or bfloat16 may help"
            )
        batch = self._batch
        logits = self._history.penalised(slots, logits)
        numbers = uniforms(batch.seeds[slots], batch.counts[slots])
        tokens = choose(logits, numbers, self._parameters)
        self._history.add(slots, tokens)
        finished = batch.append(slots, tokens)
        for row in finished:
            self._mean += 0.02 * (len(row.tokens) - self._mean)
        return finished


def _read(prompt: Prompt) -> tuple[Prefix, Tensor]:
    """What reading a prompt gave."""
    assert prompt.prefix is not None
    assert prompt.logits is not None
    return prompt.prefix, prompt.logits

"""A reward model whose weights run on this machine."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import torch

from fusemill.errors import EngineError
from fusemill.scoring.rewards.batching import Tokens, plan
from fusemill.scoring.rewards.pairs import Pair, Scored, Status
from fusemill.scoring.rewards.template import NotWritten, Template

# With fewer parameters the threads of a forward pass mostly wait for one another: on a
# busy machine twenty times as long as one alone takes.
TINY = 2_000_000


class Head(Protocol):
    """What turns token rows into scores."""

    can_share: bool  # first tokens that rows have in common may be computed once
    max_positions: int  # the longest row that the model can read
    n_parameters: int

    def fault(self, ids: Tokens) -> Status | None:
        """Why the model cannot judge this row, None where it can."""

    def judge(self, rows: Sequence[Tokens], n_shared: int) -> list[Scored]:
        """One result a row; the first `n_shared` tokens are the same in all."""


class LocalReward:
    """Template, batches and head: scores of pairs."""

    def __init__(
        self, head: Head, template: Template, max_tokens: int, batch_tokens: int
    ) -> None:
        if max_tokens > head.max_positions:
            raise EngineError(
                f"{template.where}: max_tokens is {max_tokens:,}; the model reads at "
                f"most {head.max_positions:,} tokens"
            )
        self.head, self.template = head, template
        self.max_tokens, self.batch_tokens = max_tokens, batch_tokens

    def scores(self, pairs: Sequence[Pair]) -> Iterator[list[tuple[int, Scored]]]:
        """As RewardModel.scores; a pair of more than `max_tokens` is never cut."""
        rows = [self._row(pair) for pair in pairs]
        refused, taken = [], []
        for i, row in enumerate(rows):
            fault = self._fault(row)
            if fault is None:
                taken.append(i)
            else:
                refused.append((i, Scored(fault)))
        if refused:
            yield refused
        prompts = [_prompt(pairs[i]) for i in taken]
        chosen = [rows[i] for i in taken]
        share = self.head.can_share
        for batch in plan(chosen, prompts, self.batch_tokens, share):
            with _threads(self.head.n_parameters):
                judged = self.head.judge(
                    [chosen[j] for j in batch.rows], batch.n_shared
                )
            yield [
                (taken[j], scored) for j, scored in zip(batch.rows, judged, strict=True)
            ]

    def misread(self, pair: Pair) -> str | None:
        """As RewardModel.misread: a template that leaves out, a doubled BOS."""
        text, ids = self.template.text(pair), self.template.ids(pair)
        for i, turn in enumerate(pair.conversation):
            if turn["content"].strip() not in text:
                return f"the chat template leaves out the {turn['role']}'s turn {i}"
        bos = self.template.tokenizer.bos_token_id
        if bos is not None and ids[:2] == [bos, bos]:
            return f"it begins with token {bos} twice: a doubled BOS"
        if len(ids) > self.max_tokens:
            return (
                f"it has {len(ids)} tokens, max_tokens is {self.max_tokens}: the "
                "prompt would have to be cut"
            )
        return None

    def _row(self, pair: Pair) -> Tokens:
        """No tokens where the template refuses the conversation."""
        try:
            return self.template.ids(pair)
        except NotWritten:
            return ()

    def _fault(self, row: Tokens) -> Status | None:
        if not row:
            return "no_pattern"
        if len(row) > self.max_tokens:
            return "too_long"
        return self.head.fault(row)


@contextmanager
def _threads(n_parameters: int) -> Iterator[None]:
    """One thread for a tiny model, while the block lasts."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1 if n_parameters < TINY else n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def _prompt(pair: Pair) -> tuple[tuple[str, str], ...]:
    return tuple((m["role"], m["content"]) for m in pair.messages)

"""The engine: one model after another, each loaded once, and its answers."""

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain, islice

from fusemill.checkpoints.conversations import Local, Refused
from fusemill.sampling.engine import Answer, Request, Tally
from fusemill.sampling.local.batch import Prompt, Row
from fusemill.sampling.local.checkpoint import Checkpoint, load
from fusemill.sampling.local.generation import Generation
from fusemill.sampling.local.parameters import Parameters
from fusemill.sampling.reasoning import split_reasoning
from fusemill.sampling.refusals import Refusals

TICK_S = 0.25  # how often at least something is yielded, forward passes allowing
WINDOW = 512  # prompts that are sorted by length together
ALL_DRAWS = 1_000_000  # a prompt is read once for all of them


@dataclass(frozen=True)
class Asked:
    """One model to run, and how."""

    local: Local
    parameters: Parameters
    batch_tokens: int  # rows × columns that are remembered at once


class TransformersEngine:
    """Runs models on this machine. They take turns: one after another is loaded."""

    def __init__(self, asked: Sequence[Asked]) -> None:
        self._asked = {one.local.name: one for one in asked}
        self.tallies: Mapping[str, Tally] = {name: Tally() for name in self._asked}

    def draws_a_request(self, model: str) -> int:
        """All of them: they share what the model remembers of the prompt."""
        del model
        return ALL_DRAWS

    def answers(
        self, requests: Mapping[str, Iterator[Sequence[Request]]]
    ) -> Iterator[Sequence[Answer]]:
        """Answers as they come; see `Engine`."""
        for name, pages in requests.items():
            asked = self._asked[name]
            run = Run(load(asked.local), asked, self.tallies[name])
            yield from run.answers(chain.from_iterable(pages))


class Run:
    """A loaded model, and what it is asked in this run."""

    def __init__(self, checkpoint: Checkpoint, asked: Asked, tally: Tally) -> None:
        self._checkpoint, self._asked, self._tally = checkpoint, asked, tally
        self._refusals = Refusals(tally, asked.local.where)

    def answers(self, requests: Iterator[Request]) -> Iterator[Sequence[Answer]]:
        """Answers as they come, an empty list where a tick brought none."""
        parameters, read = self._asked.parameters, self._checkpoint
        generation = Generation(
            read.model,
            parameters,
            read.eos_ids,
            partial(read.text_before, parameters.stop) if parameters.stop else None,
            self._asked.batch_tokens,
        )
        since = time.monotonic()
        for rows in generation.run(self._prompts(requests)):
            if rows or time.monotonic() - since >= TICK_S:
                yield self._refusals.with_texts([self._answer(row) for row in rows])
                since = time.monotonic()
        yield self._refusals.rest()

    def _prompts(self, requests: Iterator[Request]) -> Iterator[Prompt]:
        """Prompts to read, the longest of a window first."""
        while window := list(islice(requests, WINDOW)):
            found = [p for request in window if (p := self._prompt(request))]
            if not found:
                self._refusals.require_some()
            yield from sorted(found, key=lambda prompt: -len(prompt.ids))

    def _prompt(self, request: Request) -> Prompt | None:
        draws = range(request.first, request.first + request.n)
        self._tally.requests += 1
        try:
            ids = self._checkpoint.conversations.ids(request.messages)
        except Refused as refused:
            self._refusals.add(request, str(refused))
            return None
        self._tally.n_input_tokens += len(ids)
        room = self._checkpoint.conversations.context - len(ids)
        limit = min(room, self._asked.parameters.max_tokens or room)
        seeds = (request.seed + i for i in range(request.n))
        return Prompt(request, ids, limit, deque(zip(draws, seeds, strict=True)))

    def _answer(self, row: Row) -> Answer:
        request: Request = row.prompt.key
        ended = row.tokens[-1] in self._checkpoint.eos_ids
        tokens = row.tokens[:-1] if ended else row.tokens
        whole = self._checkpoint.text(tokens) if row.text is None else row.text
        text, reasoning = split_reasoning(whole)
        return Answer(
            request,
            row.draw,
            text=text,
            reasoning=reasoning,
            finish_reason=row.reason,
            n_input_tokens=len(row.prompt.ids),
            n_output_tokens=len(row.tokens),
            asked_at=row.began_at,
            latency_s=(datetime.now(UTC) - row.began_at).total_seconds(),
        )

"""The engine: models, each loaded once, and their answers."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain, islice

import torch

from fusemill.checkpoints.conversations import Local, Refused
from fusemill.sampling.engine import Answer, Request, Tally
from fusemill.sampling.local.batch import Prompt, Row
from fusemill.sampling.local.checkpoint import Checkpoint, load
from fusemill.sampling.local.generation import Generation
from fusemill.sampling.local.parameters import Parameters
from fusemill.sampling.local.together import together
from fusemill.sampling.reasoning import split_reasoning
from fusemill.sampling.refusals import Refusals

TICK_S = 0.25  # how often at least something is yielded, forward passes allowing
TINY_BYTES = 64_000_000  # of all weights together
WINDOW = 512  # prompts that are sorted by length together
ALL_DRAWS = 1_000_000  # a prompt is read once for all of them


@dataclass(frozen=True)
class Asked:
    """One model to run, and how."""

    local: Local
    parameters: Parameters
    batch_tokens: int  # rows × columns that are remembered at once


class TransformersEngine:
    """Runs models on this machine. They take turns: one after another is loaded.

    Tiny ones run at once, as many as torch has threads.
    """

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
        if not self._are_tiny(requests):
            for name, pages in requests.items():
                yield from self._run(name).answers(chain.from_iterable(pages))
            return
        # Threads cannot share such small steps, but each can have its own model.
        n_threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            runs = {name: self._run(name) for name in requests}
            jobs = [
                run.answers(chain.from_iterable(requests[name]))
                for name, run in runs.items()
            ]
            yield from together(jobs, n_threads)
        finally:
            torch.set_num_threads(n_threads)

    def _run(self, name: str) -> "Run":
        asked = self._asked[name]
        return Run(load(asked.local), asked, self.tallies[name])

    def _are_tiny(self, names: Iterable[str]) -> bool:
        folders = [self._asked[name].local.folder for name in names]
        weights = [file for folder in folders for file in folder.glob("*.safetensors")]
        n_bytes = sum(file.stat().st_size for file in weights)
        return n_bytes <= TINY_BYTES and not torch.cuda.is_available()


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

"""The engine: one model after another, and more prompts whenever vLLM has room."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from fusemill.checkpoints.conversations import Conversations, Local, Refused
from fusemill.project.checkpoints import Vllm
from fusemill.sampling.engine import Answer, Request, Tally
from fusemill.sampling.local.parameters import Parameters
from fusemill.sampling.reasoning import split_reasoning
from fusemill.sampling.refusals import Refusals
from fusemill.sampling.vllm.model import Model

TICK_S = 0.25  # how often at least something is yielded, forward passes allowing
MOST_DRAWS = 1024  # of one prompt at once; vLLM itself takes 16,384


@dataclass(frozen=True)
class Asked:
    """One model to run, and how."""

    local: Local
    parameters: Parameters
    how: Vllm


@dataclass(frozen=True)
class UnderWay:
    """A request that vLLM has."""

    request: Request
    n_input_tokens: int
    asked_at: datetime


class VllmEngine:
    """Runs models in this process with vLLM. They take turns, each loaded once."""

    def __init__(self, asked: Sequence[Asked]) -> None:
        self._asked = {one.local.name: one for one in asked}
        self.tallies: Mapping[str, Tally] = {name: Tally() for name in self._asked}

    def draws_a_request(self, model: str) -> int:
        """Many: vLLM reads a prompt once for all of them. Greedy ones only singly."""
        return 1 if self._asked[model].parameters.is_greedy else MOST_DRAWS

    def answers(
        self, requests: Mapping[str, Iterator[Sequence[Request]]]
    ) -> Iterator[Sequence[Answer]]:
        """Answers as they come; see `Engine`."""
        for name, pages in requests.items():
            asked = self._asked[name]
            model = Model(asked.local, asked.how, asked.parameters)
            try:
                run = Run(model, asked.local, self.tallies[name])
                yield from run.answers(chain.from_iterable(pages))
            finally:
                model.close()


class Run:
    """A loaded model, and what it is asked in this run."""

    def __init__(self, model: Model, local: Local, tally: Tally) -> None:
        self._model, self._tally = model, tally
        self._conversations = Conversations(local, model.context)
        self._refusals = Refusals(tally, local.where)
        self._under_way: dict[str, UnderWay] = {}

    def answers(self, requests: Iterator[Request]) -> Iterator[Sequence[Answer]]:
        """Answers as they come, an empty list where a tick brought none."""
        since = time.monotonic()
        self._fill(requests)
        while self._under_way:
            found = [a for done in self._model.step() for a in self._answers(done)]
            if found or time.monotonic() - since >= TICK_S:
                yield self._refusals.with_texts(found)
                since = time.monotonic()
            self._fill(requests)
        yield self._refusals.rest()

    def _fill(self, requests: Iterator[Request]) -> None:
        """Hand over requests until vLLM has work beyond what it does at once."""
        n_draws = sum(one.request.n for one in self._under_way.values())
        while n_draws < self._model.most_draws:
            request = next(requests, None)
            if request is None:
                return
            if self._ask(request):
                n_draws += request.n
            elif not self._under_way:
                self._refusals.require_some()

    def _ask(self, request: Request) -> bool:
        """Hand a request over; whether the model can read its conversation."""
        self._tally.requests += 1
        try:
            ids = self._conversations.ids(request.messages)
        except Refused as refused:
            self._refusals.add(request, str(refused))
            return False
        key = str(self._tally.requests)
        self._tally.n_input_tokens += len(ids)
        self._under_way[key] = UnderWay(request, len(ids), datetime.now(UTC))
        self._model.ask(key, ids, request.n, request.seed)
        return True

    def _answers(self, done: Any) -> list[Answer]:
        """The answers in one of vLLM's outputs; draws it gave up are left."""
        asked = self._under_way.pop(done.request_id)
        kept = [c for c in done.outputs if c.finish_reason in ("stop", "length")]
        for choice in done.outputs:
            if choice not in kept:
                self._tally.left += 1
                self._tally.faults["given_up"] += 1
                self._tally.last_fault = f"finish_reason {choice.finish_reason!r}"
        return [self._answer(asked, choice) for choice in kept]

    def _answer(self, asked: UnderWay, choice: Any) -> Answer:
        text, reasoning = split_reasoning(choice.text)
        return Answer(
            asked.request,
            asked.request.first + choice.index,
            text=text,
            reasoning=reasoning,
            finish_reason=choice.finish_reason,
            n_input_tokens=asked.n_input_tokens,
            n_output_tokens=len(choice.token_ids),
            asked_at=asked.asked_at,
            latency_s=(datetime.now(UTC) - asked.asked_at).total_seconds(),
        )

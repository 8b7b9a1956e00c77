"""One model asked: its requests over its lanes, each tried until it has its draws."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2

from fusemill.errors import EngineError
from fusemill.sampling.engine import Answer, Request, Tally, runs
from fusemill.sampling.openai.budget import Budget
from fusemill.sampling.openai.chat import Sent, Served, answers, body
from fusemill.sampling.openai.connections import Connections
from fusemill.sampling.openai.faults import (
    Fault,
    Overloaded,
    Refused,
    Rejected,
    Slow,
    Unreachable,
    check_status,
    of_exception,
)
from fusemill.sampling.openai.lanes import Lane, Pool

TRIES = 8  # of a request, without any new draw
ALL_REFUSED = 20  # draws refused before any text: not the prompts' fault
GIVEN_UP = 20  # requests in a row without an answer between: the model is not asked on
# How long nothing may come while servers cannot be reached or take no request, before
# the first answer and after it, when one may be starting again.
PATIENCE_S = (30.0, 600.0)
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
WAITING = 64  # requests that may wait to be tried again, beside those under way


@dataclass
class Stop:
    """Set when the whole engine is to stop; what is under way still comes in."""

    error: EngineError | None = None
    pools: list[Pool] = field(default_factory=list)

    def set(self, error: EngineError) -> None:
        """The first error counts."""
        self.error = self.error or error
        for pool in self.pools:
            pool.close()


@dataclass
class Client:
    """Asks one model and delivers its answers."""

    served: Served
    pool: Pool
    connections: Connections
    where: str  # place of the endpoint, for messages
    key: str | None
    timeout_s: float
    budget: Budget
    tally: Tally
    deliver: Callable[[Sequence[Answer]], None]
    stop: Stop
    _n_given_up: int = field(default=0, init=False)
    _held: list[Answer] = field(default_factory=list, init=False)  # refusals
    _heard_at: float = field(default_factory=time.monotonic, init=False)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be sent."""
        return self.stop.error is not None or self.tally.limit is not None

    async def ask_all(self, pages: AsyncIterator[Sequence[Request]]) -> None:
        """Ask as they come, as many at once as the lanes take."""
        await self._ask_as_they_come(pages)
        if self.stop.error is None:
            self._count(self._held)

    async def _ask_as_they_come(self, pages: AsyncIterator[Sequence[Request]]) -> None:
        room = asyncio.Semaphore(self.pool.most + WAITING)
        async with asyncio.TaskGroup() as tasks:
            async for page in pages:
                for request in page:
                    await room.acquire()
                    if self.is_over:
                        return
                    task = tasks.create_task(self._ask(request))
                    task.add_done_callback(lambda _: room.release())

    async def _ask(self, request: Request) -> None:
        """Try until every draw has come, or tries are used up."""
        missing, tries, waits = [request], 0, 0
        while missing and not self.is_over:
            part = missing.pop()
            try:
                found = await self._try(part)
            except (Refused, Rejected) as error:
                self._not_answered(part, error)
            except Fault as fault:
                missing.append(part)
                self.tally.faults[fault.kind] += 1
                tries, waits = tries + fault.counts, waits + 1
                if tries >= TRIES:
                    self._give_up(missing, f"{fault}, {tries} times")
                    return
                await self._wait(fault, waits)
            except EngineError as error:
                self.stop.set(error)
            else:
                left = _left(part, found)
                if left and found:
                    self.tally.faults["wrong_n"] += 1
                missing, tries, waits = missing + left, 0, 0

    async def _try(self, request: Request) -> list[Answer]:
        """Send once and deliver what comes; [] where nothing may be sent any more."""
        async with self.pool.lane() as lane:
            if not self.is_over and (limit := self.budget.reached()):
                self.tally.limit = limit
                self.pool.close()
            if self.is_over:
                return []
            self.tally.requests += 1
            self.budget.in_flight += 1
            try:
                return await self._send(request, lane)
            finally:
                self.budget.in_flight -= 1

    async def _send(self, request: Request, lane: Lane) -> list[Answer]:
        url = f"{lane.url}/chat/completions"
        where = f"{self.where}: {url}"
        asked_at, started = datetime.now(UTC), time.monotonic()
        try:
            response = await self._post(url, body(self.served, request), where)
            lane.heard()
            check_status(
                response.status_code,
                response.headers,
                "" if response.status_code == httpx2.codes.OK else response.text,
                where,
                self.key,
            )
        except Slow:
            lane.overloaded(started, None)
            raise
        except Overloaded as fault:
            lane.overloaded(started, fault.after_s)
            if fault.after_s is None:
                self._check_patience(fault)
            raise
        except Unreachable as fault:
            lane.unreachable(started)
            self._check_patience(fault)
            raise
        sent = Sent(asked_at, time.monotonic() - started)
        found = answers(response.content, self.served, request, sent, where, self.key)
        n_output = [a.n_output_tokens for a in found if a.n_output_tokens is not None]
        lane.came(sent.latency_s, sum(n_output) if n_output else None)
        self._came(found)
        return found

    async def _post(self, url: str, content: bytes, where: str) -> httpx2.Response:
        try:
            async with asyncio.timeout(self.timeout_s), self.connections.one() as http:
                return await http.post(url, content=content)
        except (httpx2.HTTPError, TimeoutError) as error:
            raise of_exception(error, where) from None

    def _came(self, found: Sequence[Answer]) -> None:
        """Refusals wait for the first text: all of them may be a mistake of ours."""
        if self.tally.answers or any(a.text is not None for a in found):
            self._count(self._held)
            self._held = []
            self._count(found)
            return
        self._held += found
        if len(self._held) >= ALL_REFUSED:
            self.stop.set(
                EngineError(
                    f"{self.where}: the first {len(self._held)} answers are all "
                    f"refusals, the last one: {found[0].error}; they are not kept. "
                    "Check that `max_tokens` leaves room for a prompt in the server's "
                    "window"
                )
            )

    def _count(self, found: Sequence[Answer]) -> None:
        if not found:
            return
        tally = self.tally
        tally.answers += len(found)
        tally.refused += sum(a.text is None for a in found)
        tally.n_input_tokens += found[0].n_input_tokens or 0  # once a request
        tally.n_output_tokens += sum(a.n_output_tokens or 0 for a in found)
        self._n_given_up, self._heard_at = 0, time.monotonic()
        self.deliver(found)

    def _not_answered(self, request: Request, error: Refused | Rejected) -> None:
        """A refusal is kept; a request the server finds wrong is given up."""
        if isinstance(error, Refused):
            self._came(_refusals(request, str(error)))
        elif self.tally.answers == 0:
            self.stop.set(
                EngineError(
                    f"{self.where}: the server takes no request as declared: {error}; "
                    "check `sampling` of the model in registry/models.yaml"
                )
            )
        else:
            self.tally.faults["rejected"] += 1
            self._give_up([request], str(error))

    def _give_up(self, requests: Sequence[Request], why: str) -> None:
        """Leave draws for another run; many such requests in a row stop the engine."""
        self.tally.left += sum(request.n for request in requests)
        self.tally.last_fault = why
        self._n_given_up += 1
        if self._n_given_up >= GIVEN_UP:
            self.stop.set(
                EngineError(
                    f"{self.where}: {GIVEN_UP} requests in a row were not answered, "
                    f"the last one: {why}; see what the server logs, then run again"
                )
            )

    def _check_patience(self, fault: Fault) -> None:
        since_s = time.monotonic() - self._heard_at
        if since_s > PATIENCE_S[self.tally.answers > 0]:
            urls = ", ".join(lane.url for lane in self.pool.lanes)
            self.stop.set(
                EngineError(
                    f"{self.where}: nothing came from {urls} for {since_s:.0f} s "
                    f"({fault}); start the server, or correct the base URL"
                )
            )

    async def _wait(self, fault: Fault, waits: int) -> None:
        """Longer each time, never two requests in step; a paused lane waits itself."""
        if isinstance(fault, Unreachable):
            return
        if isinstance(fault, Overloaded) and fault.after_s is not None:
            return
        longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(waits - 1, 10))
        await asyncio.sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311


def _refusals(request: Request, why: str) -> list[Answer]:
    now = datetime.now(UTC)
    return [
        Answer(request, draw, text=None, asked_at=now, error=why)
        for draw in range(request.first, request.first + request.n)
    ]


def _left(request: Request, found: Sequence[Answer]) -> list[Request]:
    """What of a request did not come."""
    came = {answer.draw for answer in found}
    draws = range(request.first, request.first + request.n)
    left = [draw for draw in draws if draw not in came]
    return [request.part(first, n) for first, n in runs(left, request.n)]

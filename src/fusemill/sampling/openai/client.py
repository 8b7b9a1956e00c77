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
from fusemill.sampling.openai.connections import Connections, or_its_proxy
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
from fusemill.sampling.openai.pages import Pages
from fusemill.sampling.openai.waiting import Waiting, refusals

TRIES = 8  # of a request, without any new draw
REJECTIONS = 3  # of a request, until it is the prompt that the server does not take
GIVEN_UP = 20  # requests in a row without an answer between: the model is not asked on
# How long nothing may come while servers cannot be reached or take no request, before
# the first sign of life and after it, when one may be starting again.
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
    _pages: Pages = field(default_factory=Pages, init=False)
    _n_given_up: int = field(default=0, init=False)
    _takes_n: bool = field(default=True, init=False)
    _waiting: Waiting = field(default_factory=Waiting, init=False)
    _heard_at: float = field(default_factory=time.monotonic, init=False)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be sent."""
        return self.stop.error is not None or self.tally.limit is not None

    async def ask_all(self, pages: AsyncIterator[Sequence[Request]]) -> None:
        """Ask as they come, as many at once as the lanes take."""
        await self._ask_as_they_come(pages)
        if self.stop.error is not None:
            return
        if self._waiting.rejection is not None and not self.tally.has_answered:
            self.stop.set(self._waiting.error(self.where))
            return
        for refused in self._waiting.taken():
            self._count(refused)

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
        missing = [request] if self._takes_n else _single([request])
        tries = waits = rejections = 0
        while missing and not self.is_over:
            part = missing.pop()
            try:
                found = await self._try(part)
            except Refused as error:
                self._came(refusals(part, str(error)))
            except Rejected as error:
                self.tally.faults["rejected"] += 1
                rejections, waits = rejections + 1, waits + 1
                missing = _single([*missing, part])  # it may be `n`
                if rejections == REJECTIONS:
                    self._reject(missing, str(error))
                    return
                await _pause(waits)
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
                if rejections and found and request.n > 1:
                    self._takes_n = False
                missing += left
                tries = waits = rejections = 0

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
            check_status(
                response.status_code,
                response.headers,
                "" if response.status_code == httpx2.codes.OK else response.text,
                where,
                self.key,
            )
            self._pages.check(lane.url, response, where, self.key)
            sent = Sent(asked_at, time.monotonic() - started)
            found = answers(
                response.content, self.served, request, sent, where, self.key
            )
        except (Refused, Rejected):
            lane.heard()
            raise
        except Fault as fault:
            self._failed(fault, lane, started)
            raise
        n_output = [a.n_output_tokens for a in found if a.n_output_tokens is not None]
        lane.came(sent.latency_s, sum(n_output) if n_output else None)
        self._came(found)
        return found

    def _failed(self, fault: Fault, lane: Lane, started: float) -> None:
        """What a failure means for the lane, and for how long it is tried at all."""
        if isinstance(fault, Slow | Overloaded):
            lane.overloaded(started, fault.after_s)
        if isinstance(fault, Unreachable):
            lane.unreachable(started)
        elif fault.after_s is None and len(self.pool.lanes) > 1:
            lane.failed(started)
        if isinstance(fault, Overloaded | Unreachable) and fault.after_s is None:
            self._check_patience(fault)

    async def _post(self, url: str, content: bytes, where: str) -> httpx2.Response:
        try:
            async with asyncio.timeout(self.timeout_s), self.connections.one() as http:
                return await http.post(url, content=content)
        except (httpx2.HTTPError, TimeoutError) as error:
            raise of_exception(error, where) from None

    def _came(self, found: Sequence[Answer], rejection: str | None = None) -> None:
        """Deliver texts; refusals too, at once or when a text has come."""
        if any(a.text is not None for a in found):
            for refused in self._waiting.taken():
                self._count(refused)
            self._count(found)
        elif self.tally.has_answered and rejection is None:
            self._count(found)
        else:
            self._waiting.add(found, rejection)
            if self._waiting.are_many():
                self.stop.set(self._waiting.error(self.where))

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
        if self.budget.is_blind(found):
            self.stop.set(
                EngineError(
                    f"{self.where}: limits: the server does not say how many tokens "
                    "its answers take, so no limit of tokens or money can be held; "
                    "declare one of `requests` instead"
                )
            )

    def _reject(self, requests: Sequence[Request], why: str) -> None:
        """What is found wrong again and again is refused, if others are taken."""
        for request in requests:
            self._came(refusals(request, f"the server rejects it: {why}"), why)

    def _give_up(self, requests: Sequence[Request], why: str) -> None:
        """Leave draws for another run; many such requests in a row stop the engine."""
        self.tally.left += sum(request.n for request in requests)
        self.tally.last_fault = why
        self._n_given_up += 1
        if self._n_given_up >= GIVEN_UP:
            self.stop.set(
                EngineError(
                    f"{self.where}: {GIVEN_UP} requests in a row were not answered, "
                    f"the last one: {why}; check that the base URL is a chat server's, "
                    "see what it logs, then run again"
                )
            )

    def _check_patience(self, fault: Fault) -> None:
        since_s = time.monotonic() - self._heard_at
        # A server that asks for less is there: its first answers may take long.
        is_there = self.tally.answers > 0 or isinstance(fault, Overloaded)
        if since_s > PATIENCE_S[is_there]:
            urls = ", ".join(lane.url for lane in self.pool.lanes)
            self.stop.set(
                EngineError(
                    f"{self.where}: nothing came from {urls} for {since_s:.0f} s "
                    f"({fault}); start the server, or correct the base URL"
                    f"{or_its_proxy(lane.url for lane in self.pool.lanes)}"
                )
            )

    async def _wait(self, fault: Fault, waits: int) -> None:
        """Longer each time, never two requests in step; a paused lane waits itself."""
        if isinstance(fault, Unreachable) or fault.after_s is not None:
            return
        await _pause(waits)


async def _pause(waits: int) -> None:
    longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(waits - 1, 10))
    await asyncio.sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311


def _single(requests: Sequence[Request]) -> list[Request]:
    """The same draws one a request, the last one first."""
    return [
        request.part(draw, 1)
        for request in requests
        for draw in reversed(range(request.first, request.first + request.n))
    ]


def _left(request: Request, found: Sequence[Answer]) -> list[Request]:
    """What of a request did not come."""
    came = {answer.draw for answer in found}
    draws = range(request.first, request.first + request.n)
    left = [draw for draw in draws if draw not in came]
    return [request.part(first, n) for first, n in runs(left, request.n)]

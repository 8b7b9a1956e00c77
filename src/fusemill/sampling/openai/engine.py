"""The engine: an event loop in a thread of its own, and a queue out of it.

The caller writes parts while requests are under way. Each model draws its requests as
it needs them, so that a slow one holds no other up.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fusemill.project.endpoints import Endpoint, Limits, where_of
from fusemill.project.models import Price
from fusemill.sampling.engine import Answer, Request, Tally
from fusemill.sampling.openai.budget import Budget
from fusemill.sampling.openai.chat import Served
from fusemill.sampling.openai.client import Client, Stop
from fusemill.sampling.openai.connections import Connections
from fusemill.sampling.openai.lanes import Lane, Pool

TICK_S = 0.1  # how often what has come is yielded
UNREAD = 2_000  # batches of answers that may wait to be recorded


@dataclass(frozen=True)
class Asked:
    """One model to ask, and where."""

    served: Served
    endpoint: Endpoint
    urls: tuple[str, ...]
    key: str | None
    price: Price | None = None


class OpenAIEngine:
    """Asks several models at once over HTTP."""

    def __init__(self, asked: Sequence[Asked]) -> None:
        self._asked = {one.served.name: one for one in asked}
        self.tallies: Mapping[str, Tally] = {name: Tally() for name in self._asked}
        self._out: queue.SimpleQueue[Sequence[Answer]] = queue.SimpleQueue()
        self._stop = Stop()

    def draws_a_request(self, model: str) -> int:
        """What the endpoint declares as `n`."""
        return self._asked[model].endpoint.n

    def answers(
        self, requests: Mapping[str, Iterator[Sequence[Request]]]
    ) -> Iterator[Sequence[Answer]]:
        """Answers as they come; see `Engine`. Closing it drops what is under way."""
        loop = asyncio.new_event_loop()
        task = loop.create_task(self._ask_all(requests))
        thread = threading.Thread(target=_run, args=(loop, task), daemon=True)
        thread.start()
        try:
            while thread.is_alive() or not self._out.empty():
                # Not woken for each answer: the two threads share one interpreter.
                thread.join(TICK_S)
                yield self._batch()
        finally:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(task.cancel)
            thread.join()
        if not task.cancelled() and (error := task.exception()) is not None:
            raise _first(error)  # of the requests' source, or our own
        if self._stop.error is not None:
            raise self._stop.error

    def _batch(self) -> list[Answer]:
        """What has come by now."""
        found: list[Answer] = []
        with contextlib.suppress(queue.Empty):
            while True:
                found += self._out.get_nowait()
        return found

    async def _ask_all(
        self, requests: Mapping[str, Iterator[Sequence[Request]]]
    ) -> None:
        async with asyncio.TaskGroup() as models:
            for name, pages in requests.items():
                models.create_task(self._ask_model(self._asked[name], pages))

    async def _ask_model(
        self, asked: Asked, pages: Iterator[Sequence[Request]]
    ) -> None:
        name, endpoint = asked.served.name, asked.endpoint
        tally = self.tallies[name]
        pool = Pool([Lane(url, endpoint.max_concurrency) for url in asked.urls])
        self._stop.pools.append(pool)
        async with contextlib.aclosing(Connections(asked.key)) as connections:
            client = Client(
                asked.served,
                pool,
                connections,
                where_of(name),
                asked.key,
                endpoint.timeout_s,
                Budget(endpoint.limits or Limits(), asked.price, tally),
                tally,
                self._out.put,
                self._stop,
            )
            await client.ask_all(self._drawn(pages))

    async def _drawn(
        self, pages: Iterator[Sequence[Request]]
    ) -> AsyncIterator[Sequence[Request]]:
        """Pages of requests, read aside; none while many answers are unrecorded."""
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            yield page
            while self._out.qsize() > UNREAD:
                await asyncio.sleep(TICK_S)


def _first(error: BaseException) -> BaseException:
    """What went wrong, without the groups that tasks wrap it in."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _run(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    with contextlib.suppress(BaseException):  # whoever started it asks the task
        loop.run_until_complete(task)
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()

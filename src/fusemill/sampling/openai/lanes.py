"""How much is asked at once: a lane a base URL, all lanes of a model one pool.

A lane's limit doubles a round trip until the server first asks for less, then grows by
one a round trip, and halves each time it is asked again (additive increase,
multiplicative decrease, as TCP has it). It grows only while answers come about as fast
as they did.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

FIRST_LIMIT = 8
# Batching servers answer each request more slowly the more there are, at a gain; three
# times as slow, more of them only wait in the server's queue.
SLOWER = 3.0
WINDOW = 16  # answers, at least, that a mean is taken over
LONGEST_PAUSE_S = 30.0
# Tries in a row that came to nothing. One that fails at once always has room, and would
# be handed the most.
FAILURES = 8


class Lane:
    """One base URL: how many requests it takes now, and whether it is paused."""

    def __init__(
        self, url: str, most: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.url, self.most, self._clock = url, most, clock
        self.limit = float(min(most, FIRST_LIMIT))
        self.in_flight = 0
        self.paused_until = 0.0
        self._is_starting, self._is_steady = True, True
        self._cut_at = self._failed_at = 0.0
        self._n_failures = self._n_pauses = 0
        self._count, self._seconds, self._tokens = 0, 0.0, 0
        self._best = float("inf")  # seconds a token of the fastest window

    def has_room(self) -> bool:
        """Whether a request may be sent now."""
        return self.in_flight < int(self.limit) and self.paused_until <= self._clock()

    def heard(self) -> None:
        """The server does what it should, even where it refuses."""
        self._n_failures = self._n_pauses = 0

    def came(self, seconds: float, n_tokens: int | None) -> None:
        """An answer came; `n_tokens` None where the server does not count."""
        self.heard()
        self._measure(seconds, n_tokens or 1)
        is_full = self.in_flight >= int(self.limit)
        if is_full and self._is_steady:
            step = 1 if self._is_starting else 1 / self.limit
            self.limit = min(self.most, self.limit + step)

    def _measure(self, seconds: float, n_tokens: int) -> None:
        self._count += 1
        self._seconds += seconds
        self._tokens += n_tokens
        if self._count >= max(WINDOW, self.limit):
            mean = self._seconds / self._tokens
            self._best = min(self._best, mean)
            self._is_steady = mean <= self._best * SLOWER
            self._count, self._seconds, self._tokens = 0, 0.0, 0

    def overloaded(self, sent_at: float, after_s: float | None) -> None:
        """The server asked for less; what was sent before the last cut cuts no more."""
        now = self._clock()
        if sent_at >= self._cut_at:
            self.limit = max(1.0, self.limit / 2)
            self._cut_at, self._is_starting = now, False
        if after_s is not None:
            self.paused_until = max(self.paused_until, now + after_s)

    def unreachable(self, sent_at: float) -> None:
        """No connection: pause, twice as long each time, so that other lanes go on."""
        now = self._clock()
        if sent_at >= self._failed_at:
            self._n_pauses += 1
            pause = min(LONGEST_PAUSE_S, 0.5 * 2**self._n_pauses)
            self.paused_until = max(self.paused_until, now + pause)
            self._failed_at = now

    def failed(self, sent_at: float) -> None:
        """A try came to nothing: pause after FAILURES of them, then let one through."""
        self._n_failures += 1
        if self._n_failures >= FAILURES:
            self.limit, self._is_starting = 1.0, True
            self.unreachable(sent_at)


class Pool:
    """The lanes of one model. Whoever waits is served in order."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self.lanes = tuple(lanes)
        self._waiting: deque[asyncio.Future[Lane]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    def close(self) -> None:
        """Let everybody through: nothing is sent any more, nobody needs to wait."""
        self._is_closed = True
        self._serve()

    @property
    def most(self) -> int:
        """How many requests can be under way at once."""
        return sum(lane.most for lane in self.lanes)

    @contextlib.asynccontextmanager
    async def lane(self) -> AsyncIterator[Lane]:
        """The lane with the most room, held as long as a request is under way."""
        lane = self._free()
        if lane is None or self._waiting:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            self._serve()
            lane = await turn
        else:
            lane.in_flight += 1
        try:
            yield lane
        finally:
            lane.in_flight -= 1
            self._serve()

    def _free(self) -> Lane | None:
        free = [lane for lane in self.lanes if self._is_closed or lane.has_room()]
        return min(free, key=lambda lane: lane.in_flight / lane.limit, default=None)

    def _serve(self) -> None:
        """Hand lanes to those who wait; look again when a pause ends."""
        while self._waiting and (lane := self._free()) is not None:
            turn = self._waiting.popleft()
            if not turn.done():  # else it was cancelled
                lane.in_flight += 1
                turn.set_result(lane)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = time.monotonic()
        pauses = [p - now for lane in self.lanes if (p := lane.paused_until) > now]
        if self._waiting and pauses:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(min(pauses), self._serve)

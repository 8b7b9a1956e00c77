"""Lanes: the limit of a base URL, by hand, with a clock of the test's."""

import asyncio

import pytest

from fusemill.sampling.openai.lanes import Lane, Pool


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def filled(lane: Lane) -> Lane:
    lane.in_flight = int(lane.limit)
    return lane


def test_doubles_a_round_trip_until_told_otherwise(clock: Clock) -> None:
    lane = Lane("u", 64, clock)
    limits = []
    for _ in range(4):
        for _ in range(filled(lane).in_flight):
            lane.came(1.0, 10)
            filled(lane)
        limits.append(lane.limit)
    assert limits == [16, 32, 64, 64]


def test_grows_only_when_it_is_full(clock: Clock) -> None:
    lane = Lane("u", 64, clock)
    lane.in_flight = 7
    lane.came(1.0, 10)
    assert lane.limit == 8


def test_halves_once_for_what_was_sent_before(clock: Clock) -> None:
    lane = Lane("u", 64, clock)
    lane.limit = 32.0
    clock.now = 101.0
    for _ in range(5):
        lane.overloaded(100.5, None)
    assert lane.limit == 16
    lane.overloaded(101.5, None)
    assert lane.limit == 8
    filled(lane).came(1.0, 10)
    assert lane.limit == 8 + 1 / 8  # by one a round trip now


def test_never_below_one(clock: Clock) -> None:
    lane = Lane("u", 4, clock)
    for _ in range(5):
        clock.now += 1
        lane.overloaded(clock.now, None)
    assert lane.limit == 1


def test_retry_after_pauses(clock: Clock) -> None:
    lane = Lane("u", 4, clock)
    lane.overloaded(100.0, 3.0)
    assert not lane.has_room()
    clock.now = 102.9
    assert not lane.has_room()
    clock.now = 103.0
    assert lane.has_room()


def test_does_not_grow_while_answers_are_slower(clock: Clock) -> None:
    """A window of 16 at 0.1 s a token, then one at 0.31: slower than three times."""
    lane = Lane("u", 16, clock)
    for _ in range(16):
        lane.came(1.0, 10)
    for _ in range(16):
        lane.came(3.1, 10)
    filled(lane).came(1.0, 10)
    assert lane.limit == 8
    for _ in range(14):
        lane.came(1.0, 10)
    filled(lane).came(1.0, 10)
    assert lane.limit == 9


def test_an_unreachable_lane_pauses_longer_each_time(clock: Clock) -> None:
    lane, pauses = Lane("u", 4, clock), []
    for _ in range(7):
        lane.unreachable(clock.now)
        pauses.append(lane.paused_until - clock.now)
        clock.now = lane.paused_until
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    lane.heard()
    lane.unreachable(clock.now)
    assert lane.paused_until - clock.now == 1


def test_a_lane_that_only_fails_pauses_and_lets_one_through(clock: Clock) -> None:
    lane, pauses = Lane("u", 16, clock), []
    for _ in range(7):
        lane.failed(clock.now)
    assert lane.has_room()
    for _ in range(3):
        lane.failed(clock.now)
        pauses.append(lane.paused_until - clock.now)
        clock.now = lane.paused_until
    assert pauses == [1, 2, 4]
    lane.in_flight = 1
    assert not lane.has_room()
    lane.came(0.1, 1)
    assert (lane.limit, lane.has_room()) == (2, True)
    lane.failed(clock.now)
    assert lane.has_room()


def test_waiters_are_served_in_order() -> None:
    async def served() -> list[int]:
        pool, order = Pool([Lane("u", 1)]), []

        async def one(i: int) -> None:
            async with pool.lane():
                order.append(i)
                await asyncio.sleep(0.001)

        await asyncio.gather(*(one(i) for i in range(5)))
        assert pool.lanes[0].in_flight == 0
        return order

    assert asyncio.run(served()) == [0, 1, 2, 3, 4]


def test_the_lane_with_most_room_is_taken() -> None:
    async def urls() -> list[str]:
        busy, free = Lane("busy", 4), Lane("free", 4)
        busy.in_flight = 2
        async with Pool([busy, free]).lane() as one:
            return [one.url]

    assert asyncio.run(urls()) == ["free"]


def test_a_closed_pool_lets_everybody_through() -> None:
    async def through() -> int:
        lane = Lane("u", 1)
        lane.overloaded(0.0, 3600.0)
        pool, n = Pool([lane]), 0

        async def one() -> None:
            nonlocal n
            async with pool.lane():
                n += 1

        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(one())
            await asyncio.sleep(0)
            pool.close()
        return n

    assert asyncio.run(through()) == 3

"""Iterators that run in threads: all comes, errors are raised, nothing goes on."""

import threading
from collections.abc import Iterator

import pytest

from fusemill.sampling.local.together import together


def test_all_comes_each_in_its_order() -> None:
    jobs = [iter([10 * job + i for i in range(10)]) for job in range(5)]
    found = list(together(jobs, 2))
    assert sorted(found) == list(range(50))
    for job in range(5):
        assert [n for n in found if n // 10 == job] == [10 * job + i for i in range(10)]
    assert list(together([], 2)) == []


def test_two_are_under_way_at_once_and_no_third() -> None:
    both = threading.Barrier(2, timeout=20)
    under_way, most = set(), []

    def job(name: int) -> Iterator[int]:
        under_way.add(name)
        both.wait()  # never passed by one alone
        most.append(len(under_way))
        both.wait()
        under_way.discard(name)
        yield name

    assert sorted(together([job(n) for n in range(4)], 2)) == [0, 1, 2, 3]
    assert max(most) == 2


def endless(asked: list[int]) -> Iterator[int]:
    while True:
        asked.append(1)
        yield 1


def test_an_error_ends_the_others() -> None:
    def failing() -> Iterator[int]:
        yield 0
        raise OSError("no weights")

    before, never = threading.active_count(), list[int]()
    jobs = [endless([]), failing(), endless(never)]
    with pytest.raises(OSError, match="no weights"):
        list(together(jobs, 2))
    assert threading.active_count() == before
    assert never == []


def test_who_asks_for_no_more_ends_all() -> None:
    before = threading.active_count()
    found = together([endless([]), endless([])], 2)
    assert next(found) == 1
    found.close()
    assert threading.active_count() == before

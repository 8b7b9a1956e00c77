"""Several iterators at once, each in a thread of its own."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event
from typing import TypeVar

T = TypeVar("T")


def together(jobs: Sequence[Iterator[T]], most: int) -> Iterator[T]:
    """All that the jobs yield (never None), as it comes, `most` of them at once.

    Raises the error of the job that fails first. The others then end with what they
    yield next, as they do when nobody asks for more.
    """
    came: SimpleQueue[T | BaseException | None] = SimpleQueue()  # None: a job's end
    stop = Event()

    def drain(job: Iterator[T]) -> None:
        try:
            while not stop.is_set() and (item := next(job, None)) is not None:
                came.put(item)
            came.put(None)
        except BaseException as error:
            stop.set()
            came.put(error)

    with ThreadPoolExecutor(most) as pool:
        running = [pool.submit(drain, job) for job in jobs]
        try:
            n_left = len(running)
            while n_left:
                item = came.get()
                if isinstance(item, BaseException):
                    raise item
                if item is None:
                    n_left -= 1
                else:
                    yield item
        finally:
            stop.set()
            for one in running:
                one.cancel()

"""Processes that compare with math-verify: reused, bounded in number, killed on a hang.

Example row: after ``pool.ask(7, '(x+1)^2', 'x^2+2x+1')``, ``pool.answers()`` gives
``(7, Reply('done', same=True, rule='math_verify', proven=True))``.

A process that has used up its CPU time was ended by the kernel (`worker`); one that
does not answer for a long time, whatever the reason, is killed here. Both are replaced.
Nothing is left behind: the processes end when their standard input does.
"""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from types import TracebackType

from fusemill.errors import EngineError

CPU_S = 5
"""CPU seconds for one comparison; it ends within the second that follows."""

WALL_S = 120.0
"""Seconds without a reply after which a process is killed; CPU time ends it earlier."""

START_S = 120.0
"""Seconds a process may take to start."""

MAX_JOBS = 5_000
"""Comparisons after which a process is replaced: sympy's caches only grow."""


_WORKER = "fusemill.verify.mathematics.worker"


@dataclass(frozen=True)
class Reply:
    """What came of one comparison.

    status: ``done`` (same, rule, proven are set: proven whether algebra was asked),
    ``no_formula`` (math-verify reads none in the gold answer), ``timeout``, ``memory``
    or ``error``.
    """

    status: str
    same: bool = False
    rule: str = ""
    proven: bool = False
    reason: str = ""


@dataclass(frozen=True)
class _Job:
    key: Hashable
    answer: str
    gold: str


class _Process:
    """One worker process and the job it is busy with."""

    def __init__(self, cpu_s: int, wall_s: float) -> None:
        # no shell, no text of a model in the command; -P: nothing from the working
        # folder is imported; the hash seed makes sympy's order of terms the same
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", _WORKER, str(cpu_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            process_group=0,  # an interrupt from the keyboard is for us alone
        )
        self.job: _Job | None = None
        self.ready = False
        self.n_jobs = 0
        self.read = b""
        self.wall_s = wall_s
        self.deadline = time.monotonic() + START_S

    def send(self, job: _Job) -> None:
        assert self.process.stdin is not None
        self.job, self.deadline = job, time.monotonic() + self.wall_s
        self.n_jobs += 1
        line = json.dumps({"answer": job.answer, "gold": job.gold}) + "\n"
        with contextlib.suppress(BrokenPipeError):  # its end is noticed when reading
            self.process.stdin.write(line.encode("ascii"))
            self.process.stdin.flush()

    def receive(self) -> dict[str, object] | None:
        """A whole reply, None if there is none yet; raises EOFError at the end."""
        assert self.process.stdout is not None
        data = os.read(self.process.stdout.fileno(), 1 << 16)
        if not data:
            raise EOFError
        self.read += data
        line, newline, rest = self.read.partition(b"\n")
        if not newline:
            return None
        self.read = rest
        reply: dict[str, object] = json.loads(line)
        return reply

    def stop(self) -> int:
        """Kill it if it runs, and return its exit status."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        return self.process.wait()


class Pool:
    """Up to `n_processes` workers, started when there is work; used by one thread."""

    def __init__(
        self,
        n_processes: int | None = None,
        cpu_s: int = CPU_S,
        wall_s: float = WALL_S,
    ) -> None:
        self.n_processes = n_processes or len(os.sched_getaffinity(0))
        self.cpu_s, self.wall_s = cpu_s, wall_s
        self.pid = os.getpid()
        self.known: dict[tuple[str, str], Reply] = {}
        """(answer, gold) → what came of it, for whoever asks again."""
        self._processes: list[_Process] = []
        self._queue: deque[_Job] = deque()
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> "Pool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def n_open(self) -> int:
        """Jobs that have no reply yet."""
        return len(self._queue) + sum(p.job is not None for p in self._processes)

    @property
    def is_full(self) -> bool:
        """Whether whoever has more to ask should wait for replies."""
        return self.n_open >= 8 * self.n_processes

    def ask(self, key: Hashable, answer: str, gold: str) -> None:
        """Queue a comparison; `answers` gives its reply under `key`."""
        self._queue.append(_Job(key, answer, gold))
        self._dispatch()

    def answers(self, wait: bool) -> Iterator[tuple[Hashable, Reply]]:
        """The replies that are there; with `wait`, at least one if any job is open."""
        got = False
        while self.n_open:
            timeout = self._until_deadline() if wait and not got else 0
            ready = self._selector.select(timeout)
            replies = [self._receive(key.data) for key, _ in ready]
            replies += [*map(self._expire, self._overdue())]
            self._dispatch()
            for reply in replies:
                if reply is not None:
                    got = True
                    yield reply
            if not ready and (got or not wait):
                return

    def drop(self) -> None:
        """Forget all open jobs; whoever was busy with one is killed."""
        self._queue.clear()
        for process in [p for p in self._processes if p.job]:
            self._remove(process)

    def close(self) -> None:
        """End every process."""
        self._queue.clear()
        if self.pid != os.getpid():  # a forked copy must not kill the original's
            return
        for process in [*self._processes]:
            self._remove(process)

    def _dispatch(self) -> None:
        """Give queued jobs to idle processes; start as many as are needed."""
        for process in [*self._processes]:
            if not self._queue:
                return
            if process.ready and process.job is None:
                if process.n_jobs >= MAX_JOBS:
                    self._remove(process)
                else:
                    process.send(self._queue.popleft())
        starting = sum(not p.ready for p in self._processes)
        while len(self._queue) > starting and len(self._processes) < self.n_processes:
            process = _Process(self.cpu_s, self.wall_s)
            self._processes.append(process)
            self._selector.register(
                process.process.stdout or 0, selectors.EVENT_READ, process
            )
            starting += 1

    def _receive(self, process: _Process) -> tuple[Hashable, Reply] | None:
        """The reply of a process that can be read, None if that was no reply."""
        try:
            reply = process.receive()
        except EOFError:
            return self._ended(process)
        if reply is None:
            return None
        if not process.ready:
            if reply["status"] != "ready":
                raise EngineError(f"math-verify cannot be used: {reply.get('reason')}")
            process.ready = True
            return None
        job, process.job = process.job, None
        assert job is not None
        return job.key, Reply(**reply)  # type: ignore[arg-type]

    def _ended(self, process: _Process) -> tuple[Hashable, Reply] | None:
        """What a process that ended by itself leaves: a timeout, mostly."""
        job, code = process.job, self._remove(process)
        if job is None:
            raise EngineError(
                "the process that compares formulas ended before it was asked anything"
                f", with exit status {code}: "
                f"run `python -m {_WORKER} 5` to see why"
            )
        if code == -signal.SIGXCPU:
            return job.key, Reply("timeout", reason="CPU time")
        if code == -signal.SIGKILL:
            return job.key, Reply("memory", reason="killed from outside")
        return job.key, Reply(
            "error", reason=f"math-verify's process ended with {code}"
        )

    def _overdue(self) -> list[_Process]:
        now = time.monotonic()
        return [p for p in self._processes if _waited_for(p) and p.deadline < now]

    def _expire(self, process: _Process) -> tuple[Hashable, Reply] | None:
        job = process.job
        self._remove(process)
        if job is None:
            raise EngineError(f"math-verify was not ready after {START_S:.0f} s")
        return job.key, Reply("timeout", reason=f"{self.wall_s:.0f} s")

    def _until_deadline(self) -> float:
        waits = [p.deadline for p in self._processes if _waited_for(p)]
        return max(0.0, min(waits, default=0.0) - time.monotonic()) + 0.01

    def _remove(self, process: _Process) -> int:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(process.process.stdout or 0)
        self._processes.remove(process)
        return process.stop()


def _waited_for(process: _Process) -> bool:
    """Whether the process owes something: a reply, or the word that it is ready."""
    return process.job is not None or not process.ready

"""The sandbox as the rest of fusemill uses it."""

import contextlib
import dataclasses
import json
import os
import selectors
import socket
import subprocess
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self

from fusemill.errors import SandboxError
from fusemill.sandbox import boot
from fusemill.sandbox.installed import locate
from fusemill.sandbox.jobs import Job, Limits, Outcome
from fusemill.sandbox.wire import Frames, pack

DEPTH = 3  # jobs a worker has, one running and two waiting
DEATHS = 3  # supervisors that may die under one job
NEEDED = ("Landlock", "seccomp")


class _Worker:
    """One supervisor process and the jobs it has."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.socket, theirs = socket.socketpair()
        self.process: subprocess.Popen[bytes] = boot.start(
            "supervisor", theirs.fileno()
        )
        theirs.close()
        self.frames = Frames()
        self.jobs: dict[int, tuple[Job, int]] = {}
        self.unsent = memoryview(pack({"config": config}, []))

    def close(self) -> None:
        """End it; its zygotes end with it."""
        # Shut down, since a fork of this process may hold the socket too.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Sandbox:
    """Runs jobs of untrusted code, several at a time, each in a process of its own.

    `limits` holds for jobs without their own. `packages` (import names) may be
    imported by the code where they are installed, with what they need; the attribute
    is those. `workers` None: one a core.
    `weak` True: run even where Landlock or seccomp is missing; else SandboxError.
    `landlock_abi` and `without` take layers away, for tests of the others.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        packages: Iterable[str] = (),
        workers: int | None = None,
        weak: bool = False,
        landlock_abi: int | None = None,
        without: Iterable[str] = (),
    ) -> None:
        self.limits = limits or Limits()
        found = locate(packages)
        self._config = {
            "packages": found.places,
            "readable": found.readable,
            "scratch_mb": self.limits.scratch_mb,
            "landlock_abi": landlock_abi,
            "without": sorted(without),
        }
        self.packages = frozenset(found.places)
        self._weak = weak
        self._n_workers = workers or _n_cores()
        self._workers: list[_Worker] = []
        self._selector = selectors.DefaultSelector()
        self.layers: list[str] = []

    def __enter__(self) -> Self:
        self._workers = [self._start() for _ in range(self._n_workers)]
        try:
            for worker in self._workers:
                self.layers = self._introduced(worker)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process of the sandbox."""
        for worker in self._workers:
            worker.close()
        self._workers = []
        self._selector.close()

    def _start(self) -> _Worker:
        worker = _Worker(self._config)
        self._selector.register(worker.socket, selectors.EVENT_READ, worker)
        worker.socket.sendall(worker.unsent)
        worker.unsent = memoryview(b"")
        return worker

    def _introduced(self, worker: _Worker) -> list[str]:
        """The worker's layers; SandboxError when one is missing that must not be."""
        frames: list[Any] = []
        while not frames:
            data = worker.socket.recv(1 << 16)
            if not data:
                raise SandboxError("sandbox: a worker process ended while it started")
            frames = worker.frames.feed(data)
        header = frames[0][0]
        if "error" in header:
            raise SandboxError(f"sandbox: it cannot start: {header['error']}")
        layers: list[str] = header["layers"]
        missing = [n for n in NEEDED if not any(got.startswith(n) for got in layers)]
        if missing and not self._weak:
            raise SandboxError(
                f"sandbox: this system lacks {' and '.join(missing)}, without which "
                "code written by models is not run; expected a Linux kernel of 5.13 or "
                "later with both. Use such a system or a container on one, or choose "
                "the weak mode by name (--sandbox=weak): limits on time and memory only"
            )
        worker.socket.setblocking(False)
        return layers

    def map(self, jobs: Iterable[Job]) -> Iterator[tuple[Any, tuple[Outcome, ...]]]:
        """(key, outcomes of its roles) of every job, each once, as they end.

        `jobs` is read as they are needed, a few ahead. One `map` at a time.
        """
        if not self._workers:
            raise RuntimeError("the sandbox is not open")
        if any(worker.jobs for worker in self._workers):
            raise RuntimeError("the sandbox is mapping other jobs")
        return self._map(iter(jobs))

    def _map(self, jobs: Iterator[Job]) -> Iterator[tuple[Any, tuple[Outcome, ...]]]:
        number = 0
        more = True
        again: list[tuple[int, Job, int]] = []
        try:
            while True:
                for worker in sorted(self._workers, key=lambda w: len(w.jobs)):
                    while len(worker.jobs) < DEPTH and (again or more):
                        if again:
                            self._give(worker, *again.pop())
                            continue
                        job = next(jobs, None)
                        more = job is not None
                        if job is not None:
                            self._give(worker, number, job, 0)
                            number += 1
                if not any(worker.jobs for worker in self._workers):
                    return
                yield from self._collect(again)
        finally:
            self._abandon()

    def _abandon(self) -> None:
        """Replace workers that still have jobs: the map was left early."""
        for i, worker in enumerate(self._workers):
            if worker.jobs:
                self._replace(i)

    def _replace(self, i: int) -> _Worker:
        worker = self._workers[i]
        self._selector.unregister(worker.socket)
        worker.close()
        self._workers[i] = self._start()
        self._introduced(self._workers[i])
        return worker

    def _give(self, worker: _Worker, number: int, job: Job, n_deaths: int) -> None:
        worker.jobs[number] = (job, n_deaths)
        roles, blobs = [], []
        for role in job.roles:
            blobs.append(json.dumps(role.payload).encode())
            if role.stdin is not None:
                blobs.append(role.stdin)
            roles.append({"driver": role.driver, "stdin": role.stdin is not None})
        header = {
            "n": number,
            "roles": roles,
            "imports": job.imports,
            "limits": complete(job.limits or self.limits),
        }
        worker.unsent = memoryview(bytes(worker.unsent) + pack(header, blobs))
        self._send(worker)

    def _send(self, worker: _Worker) -> None:
        """Send what fits; the selector tells when there is room for more."""
        try:
            while worker.unsent:
                worker.unsent = worker.unsent[worker.socket.send(worker.unsent) :]
        except BlockingIOError:
            pass
        except OSError:  # it is dead, which reading will tell
            worker.unsent = memoryview(b"")
        events = selectors.EVENT_READ
        if worker.unsent:
            events |= selectors.EVENT_WRITE
        if self._selector.get_key(worker.socket).events != events:
            self._selector.modify(worker.socket, events, worker)

    def _collect(
        self, again: list[tuple[int, Job, int]]
    ) -> Iterator[tuple[Any, tuple[Outcome, ...]]]:
        """Wait, then yield what has ended; jobs of a dead worker go to `again`."""
        for key, events in self._selector.select():
            worker: _Worker = key.data
            if events & selectors.EVENT_WRITE:
                self._send(worker)
            if not events & selectors.EVENT_READ:
                continue
            try:
                data = worker.socket.recv(1 << 20)
            except OSError:
                data = b""
            if not data:
                yield from self._bury(worker, again)
                continue
            for header, blobs in worker.frames.feed(data):
                job, _ = worker.jobs.pop(header["n"])
                yield job.key, _outcomes(header["outcomes"], blobs)

    def _bury(
        self, worker: _Worker, again: list[tuple[int, Job, int]]
    ) -> Iterator[tuple[Any, tuple[Outcome, ...]]]:
        """Replace a worker that died. The job that ran may be what killed it."""
        self._replace(self._workers.index(worker))
        jobs, worker.jobs = worker.jobs, {}
        for i, (number, (job, n_deaths)) in enumerate(jobs.items()):
            n_now = n_deaths + (i == 0)
            if n_now >= DEATHS:
                reason = "the sandbox failed: its worker process died"
                yield job.key, (Outcome("error", reason=reason),) * len(job.roles)
            else:
                again.append((number, job, n_now))


def _n_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def complete(limits: Limits) -> dict[str, Any]:
    """The limits with what follows from them.

    >>> complete(Limits(cpu_s=3))["wall_s"], complete(Limits(cpu_s=3))["idle_s"]
    (90, 5)
    """
    wall = 10 * limits.cpu_s + 60 if limits.wall_s is None else limits.wall_s
    found = dataclasses.asdict(limits)
    return found | {"wall_s": wall, "idle_s": min(limits.cpu_s + 2, wall)}


def _outcomes(rows: list[dict[str, Any]], blobs: list[bytes]) -> tuple[Outcome, ...]:
    found = []
    for i, row in enumerate(rows):
        report, stdout, stderr = blobs[3 * i : 3 * i + 3] or (b"", b"", b"")
        row["attempts"] = tuple(row.get("attempts", ()))
        value = None
        if row["status"] == "done":
            try:
                value = json.loads(report)
            except (ValueError, RecursionError):
                row |= {"status": "exited", "reason": "a report that is no JSON"}
        found.append(Outcome(**row, report=value, stdout=stdout, stderr=stderr))
    return tuple(found)


def layers() -> list[str]:
    """Which layers are active on this system, strongest first is not implied."""
    with Sandbox(workers=1, weak=True) as sandbox:
        return ["limits (CPU time, memory, descriptors)", *sandbox.layers]

"""Watching over children: exits, CPU time, idleness, wall-clock time, scratch."""

import contextlib
import math
import os
import select
import signal
import socket
import time
from pathlib import Path
from typing import Any

from fusemill.sandbox import scratch
from fusemill.sandbox.confine import Walls

GRACE_S = 2.0  # for the other role to end when one has
SCRATCH_POLL_S = 0.02
PIDFDS = hasattr(os, "pidfd_open")
KILL = "kill"  # what the supervisor sends to end a run


class Child:
    """One forked process. `status` is wait's; None while it runs."""

    __slots__ = ("busy_s", "cpu_s", "pid", "pidfd", "status", "why")

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.pidfd = os.pidfd_open(pid) if PIDFDS else -1
        self.status: int | None = None
        self.cpu_s = 0.0
        self.busy_s = 0.0  # running or waiting for a core
        self.why = ""  # why we ended it

    def reap(self) -> bool:
        """Learn whether it has ended."""
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if pid == 0:
            return False
        self.status = status
        self.cpu_s = usage[0] + usage[1]
        if PIDFDS:
            os.close(self.pidfd)
        return True

    def measure(self) -> bool:
        """Update `cpu_s` and `busy_s`; False where the kernel does not count both."""
        if self.status is not None:
            return True
        try:
            # The CPU clock of another process, as clock_getcpuclockid makes it.
            self.cpu_s = time.clock_gettime((~self.pid << 3) | 2)
            fd = os.open(f"/proc/{self.pid}/schedstat", os.O_RDONLY)
        except OSError:
            return False
        ran, waited, _ = os.read(fd, 100).split()
        os.close(fd)
        self.busy_s = (int(ran) + int(waited)) / 1e9
        return self.busy_s > 0


class Watch:
    """Waits for children. One for the life of a zygote."""

    def __init__(self, control: socket.socket, walls: Walls) -> None:
        self._control = control
        self._walls = walls
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._first_s = SCRATCH_POLL_S if walls.polled_mb else math.inf

    def until_ended(self, children: list[Child], limits: dict[str, Any]) -> None:
        """Returns when none is left; each then knows what became of it."""
        started = time.monotonic()
        check_at = started + min(
            self._first_s, limits["cpu_s"], limits["wall_s"], limits["idle_s"]
        )
        waiting = {child.pidfd: child for child in children}
        for fd in waiting:
            if PIDFDS:
                self._poll.register(fd, select.POLLIN)
        while children[0].status is None or len(_running(children)):
            pause = check_at - time.monotonic() if PIDFDS else 0.005
            for fd, _ in self._poll.poll(max(0.0, pause * 1000) + 1):
                if fd in waiting:
                    self._poll.unregister(fd)
                    if len(_running(children)) > 1:
                        waiting[fd].measure()  # its waiting is unknown afterwards
                    waiting[fd].reap()
                else:
                    self._told(children)
            if len(children) > 1 or not PIDFDS:
                check_at = min(check_at, self._look(children))
            if time.monotonic() >= check_at and len(_running(children)):
                elapsed = time.monotonic() - started
                check_at = time.monotonic() + self._check(children, limits, elapsed)
        if not self._walls.inner:
            _sweep()

    def _look(self, children: list[Child]) -> float:
        """When there is reason to check: soon after one of two roles has ended."""
        if not PIDFDS:
            for child in _running(children):
                child.reap()
        one_left = 0 < len(_running(children)) < len(children)
        return time.monotonic() + GRACE_S if one_left else math.inf

    def _told(self, children: list[Child]) -> None:
        if KILL.encode() in self._control.recv(4096):
            self._kill(children, "output")
        else:
            os._exit(0)  # the supervisor is gone; the children go with us

    def _check(
        self, children: list[Child], limits: dict[str, Any], elapsed: float
    ) -> float:
        """End what is over a limit; seconds until there is reason to look again."""
        counted = True
        for child in children:
            counted = child.measure() and counted
        next_s: list[float] = [limits["wall_s"] - elapsed]
        for child in _running(children):
            next_s.append(limits["cpu_s"] - child.cpu_s)
            if next_s[-1] <= 0:
                self._kill([child], "cpu")
        idle_s = elapsed - sum(max(c.busy_s, c.cpu_s) for c in children)
        if counted:
            next_s.append(limits["idle_s"] - idle_s)
        if elapsed >= limits["wall_s"]:
            self._end_one(children, "wall")
        elif counted and idle_s >= limits["idle_s"]:
            self._end_one(children, "idle")
        elif len(_running(children)) < len(children):
            self._end_one(children, "left")
        if self._walls.polled_mb and self._walls.scratch:
            next_s.append(SCRATCH_POLL_S)
            if scratch.used_bytes(self._walls.scratch) > self._walls.polled_mb << 20:
                self._kill(children, "scratch")
        # Over a limit, or with one role ended, the next look is after the grace.
        soon = min(next_s)
        if soon <= 0 or len(_running(children)) < len(children):
            soon = min(GRACE_S, soon) if soon > 0 else GRACE_S
        return max(0.01, soon)

    def _end_one(self, children: list[Child], why: str) -> None:
        """The second role first, so that the first can still report on it."""
        self._kill(_running(children)[-1:], why)

    def _kill(self, children: list[Child], why: str) -> None:
        for child in _running(children):
            child.why = child.why or why
            with contextlib.suppress(OSError):
                if not self._walls.inner:
                    os.killpg(child.pid, signal.SIGKILL)
                    continue
                # kill(2) is refused to the zygote, whose rules its children inherit;
                # this call is taken from them alone.
                signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)


def _running(children: list[Child]) -> list[Child]:
    return [child for child in children if child.status is None]


def _sweep() -> None:
    """In the weak mode, end what a run has left behind (we are its subreaper)."""
    for _ in range(1000):
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid:
            continue
        listing = Path(f"/proc/self/task/{os.getpid()}/children")
        left = listing.read_text().split() if listing.exists() else []
        for orphan in map(int, left):
            with contextlib.suppress(OSError):
                os.kill(orphan, signal.SIGKILL)
        time.sleep(0.001)

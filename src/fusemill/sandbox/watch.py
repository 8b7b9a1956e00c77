"""Watching over children: exits, CPU time, idleness, wall-clock time, scratch."""

import contextlib
import os
import select
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusemill.sandbox import scratch
from fusemill.sandbox.confine import Walls

GRACE_S = 2.0  # for the other role to end when one has
SCRATCH_POLL_S = 0.02
KILL = "kill"  # what the supervisor sends to end a run


@dataclass
class Child:
    """One forked process. `status` is wait's; None while it runs."""

    pid: int
    status: int | None = None
    cpu_s: float = 0.0
    busy_s: float = 0.0  # running or waiting for a core
    why: str = ""  # why we ended it

    def reap(self) -> None:
        """Learn whether it has ended."""
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if pid:
            self.status = status
            self.cpu_s = usage.ru_utime + usage.ru_stime

    def measure(self) -> bool:
        """Update `cpu_s` and `busy_s`; False where the kernel does not count both."""
        if self.status is not None:
            return True
        try:
            # The CPU clock of another process, as clock_getcpuclockid makes it.
            self.cpu_s = time.clock_gettime((~self.pid << 3) | 2)
            text = Path(f"/proc/{self.pid}/schedstat").read_text()
        except OSError:
            return False
        ran, waited, _ = map(int, text.split())
        self.busy_s = (ran + waited) / 1e9
        return ran > 0


class Watch:
    """Waits for children. One for the life of a zygote."""

    def __init__(self, control: socket.socket, walls: Walls) -> None:
        self._control = control
        self._walls = walls
        self._wake, writing = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(writing, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        self._poll = select.poll()
        self._poll.register(self._wake, select.POLLIN)
        self._poll.register(control, select.POLLIN)

    def until_ended(
        self, children: list[Child], limits: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """What became of each child, in order; returns when none is left."""
        started = time.monotonic()
        check_at = started + min(limits["cpu_s"], limits["wall_s"], limits["idle_s"])
        if self._walls.polled_mb:
            check_at = started + SCRATCH_POLL_S
        n_left = len(children)
        while n_left:
            pause = max(0.0, check_at - time.monotonic())
            for fd, _ in self._poll.poll(pause * 1000 + 1):
                self._woken(fd, children)
            now = n_left
            for child in _running(children):
                if len(children) > 1:
                    child.measure()
                child.reap()
                n_left -= child.status is not None
            if now != n_left and n_left:
                check_at = min(check_at, time.monotonic() + GRACE_S)
            if n_left and time.monotonic() >= check_at:
                elapsed = time.monotonic() - started
                check_at = time.monotonic() + self._check(children, limits, elapsed)
        if not self._walls.inner:
            _sweep()
        return [vars(child) for child in children]

    def _woken(self, fd: int, children: list[Child]) -> None:
        if fd == self._wake:
            os.read(self._wake, 4096)
        elif KILL.encode() in self._control.recv(4096):
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
                pidfd = os.pidfd_open(child.pid)
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                os.close(pidfd)


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

"""One job as its supervisor sees it: what is sent, what comes back."""

import os
import secrets
import select
import socket
import tempfile
from collections.abc import Callable
from typing import Any

from fusemill.sandbox import kernel, seccomp
from fusemill.sandbox.child import REQUEST
from fusemill.sandbox.meaning import RoleEnd, needs_packages, outcome
from fusemill.sandbox.spawn import Spawned, ZygoteError
from fusemill.sandbox.watch import KILL

REPORT_MAX = 1 << 20  # parsed, it may take twenty times that
FLOOD = 256  # times the output that is kept
REFUSALS_MAX = 2000  # refused calls after which a run is ended
BACKSTOP_S = 30.0  # for a zygote to end what its own limits should have ended


class RoleState:
    """The descriptors and bytes of one role, on the supervisor's side."""

    def __init__(self, payload: bytes, stdin: bytes | None, keep: int) -> None:
        self.end = RoleEnd(secrets.token_bytes(16))
        head = REQUEST.pack(self.end.nonce, len(payload))
        self.pending = memoryview(head + payload)
        self.keep = keep
        self.n_output = 0
        self.channel, self._child_channel = socket.socketpair()
        out, self._child_out = os.pipe()
        err, self._child_err = os.pipe()
        self.pipes = {out: self.end.stdout, err: self.end.stderr}
        self._child_in = readable(stdin)

    def child_fds(self) -> list[int]:
        """What the child gets as 0, 1, 2 and 3."""
        channel = self._child_channel.fileno()
        return [self._child_in, self._child_out, self._child_err, channel]

    def close_child_side(self) -> None:
        """Called when the zygote has its copies."""
        for fd in (self._child_in, self._child_out, self._child_err):
            os.close(fd)
        self._child_channel.close()

    def close(self) -> None:
        """Close what is left."""
        for fd in self.pipes:
            os.close(fd)
        self.channel.close()

    def feed(self) -> bool:
        """Send what fits of the payload; whether there is more."""
        try:
            n = self.channel.send(self.pending, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:  # it ended
            n = len(self.pending)
        self.pending = self.pending[n:]
        return bool(self.pending)

    def read_pipe(self, fd: int) -> bool:
        """Take in output of `fd`; False at its end."""
        data = os.read(fd, 1 << 16)
        kept = self.pipes[fd]
        kept += data[: max(0, self.keep - len(kept))]
        self.n_output += len(data)
        return bool(data)

    def read_channel(self) -> bool:
        """Take in what was reported; False at its end."""
        try:
            data = self.channel.recv(1 << 18, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.end.report += data
        return bool(data)

    def floods(self) -> bool:
        """Whether it has written more than is bearable."""
        return self.n_output > FLOOD * self.keep or len(self.end.report) > REPORT_MAX


def readable(data: bytes | None) -> int:
    """A descriptor from which `data` can be read and seeked, not written."""
    if data is None:
        return os.open(os.devnull, os.O_RDONLY)
    if not kernel.is_linux():
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            return os.dup(file.fileno())
    fd = os.memfd_create("stdin", os.MFD_CLOEXEC)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(fd)


class Run:
    """One job in one zygote."""

    def __init__(
        self,
        zygote: Spawned,
        header: dict[str, Any],
        blobs: list[bytes],
        parent: socket.socket,
    ) -> None:
        self._zygote = zygote
        self._limits = header["limits"]
        self._drivers = [role["driver"] for role in header["roles"]]
        keep = self._limits["output_kb"] << 10
        rest = iter(blobs)
        self._roles = [
            RoleState(next(rest), next(rest) if role["stdin"] else None, keep)
            for role in header["roles"]
        ]
        self._parent = parent
        self._poll = select.poll()
        self._handlers: dict[int, Callable[[int], None]] = {}
        self._ended: list[list[Any]] | None = None
        self._clean = True
        self._refused: dict[int, list[str]] = {}
        self._n_refused = 0
        self._killed = ""

    def perform(self) -> bool:
        """Run it to its end; whether the zygote can be used again."""
        try:
            self._begin()
            while self._ended is None:
                ready = self._poll.poll(1000 * (self._limits["wall_s"] + BACKSTOP_S))
                if not ready:
                    raise ZygoteError("a zygote does not answer")
                self._handle(ready)
            # All are dead: what they wrote is there, and nothing more will come.
            while ready := self._poll.poll(0):
                if not self._handle(ready):
                    break
        finally:
            for role in self._roles:
                role.close()
        for role, ended in zip(self._roles, self._ended, strict=True):
            pid, role.end.wait_status, role.end.cpu_s, role.end.why = ended
            role.end.attempts = list(dict.fromkeys(self._refused.get(pid, ())))
            role.end.flood = self._killed
        return self._clean

    @property
    def needs_packages(self) -> bool:
        """Whether a role wants what only a zygote with packages has."""
        return any(needs_packages(role.end) for role in self._roles)

    def answer(self, number: int) -> tuple[dict[str, Any], list[bytes]]:
        """The header and blobs for the parent."""
        outcomes, blobs = [], []
        for role in self._roles:
            fields, report = outcome(role.end, self._limits)
            outcomes.append(fields)
            blobs += [report, bytes(role.end.stdout), bytes(role.end.stderr)]
        return {"n": number, "outcomes": outcomes}, blobs

    def _begin(self) -> None:
        names = ("cpu_s", "wall_s", "idle_s", "memory_mb")
        request = {name: self._limits[name] for name in names}
        request["drivers"] = self._drivers
        fds = [fd for role in self._roles for fd in role.child_fds()]
        for role in self._roles:
            role.feed()
        try:
            self._zygote.send(request, fds)
        finally:
            for role in self._roles:
                role.close_child_side()
        self._watch(self._zygote.control.fileno(), self._on_zygote)
        if self._zygote.listener is not None:
            self._watch(self._zygote.listener, self._on_refusal)
        self._poll.register(self._parent, 0)  # its end alone
        self._handlers[self._parent.fileno()] = self._on_parent
        for role in self._roles:
            self._watch_role(role)

    def _watch(self, fd: int, handler: Callable[[int], None]) -> None:
        self._poll.register(fd, select.POLLIN)
        self._handlers[fd] = handler

    def _watch_role(self, role: RoleState) -> None:
        channel = role.channel.fileno()

        def on_channel(events: int) -> None:
            if events & select.POLLOUT and not role.feed():
                self._poll.modify(channel, select.POLLIN)
            if events & ~select.POLLOUT and not role.read_channel():
                self._poll.unregister(channel)
            self._check(role)

        self._watch(channel, on_channel)
        if role.pending:
            self._poll.modify(channel, select.POLLIN | select.POLLOUT)
        for fd in role.pipes:

            def on_pipe(_: int, fd: int = fd) -> None:
                if not role.read_pipe(fd):
                    self._poll.unregister(fd)
                self._check(role)

            self._watch(fd, on_pipe)

    def _handle(self, ready: list[tuple[int, int]]) -> bool:
        """Handle what is ready; whether any of it was a role's."""
        own = (self._zygote.control.fileno(), self._zygote.listener)
        for fd, events in ready:
            self._handlers[fd](events)
        return any(fd not in own for fd, _ in ready)

    def _on_zygote(self, _: int) -> None:
        message = self._zygote.receive()
        self._ended = message["ended"]
        self._clean = message["clean"]
        self._poll.unregister(self._zygote.control)

    def _on_parent(self, _: int) -> None:
        raise BrokenPipeError("the parent is gone")

    def _on_refusal(self, _: int) -> None:
        assert self._zygote.listener is not None
        seccomp.answer(self._zygote.listener, self._remember)

    def _remember(self, pid: int, name: str) -> None:
        self._refused.setdefault(pid, []).append(name)
        self._n_refused += 1
        if self._n_refused == REFUSALS_MAX:
            self._end("refusals")

    def _check(self, role: RoleState) -> None:
        if role.floods():
            self._end("flood")

    def _end(self, why: str) -> None:
        if self._ended is None and not self._killed:
            self._killed = why
            self._zygote.send(KILL)

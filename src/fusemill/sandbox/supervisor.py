"""The supervisor: one trusted process a core, between the parent and its zygotes.

It takes jobs from the parent, has a zygote fork for them, feeds payloads, collects
reports and output, answers for refused system calls, and starts a new zygote when one
dies. One job at a time; the next ones wait in its socket.
"""

import signal
import socket
from typing import Any

from fusemill.sandbox.run import Run
from fusemill.sandbox.spawn import Kind, Spawned, ZygoteError
from fusemill.sandbox.wire import Frames, pack

ATTEMPTS = 2  # zygotes that may die under one job


class Supervisor:
    """Jobs in, outcomes out."""

    def __init__(self, parent: socket.socket) -> None:
        self._parent = parent
        self._config: dict[str, Any] = {}
        self._zygotes: dict[Kind, Spawned] = {}

    def serve(self) -> None:
        """Work until the parent goes."""
        frames = Frames()
        while data := self._parent.recv(1 << 20):
            for header, blobs in frames.feed(data):
                if "config" in header:
                    self._config = header["config"]
                    self._introduce()
                else:
                    self._send(*self._job(header, blobs))

    def close(self) -> None:
        """End the zygotes."""
        for zygote in self._zygotes.values():
            zygote.close()

    def _introduce(self) -> None:
        """Start the plain zygote and tell the parent which layers it has."""
        try:
            zygote = self._zygote(Kind(False, self._config["scratch_mb"]))
            self._send({"layers": zygote.layers}, [])
        except ZygoteError as error:
            self._send({"layers": [], "error": str(error)}, [])

    def _send(self, header: dict[str, Any], blobs: list[bytes]) -> None:
        self._parent.sendall(pack(header, blobs))

    def _zygote(self, kind: Kind) -> Spawned:
        if kind not in self._zygotes:
            self._zygotes[kind] = Spawned(kind, self._config)
        return self._zygotes[kind]

    def _drop(self, kind: Kind) -> None:
        zygote = self._zygotes.pop(kind, None)
        if zygote is not None:
            zygote.close()

    def _job(
        self, header: dict[str, Any], blobs: list[bytes]
    ) -> tuple[dict[str, Any], list[bytes]]:
        """The answer to one job."""
        packages = bool(header["imports"])
        failure = ""
        for _ in range(ATTEMPTS + 1):
            kind = Kind(packages, header["limits"]["scratch_mb"])
            try:
                run = Run(self._zygote(kind), header, blobs, self._parent)
                clean = run.perform()
            except ZygoteError as error:
                failure = str(error)
                self._drop(kind)
                continue
            if not clean:
                self._drop(kind)
            if run.needs_packages and not packages:
                packages = True
                continue
            return run.answer(header["n"])
        outcome = {"status": "error", "reason": f"the sandbox failed: {failure}"}
        return {"n": header["n"], "outcomes": [outcome] * len(header["roles"])}, []


def main(fd: int) -> None:
    """Serve the parent at descriptor `fd`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    supervisor = Supervisor(socket.socket(fileno=fd))
    try:
        supervisor.serve()
    except (ConnectionError, BrokenPipeError):
        pass  # the parent is gone
    finally:
        supervisor.close()

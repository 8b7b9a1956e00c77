"""A zygote as its supervisor sees it."""

import json
import os
import select
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from typing import Any

from fusemill.sandbox import boot

START_S = 120.0  # importing large packages on a busy machine


class ZygoteError(Exception):
    """A zygote did not start, died, or does not answer."""


@dataclass(frozen=True)
class Kind:
    """What distinguishes zygotes: packages imported or not, and the scratch folder."""

    packages: bool
    scratch_mb: int


class Spawned:
    """One running zygote."""

    def __init__(self, kind: Kind, config: dict[str, Any]) -> None:
        self.listener: int | None = None
        self.layers: list[str] = []
        self._scratch = None
        if kind.scratch_mb:
            self._scratch = tempfile.mkdtemp(prefix="fusemill-scratch-")
            os.chmod(self._scratch, 0o700)
        self.control, theirs = socket.socketpair()
        self._errors, writing = os.pipe()
        self._process = boot.start("zygote", theirs.fileno(), writing)
        theirs.close()
        os.close(writing)
        self._buffer = b""
        told = {
            "packages": config["packages"],
            "present": kind.packages,
            "readable": config["readable"],
            "scratch": self._scratch,
            "scratch_mb": kind.scratch_mb,
            "landlock_abi": config["landlock_abi"],
            "without": config["without"],
        }
        try:
            self.send(told)
            self._ready()
        except ZygoteError:
            self.close()
            raise

    def _ready(self) -> None:
        if not select.select([self.control], [], [], START_S)[0]:
            raise ZygoteError(f"a zygote was not ready within {START_S:.0f} s")
        data, fds, _, _ = socket.recv_fds(self.control, 65536, 1)
        if fds:
            self.listener = fds[0]
        self._buffer += data
        if not data:
            raise ZygoteError("a zygote ended while it started: " + self._last_words())
        self.layers = self.receive()["layers"]

    def _last_words(self) -> str:
        if not select.select([self._errors], [], [], 1.0)[0]:
            return ""
        return os.read(self._errors, 65536).decode(errors="replace")[-2000:]

    def send(self, message: object, fds: list[int] | None = None) -> None:
        """Send one line with descriptors."""
        line = json.dumps(message).encode() + b"\n"
        try:
            socket.send_fds(self.control, [line], fds or [])
        except OSError as error:
            raise ZygoteError("a zygote has died: " + self._last_words()) from error

    def receive(self) -> dict[str, Any]:
        """The next line; waits for it."""
        while b"\n" not in self._buffer:
            try:
                data = self.control.recv(65536)
            except OSError:
                data = b""
            if not data:
                raise ZygoteError("a zygote has died: " + self._last_words())
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        if "error" in message:
            raise ZygoteError(message["error"])
        return message

    def close(self) -> None:
        """End it with all that it has; its children die with it."""
        self._process.kill()
        self._process.wait()
        self.control.close()
        for fd in (self.listener, self._errors):
            if fd is not None:
                os.close(fd)
        self.listener = None
        if self._scratch:
            # Trees may be deeper than Python's own removal can descend into, and
            # folders may have been made unreadable.
            for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
                subprocess.run(  # noqa: S603
                    [*command, "--", self._scratch], check=False, capture_output=True
                )

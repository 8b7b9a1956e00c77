"""The embedded Hub in a process of its own, that a test can kill and start again."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from huggingface_hub import HfApi

START_S = 60


class HubServer:
    """A running `fusemill hub serve`; what it logs is in <folder>.log."""

    def __init__(
        self, folder: Path, *options: str, port: int = 0, **environment: str
    ) -> None:
        self.folder = folder
        self._options = options
        self.log = folder.with_name(folder.name + ".log")
        self.start(port, **environment)
        self.token = (folder / "token.txt").read_text().strip()
        self._read_token: str | None = None

    def start(self, port: int = 0, **environment: str) -> None:
        """Start it (again), by default at another port."""
        given = ["hub", "serve", "--folder", str(self.folder), "--port", str(port)]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "fusemill", *given, *self._options],
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **environment},
                text=True,
            )
        assert self.process.stdout is not None
        late = threading.Timer(START_S, self.process.kill)
        late.start()
        first = self.process.stdout.readline()
        late.cancel()
        found = re.fullmatch(r"serving .+ at (http://\S+:(\d+))\n", first)
        assert found is not None, f"{first!r}: {self.log.read_text()}"
        self.url, self.port = found[1], int(found[2])

    @property
    def read_token(self) -> str:
        """A token that may only read."""
        if self._read_token is None:
            self._read_token = self.run("token", "--name", "reader").stdout.strip()
        return self._read_token

    @property
    def api(self) -> HfApi:
        """A client that may write."""
        return HfApi(endpoint=self.url, token=self.token)

    @property
    def reader(self) -> HfApi:
        """A client that may only read."""
        return HfApi(endpoint=self.url, token=self.read_token)

    @property
    def stranger(self) -> HfApi:
        """A client without a token."""
        return HfApi(endpoint=self.url, token=False)

    @property
    def environment(self) -> dict[str, str]:
        """What a client in a process of its own is given."""
        hub = {"HF_ENDPOINT": self.url, "HF_TOKEN": self.token}
        return {**os.environ, **hub, "HF_HUB_DISABLE_XET": "1"}

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """`fusemill hub <command>` on the folder."""
        name, *options = command
        given = ["hub", name, "--folder", str(self.folder), *options]
        return subprocess.run(
            [sys.executable, "-m", "fusemill", *given],
            capture_output=True,
            text=True,
            check=False,
        )

    def kill(self) -> None:
        """SIGKILL, as when the machine fails."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@contextlib.contextmanager
def served(folder: Path, *options: str, **environment: str) -> Iterator[HubServer]:
    """A Hub over a folder, stopped at the end."""
    server = HubServer(folder, *options, **environment)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.kill()

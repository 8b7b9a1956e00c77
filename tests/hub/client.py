"""Programs of those who use the Hub, each in a process of its own."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub_server import HubServer

TIMEOUT_S = 120

# What every script has: `tell` answers the test, `error_of` names what a call raised
# and the status of the answer that it was raised for.
PRELUDE = """
import json, os, sys

def tell(**found):
    print("\\n" + json.dumps(found))

def error_of(call):
    try:
        call()
    except Exception as error:
        response = getattr(error, "response", None)
        status = "" if response is None else f" {response.status_code}"
        return type(error).__name__ + status
"""
# Threads of DuckDB, polars and pyarrow side by side can abort an interpreter that ends.
CODA = """
sys.stdout.flush()
os._exit(0)
"""


@dataclass(frozen=True)
class Client:
    """Unmodified clients that know of the Hub by their environment alone.

    `home` is their HF_HOME and working folder. Without a token they are strangers. They
    reach the Hub at `endpoint`, or directly.
    """

    server: HubServer
    home: Path
    token: str = ""
    endpoint: str | None = None

    def python(self, script: str, *arguments: str) -> dict[str, Any]:
        """What a script told."""
        done = self._run(sys.executable, "-c", PRELUDE + script + CODA, *arguments)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def hf(self, *arguments: str, code: int = 0) -> str:
        """What `hf <arguments>` printed; where it is to fail, its standard error."""
        done = self._run(str(Path(sys.executable).with_name("hf")), *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stderr if code else done.stdout

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.home,
            env={
                **self.server.environment,
                "HF_ENDPOINT": self.endpoint or self.server.url,
                "HF_HOME": str(self.home),
                "HF_TOKEN": self.token,
                "HF_HUB_DISABLE_PROGRESS_BARS": "1",
                "NO_COLOR": "1",
            },
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

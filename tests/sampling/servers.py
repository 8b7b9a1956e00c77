"""fault_server.py as a process of its own, and what tests do with it."""

import json
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SERVER = Path(__file__).with_name("fault_server.py")


class Server:
    """A running fault server."""

    def __init__(self, port: int, scheme: str = "http") -> None:
        self.root = f"{scheme}://127.0.0.1:{port}"
        self.url = f"{self.root}/v1"  # a base URL

    def set(self, **settings: Any) -> None:
        """Change settings; the log begins anew."""
        data = json.dumps(settings).encode()
        urllib.request.urlopen(f"{self.root}/settings", data).read()

    def _ask(self, path: str) -> dict[str, Any]:
        found = json.loads(urllib.request.urlopen(f"{self.root}{path}").read())
        assert isinstance(found, dict)
        return found

    def log(self) -> list[dict[str, Any]]:
        """Every request that has ended."""
        entries = self._ask("/log")["entries"]
        assert isinstance(entries, list)
        return entries

    def most_under_way(self) -> int:
        return int(self._ask("/log")["most_under_way"])

    def last_at(self) -> float:
        """When the request came that ended last; 0 where there was none."""
        return float(self._ask("/last")["at"])

    def came_to(self) -> Counter[str]:
        """How many requests came to what."""
        return Counter(entry["came_to"] for entry in self.log())


@contextmanager
def served(**settings: Any) -> Iterator[Server]:
    """A fault server while the block lasts."""
    scheme = "https" if settings.get("certificate") else "http"
    process = subprocess.Popen(
        [sys.executable, str(SERVER), json.dumps(settings)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Server(int(process.stdout.readline()), scheme)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()

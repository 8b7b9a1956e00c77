"""A busy machine, for tests of what must not depend on one."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def busy(n: int) -> Iterator[None]:
    """`n` processes that do nothing but compute."""
    running = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n)
    ]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()

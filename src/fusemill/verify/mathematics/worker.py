"""The process in which math-verify runs: one JSON line in, one out.

Example row: ``{"answer": "\\\\sqrt{12}", "gold": "2\\\\sqrt{3}"}`` is answered with
``{"status": "done", "same": true, "rule": "math_verify", "proven": true}``.

The kernel ends the process when one comparison uses more CPU time than it may, so that
a hang in C code ends too and a busy machine changes no verdict. It ends itself when
whoever started it is gone.
"""

import json
import math
import os
import queue
import resource
import select
import sys
import threading
import time
from typing import Any

from fusemill.verify.mathematics.comparison import compare
from fusemill.verify.mathematics.symbolic import NoFormula, prove

MEMORY = 2 << 30
"""Bytes of address space."""

_WATCH_S = 2.0


def main(cpu_s: int) -> None:
    """Answer lines from standard input until it ends; `cpu_s` seconds for each."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)  # whatever libraries print
    os.dup2(silent, 2)
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    parent = os.getppid()
    threading.Thread(target=_receive, args=(lines, parent), daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    _send(out, _warm_up())
    while True:
        job = json.loads(lines.get())
        used = math.ceil(time.process_time())
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (used + cpu_s, hard))
        _send(out, _compare(job["answer"], job["gold"]))


def _receive(lines: "queue.SimpleQueue[bytes]", parent: int) -> None:
    """Queue the lines; end the process when they end, in whatever it is busy with."""
    rest = b""
    while True:
        ready = select.select([0], [], [], _WATCH_S)[0]
        data = os.read(0, 1 << 16) if ready else None
        if data == b"" or os.getppid() != parent:
            os._exit(0)
        *whole, rest = (rest + (data or b"")).split(b"\n")
        for line in whole:
            lines.put(line)


def _warm_up() -> dict[str, Any]:
    """Import what is needed and use it once: no comparison pays for that."""
    try:
        prove("\\sqrt{12}", "2\\sqrt{3}")
    except ImportError as error:
        return {"status": "error", "reason": str(error)}
    return {"status": "ready"}


def _compare(answer: str, gold: str) -> dict[str, Any]:
    """The reply to one job."""
    asked: list[bool] = []

    def proving(one: str, other: str) -> bool:
        asked.append(True)
        return prove(one, other)

    try:
        same, rule = compare(answer, gold, proving)
    except NoFormula:
        return {"status": "no_formula"}
    except MemoryError:
        return {"status": "memory"}
    except Exception as error:
        return {"status": "error", "reason": f"{type(error).__name__}: {error}"[:200]}
    return {"status": "done", "same": same, "rule": rule, "proven": bool(asked)}


def _send(out: Any, reply: dict[str, Any]) -> None:
    out.write(json.dumps(reply) + "\n")
    out.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))

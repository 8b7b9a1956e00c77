"""Programs in the sandbox, and the bait that attacks are aimed at."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from fusemill.sandbox import Job, Limits, Outcome, Role, Sandbox

EXECUTE = "fusemill.sandbox.programs:execute"
TIGHT = Limits(cpu_s=1, memory_mb=256, output_kb=16)

# What a run finds around it. It must be the same before and after an attack.
PROBE = """
import builtins, gc, json, math, os, random, signal, sys, threading, unittest
fds = []
for fd in range(64):
    try:
        os.fstat(fd)
        fds.append(fd)
    except OSError:
        pass
result = [
    fds, dict(os.environ), os.getcwd(), os.umask(0o22), sys.path, math.pi,
    random.random(), sys.getrecursionlimit(), sys.get_int_max_str_digits(),
    gc.isenabled(), len([1, 2]), repr(unittest.TestCase.assertEqual)[:40],
    [str(signal.getsignal(n)) for n in (2, 14, 15, 24)], signal.alarm(0),
    json.loads(json.dumps({"a": [1, None]})), threading.active_count(),
    len(sys.modules), hash("fixed"),
]
"""


def program(source: str, stdin: bytes | None = None) -> Role:
    return Role(EXECUTE, {"source": source}, stdin)


def one(sandbox: Sandbox, source: str, limits: Limits | None = None) -> Outcome:
    """The outcome of one program."""
    [(_, (outcome,))] = sandbox.map([Job("only", (program(source),), limits)])
    return outcome


def pair(sandbox: Sandbox, tester: str, candidate: str) -> tuple[Outcome, Outcome]:
    """The outcomes of two programs with a channel between them."""
    job = Job("pair", (program(tester), program(candidate)))
    [(_, (first, second))] = sandbox.map([job])
    return first, second


@dataclass
class Bait:
    """What attacks are aimed at, and whether they got it."""

    folder: Path
    words: dict[str, str]
    listeners: list[socket.socket]

    def put_in(self, source: str) -> str:
        for word, value in self.words.items():
            source = source.replace(f"@{word}@", value)
        return source

    def is_untouched(self) -> bool:
        """Nothing was written, nothing arrived."""
        names = sorted(path.name for path in self.folder.iterdir())
        target = self.folder / "target"
        status = target.stat()
        for listener in self.listeners:
            try:
                if listener.type == socket.SOCK_DGRAM:
                    listener.recv(100)
                else:
                    listener.accept()
            except BlockingIOError:
                continue
            return False
        return (
            names == ["empty", "link", "secret", "socket", "target"]
            and target.read_text() == "kept"
            and (status.st_mode & 0o777, status.st_uid) == (0o666, os.getuid())
            and status.st_mtime == 1_000_000_000
        )

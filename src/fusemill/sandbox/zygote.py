"""The zygote: a small warm process that forks one child (or two) a run.

It never sees a payload, a report or any byte of untrusted code: a child reads its own
payload after the fork. So its memory, which every child inherits, says nothing.
"""

import gc
import importlib
import json
import os
import signal
import socket
import sys
import types
from pathlib import Path
from typing import Any

from fusemill.sandbox import boot, child, confine, packages
from fusemill.sandbox.scratch import empty
from fusemill.sandbox.watch import KILL, Child, Watch

# What most programs import; loading them here saves each run some milliseconds.
WARM = """
abc array ast base64 bisect builtins calendar cmath collections collections.abc
contextlib copy csv dataclasses datetime decimal enum fractions functools gc hashlib
heapq io itertools json keyword linecache math numbers operator queue random re reprlib
statistics string struct textwrap threading time timeit traceback types typing unittest
warnings zoneinfo
"""


def load_driver(spec: str) -> child.Driver:
    """The function "package.module:function"; parent packages are not executed.

    They would pull in what is not installed here, and slow every fork.
    """
    module, _, function = spec.partition(":")
    parts = module.split(".")
    for depth in range(1, len(parts)):
        name = ".".join(parts[:depth])
        if name not in sys.modules:
            package = types.ModuleType(name)
            package.__path__ = [str(boot.PACKAGE.parent.joinpath(*parts[:depth]))]
            sys.modules[name] = package
    found: child.Driver = getattr(importlib.import_module(module), function)
    return found


class Control:
    """Lines from and to the supervisor; lines from it carry descriptors."""

    def __init__(self, fd: int) -> None:
        self.socket = socket.socket(fileno=fd)
        self._buffer = b""
        self._fds: list[int] = []

    def receive(self) -> tuple[Any, list[int]]:
        """The next line and its descriptors; ends the process when there is none."""
        message: Any = KILL
        while message == KILL:  # one for a run that had ended meanwhile
            while b"\n" not in self._buffer:
                data, fds, _, _ = socket.recv_fds(self.socket, 65536, 16)
                if not data:
                    os._exit(0)
                self._buffer += data
                self._fds += fds
            line, _, self._buffer = self._buffer.partition(b"\n")
            message = json.loads(line)
        fds, self._fds = self._fds, []
        return message, fds

    def send(self, message: dict[str, Any]) -> None:
        """Send one line."""
        self.socket.sendall(json.dumps(message).encode() + b"\n")


class Zygote:
    """Answers each request with what became of its children."""

    def __init__(self, control: Control, config: dict[str, Any]) -> None:
        self._control = control
        for name in WARM.split():
            importlib.import_module(name)
        packages.install(config["packages"], config["present"])
        self._walls = confine.build(
            config["readable"],
            config["scratch"],
            config["scratch_mb"],
            config["landlock_abi"],
            config["without"],
        )
        if self._walls.scratch:
            os.chdir(self._walls.scratch)
        os.environ.clear()
        self._watch = Watch(control.socket, self._walls)
        self._drivers: dict[str, child.Driver] = {}
        self._mapped = 0
        message = {"layers": self._walls.layers, "pid": os.getpid()}
        line = json.dumps(message).encode() + b"\n"
        confine.send_ready(control.socket, self._walls, line)

    def serve(self) -> None:
        """Fork for each request until the supervisor goes."""
        while True:
            request, fds = self._control.receive()
            try:
                drivers = [self._driver(spec) for spec in request["drivers"]]
            except Exception as error:
                for fd in fds:
                    os.close(fd)
                self._control.send({"error": f"{type(error).__name__}: {error}"})
                continue
            children = self._start(drivers, request, fds)
            reply = self._watch.until_ended(children, request)
            clean = self._walls.scratch is None or empty(self._walls.scratch)
            self._control.send({"ended": reply, "clean": clean})
            if not clean:
                os._exit(0)

    def _driver(self, spec: str) -> child.Driver:
        if spec not in self._drivers:
            self._drivers[spec] = load_driver(spec)
            _settle()
            self._mapped = _mapped_bytes()
        return self._drivers[spec]

    def _start(
        self, drivers: list[child.Driver], request: dict[str, Any], fds: list[int]
    ) -> list[Child]:
        pairs: list[list[int]] = [[] for _ in drivers]
        if len(drivers) == 2:
            pairs = [[end.detach()] for end in socket.socketpair()]
        children = []
        memory = self._mapped + (request["memory_mb"] << 20)
        for i, driver in enumerate(drivers):
            own = (*fds[4 * i : 4 * i + 4], *pairs[i])
            run = child.Run(driver, own, request["cpu_s"], memory, os.getpid())
            pid = os.fork()
            if pid == 0:
                child.descend(run, self._walls)
            children.append(Child(pid))
        for fd in (*fds, *(end for pair in pairs for end in pair)):
            os.close(fd)
        return children


def _mapped_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 1 << 40  # not Linux, where the limit means little
    return pages * os.sysconf("SC_PAGE_SIZE")


def _settle() -> None:
    """Keep the collector away from what is shared, so that forks copy less of it."""
    gc.collect()
    gc.freeze()


def main(fd: int) -> None:
    """Serve the supervisor at descriptor `fd`."""
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = Control(fd)
    config, _ = control.receive()
    try:
        zygote = Zygote(control, config)
    except Exception as error:
        control.send({"error": f"{type(error).__name__}: {error}"})
        raise
    _settle()
    zygote.serve()

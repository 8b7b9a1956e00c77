"""The zygote: a small warm process that forks one child (or two) a run.

It never sees a payload, a report or any byte of untrusted code: a child reads its own
payload after the fork. So its memory, which every child inherits, says nothing.
"""

import builtins
import gc
import importlib
import math
import os
import signal
import socket
import sys
import types
from _sitebuiltins import Quitter
from pathlib import Path
from typing import Any

from fusemill.sandbox import child, confine, packages
from fusemill.sandbox.codec import decode, encode
from fusemill.sandbox.scratch import empty
from fusemill.sandbox.watch import KILL, Child, Watch

# What most programs import; loading them here saves each run milliseconds. Not more
# than that: each further library and page makes every fork slower.
WARM = """
abc ast bisect builtins collections collections.abc contextlib copy dataclasses enum
functools gc heapq io itertools json keyword linecache math numbers operator random re
reprlib string struct textwrap threading time traceback types typing warnings
"""


# Run a few times before the first fork: what the interpreter learns of its own code
# (caches in the bytecode, parsed types) is then inherited instead of being learnt, and
# its memory copied, in every run.
REHEARSAL = """
import collections, json, math, random, re
from typing import Dict, List, Optional, Tuple, Any
class A:
    def __init__(self, x): self.x = x
    def f(self, y=1, *a, **k): return [i * y for i in range(self.x) if i % 2]
def f(a: List[int], b: Dict[str, Optional[Tuple[Any, ...]]]) -> str:
    try:
        return ", ".join(str(x) for x in sorted({x: -x for x in a}.items()))[1:]
    except (ValueError, KeyError) as error:
        raise TypeError(f"{error!r}") from error
assert f([1, 2], {}) == "1, -1), (2, -2)" and A(4).f(2) == [2, 6]
random.seed(json.loads(json.JSONEncoder().encode({"a": [1, None, 2.5]}))["a"][0])
"""
N_REHEARSALS = 20

HOME = Path(__file__).resolve().parents[2]  # of the package fusemill


def add_exits() -> None:
    """Give programs `exit` and `quit`, which `site` would add and -S leaves out."""
    for name in ("exit", "quit"):
        setattr(builtins, name, Quitter(name, "Ctrl-D (i.e. EOF)"))


def rehearse() -> None:
    """Warm the interpreter up."""
    for _ in range(N_REHEARSALS):
        exec(compile(REHEARSAL, "<rehearsal>", "exec"), {"__name__": "rehearsal"})  # noqa: S102
        decode(encode({"a": [None]}))


def load_driver(spec: str) -> child.Driver:
    """The function "package.module:function"; parent packages are not executed.

    They would pull in what is not installed here, and slow every fork. A function
    `rehearse` of the module is called, once, to warm its own code up.
    """
    module, _, function = spec.partition(":")
    parts = module.split(".")
    for depth in range(1, len(parts)):
        name = ".".join(parts[:depth])
        if name not in sys.modules:
            package = types.ModuleType(name)
            package.__path__ = [str(HOME.joinpath(*parts[:depth]))]
            sys.modules[name] = package
    loaded = importlib.import_module(module)
    found: child.Driver = getattr(loaded, function)
    getattr(loaded, "rehearse", lambda: None)()
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
            message = decode(line.decode())
        fds, self._fds = self._fds, []
        return message, fds

    def send(self, message: dict[str, Any]) -> None:
        """Send one line."""
        self.socket.sendall(encode(message).encode() + b"\n")


class Zygote:
    """Answers each request with what became of its children."""

    def __init__(self, control: Control, config: dict[str, Any]) -> None:
        self._control = control
        # Without their hooks at forks: random would draw a new seed, where runs are to
        # be the same, and threading look for threads.
        register, os.register_at_fork = os.register_at_fork, lambda **_: None
        for name in WARM.split():
            importlib.import_module(name)
        os.register_at_fork = register
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
        add_exits()
        rehearse()
        self._watch = Watch(control.socket, self._walls)
        self._drivers: dict[str, child.Driver] = {}
        self._mapped = 0
        self._pid = os.getpid()
        message = {"layers": self._walls.layers, "pid": os.getpid()}
        line = encode(message).encode() + b"\n"
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
            self._watch.until_ended(children, request)
            reply = [[c.pid, c.status, c.cpu_s, c.why] for c in children]
            clean = self._walls.scratch is None or empty(self._walls.scratch)
            self._control.send({"ended": reply, "clean": clean})
            if not clean:
                os._exit(0)

    def _driver(self, spec: str) -> child.Driver:
        if spec not in self._drivers:
            self._drivers[spec] = load_driver(spec)
            sys.modules["random"].seed(0)
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
        whole = math.ceil(request["cpu_s"]) + 1  # behind Watch, which measures finer
        seconds = (whole, whole + 1)
        for i, driver in enumerate(drivers):
            own = [*fds[4 * i : 4 * i + 4], *pairs[i]]
            run = child.Run(driver, own, seconds, (memory, memory), self._pid)
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

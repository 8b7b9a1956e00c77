"""One run, in a process forked for it: lockdown, the driver, the report, the end."""

import _signal  # without the enumerations around it, which cost memory copied
import contextlib
import gc
import json
import math
import os
import random
import resource
import struct
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from fusemill.sandbox import kernel, landlock, packages, policy, seccomp
from fusemill.sandbox.confine import N_FILES, Walls
from fusemill.sandbox.peer import Peer
from fusemill.sandbox.refusal import exhausted, refused
from fusemill.sandbox.syscalls import numbers

# What our side sends: nonce, length of the payload, the payload.
REQUEST = struct.Struct("<16sI")
# What comes back: nonce, kind, length of the text, the text.
REPORT = struct.Struct("<16scI")
DONE, MEMORY, EXITED, FORBIDDEN, ERROR, PACKAGES = (b"D", b"M", b"X", b"F", b"E", b"P")
CHANNEL, PEER = 3, 4

Driver = Callable[[dict[str, Any], Peer | None], object]


@dataclass(frozen=True)
class Run:
    """What a child needs beside its walls. `fds`: stdin, stdout, stderr, channel and,
    where there are two roles, the channel to the other."""

    driver: Driver
    fds: tuple[int, ...]
    cpu_s: float
    memory_bytes: int
    parent: int  # the zygote


def descend(run: Run, walls: Walls) -> NoReturn:
    """Become the run; never returns."""
    leave = os._exit
    try:
        _lock(run, walls)
        _descriptors(run.fds)
        if walls.notes:
            os.register_at_fork(before=_note_fork)
        _perform(run.driver, len(run.fds) > PEER)
    except BaseException:
        os.write(2, traceback.format_exc().encode(errors="replace"))
    finally:
        leave(70)


def _lock(run: Run, walls: Walls) -> None:
    """Give up everything that the run must not have."""
    _signal.set_wakeup_fd(-1)
    _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    os.setpgid(0, 0)
    seconds = math.ceil(run.cpu_s) + 1  # behind the zygote, which measures finer
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    with contextlib.suppress(ValueError):  # macOS
        resource.setrlimit(resource.RLIMIT_AS, (run.memory_bytes, run.memory_bytes))
    if walls.uid is not None:
        os.setgroups([])
        os.setresgid(walls.uid, walls.uid, walls.uid)
        os.setresuid(walls.uid, walls.uid, walls.uid)  # capabilities go with root
    if not kernel.is_linux():
        return
    kernel.prctl(kernel.PR_SET_PDEATHSIG, _signal.SIGKILL)
    if os.getppid() != run.parent:  # it died before that took effect
        os._exit(70)
    if walls.ruleset is not None:
        landlock.restrict(walls.ruleset)
    if not walls.inner:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))  # does not bind root
    else:
        own = os.getpid().to_bytes(4, "little")
        seccomp.install(walls.inner.replace(policy.PID, own))


def _note_fork() -> None:
    """Make the attempt known. The program that refuses plain forks tells nobody; the
    one that refuses clones with shared memory does, before it refuses."""
    with contextlib.suppress(OSError):
        kernel.syscall(numbers()["clone"], policy.CLONE_VM)


def _descriptors(fds: tuple[int, ...]) -> None:
    """Have `fds` as 0, 1, 2, … and nothing else."""
    base = N_FILES - 8  # in two steps, since one may lie in another's place
    for i, fd in enumerate(fds):
        os.dup2(fd, base + i, inheritable=False)
    for i in range(len(fds)):
        os.dup2(base + i, i, inheritable=False)
    os.closerange(len(fds), N_FILES)


def _request() -> tuple[bytes, dict[str, Any]]:
    """The nonce and the payload. They were never in the zygote's memory."""
    nonce, size = REQUEST.unpack(_read(REQUEST.size))
    return nonce, json.loads(_read(size))


def _read(size: int) -> bytes:
    parts = []
    while size:
        part = os.read(CHANNEL, min(size, 1 << 20))
        if not part:
            raise EOFError("the request ended early")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _perform(driver: Driver, has_peer: bool) -> NoReturn:
    """Call the driver and report. What is needed afterwards is held before."""
    nonce, payload = _request()
    leave, write, encode = os._exit, os.write, json.JSONEncoder().encode
    count, view_of, pack = len, memoryview, REPORT.pack
    streams = (sys.stdout, sys.stderr)

    def report(kind: bytes, text: str) -> NoReturn:
        for stream in streams:
            try:
                stream.flush()
            except BaseException:  # noqa: S112 the run may have closed it
                continue
        data = text.encode(errors="surrogatepass")
        view = view_of(pack(nonce, kind, count(data)) + data)
        while view:
            view = view[write(CHANNEL, view) :]
        leave(0)

    packages.on_missing(lambda name: report(PACKAGES, name))
    random.seed(0)
    gc.enable()
    reserve = bytes(1 << 20)  # so that running out of memory can be reported
    try:
        result = driver(payload, Peer(PEER) if has_peer else None)
        report(DONE, encode(result))
    except SystemExit as error:
        report(EXITED, str(error.code))
    except BaseException as error:
        if exhausted(error):
            del reserve
            report(MEMORY, type(error).__name__)
        refusal = refused(error)
        if refusal:
            report(FORBIDDEN, refusal)
        report(ERROR, "".join(traceback.format_exception(error, limit=-20))[-4000:])

"""One run, in a process forked for it: lockdown, the driver, the report, the end."""

import contextlib
import gc
import os
import resource
import struct
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from fusemill.sandbox import kernel, landlock, packages, policy
from fusemill.sandbox.codec import decode, encode
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
HIGH = N_FILES - 8

Driver = Callable[[dict[str, Any], Peer | None], object]


@dataclass
class Run:
    """What a child needs beside its walls. `fds`: stdin, stdout, stderr, channel and,
    where there are two roles, the channel to the other."""

    driver: Driver
    fds: list[int]
    cpu_limit: tuple[int, int]
    memory_limit: tuple[int, int]
    parent: int  # the zygote


def descend(run: Run, walls: Walls) -> NoReturn:
    """Become the run; never returns.

    What is done here is done in every run, in memory shared with the zygote: every page
    written is copied first. Hence few functions, and nothing that builds objects.
    """
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
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_CPU, run.cpu_limit)
    if walls.uid is not None:
        os.setgroups([])
        os.setresgid(walls.uid, walls.uid, walls.uid)
        os.setresuid(walls.uid, walls.uid, walls.uid)  # capabilities go with root
    if walls.linux:
        resource.setrlimit(resource.RLIMIT_AS, run.memory_limit)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)
        if os.getppid() != run.parent:  # it died before that took effect
            os._exit(70)
    if walls.ruleset is not None:
        kernel.syscall(landlock.RESTRICT_SELF, walls.ruleset)
    if walls.inner is not None:
        walls.inner.install(os.getpid())
    else:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))  # does not bind root


def _note_fork() -> None:
    """Make the attempt known. The program that refuses plain forks tells nobody; the
    one that refuses clones with shared memory does, before it refuses."""
    with contextlib.suppress(OSError):
        kernel.syscall(numbers()["clone"], policy.CLONE_VM)


def _descriptors(fds: list[int]) -> None:
    """Have `fds` as 0, 1, 2, … and nothing else."""
    n = 0
    for fd in fds:  # in two steps, since one may lie in another's place
        os.dup2(fd, HIGH + n, False)
        n += 1
    os.closerange(0, HIGH)
    for i in range(n):
        os.dup2(HIGH + i, i, False)
    os.closerange(HIGH, N_FILES)


def _request() -> tuple[bytes, bytes]:
    """The nonce and the payload. They were never in the zygote's memory."""
    data = os.read(CHANNEL, 1 << 16)
    while len(data) < REQUEST.size or len(data) < REQUEST.size + _announced(data):
        part = os.read(CHANNEL, 1 << 20)
        if not part:
            raise EOFError("the request ended early")
        data += part
    return data[:16], data[REQUEST.size :]


def _announced(data: bytes) -> int:
    size: int = REQUEST.unpack_from(data)[1]
    return size


def _perform(driver: Driver, has_peer: bool) -> NoReturn:
    """Call the driver and report. What is needed afterwards is held before."""
    nonce, data = _request()
    payload = decode(data.decode())
    leave, write = os._exit, os.write
    count, pack = len, REPORT.pack
    flush, flush_errors = sys.stdout.flush, sys.stderr.flush

    def report(kind: bytes, text: str) -> NoReturn:
        try:
            flush()
            flush_errors()
        except BaseException:  # noqa: S110 the run may have closed them
            pass
        data = text.encode("utf-8", "surrogatepass")
        frame = pack(nonce, kind, count(data)) + data
        n = write(CHANNEL, frame)
        while n < count(frame):
            frame = frame[n:]
            n = write(CHANNEL, frame)
        leave(0)

    packages.on_missing(lambda name: report(PACKAGES, name))
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

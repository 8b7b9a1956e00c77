"""What is run in the sandbox, within which limits, and what came of it."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

Status = Literal[
    "done",  # the driver returned; `report` is what it returned
    "exited",  # the process ended by itself without a valid report
    "timeout",  # CPU time, idle time or wall-clock time
    "memory",  # more than memory_mb
    "forbidden",  # it did, or ended because it was refused, what is not allowed
    "killed",  # ended by another signal, or for a flood of output
    "error",  # ours: a driver that fails, a zygote that dies twice
]


@dataclass(frozen=True)
class Limits:
    """What one role of one run may use.

    `cpu_s` counts the process's own CPU time, so that verdicts do not depend on how
    busy the machine is. Sleeping and waiting (neither running nor waiting for a core)
    may take `cpu_s` + 2 seconds. `wall_s` is behind both; None: 10 × cpu_s + 60.
    `memory_mb` is what the run may map beyond what the warm process has mapped.
    `output_kb` of stdout and of stderr are kept; 256 times as much ends the run.
    `scratch_mb` 0: nothing can be written; else the size of an empty folder, the
    run's current one, that is gone afterwards.
    """

    cpu_s: float = 10.0
    wall_s: float | None = None
    memory_mb: int = 1024
    output_kb: int = 64
    scratch_mb: int = 0


@dataclass(frozen=True)
class Role:
    """One process of a job.

    `driver` ("package.module:function", of fusemill, standard library only) is called
    as `function(payload, peer)` after the lockdown; `payload` is JSON. `stdin`: what
    descriptor 0 reads; None: nothing.
    """

    driver: str
    payload: dict[str, Any]
    stdin: bytes | None = None


@dataclass(frozen=True)
class Job:
    """One run: one role, or two that share nothing but a channel of messages.

    `limits` None: the sandbox's own. `imports` says that the declared packages are
    needed, which saves finding out by running.
    """

    key: Hashable
    roles: tuple[Role, ...]
    limits: Limits | None = None
    imports: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of one role.

    `report`: what the driver returned, through JSON; None unless `status` is done.
    `attempts`: system calls that were refused, in order, each once (empty where the
    kernel cannot tell). `stdout`, `stderr`: what was written, up to the limit.
    """

    status: Status
    report: Any = None
    exit_code: int | None = None
    signal: int | None = None
    reason: str = ""
    attempts: tuple[str, ...] = ()
    stdout: bytes = b""
    stderr: bytes = b""
    cpu_s: float = 0.0

"""What the end of a role means: status and reason."""

import os
import signal
from dataclasses import dataclass, field
from typing import Any

from fusemill.sandbox.child import (
    DONE,
    ERROR,
    EXITED,
    FORBIDDEN,
    MEMORY,
    PACKAGES,
    REPORT,
)
from fusemill.sandbox.policy import ATTACKS


@dataclass
class RoleEnd:
    """Everything known of a role that has ended."""

    nonce: bytes
    wait_status: int = 0
    cpu_s: float = 0.0
    why: str = ""  # the zygote's: cpu, wall, idle, left, output, scratch
    flood: str = ""  # the supervisor's, for "output": flood or refusals
    attempts: list[str] = field(default_factory=list)
    report: bytearray = field(default_factory=bytearray)
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)


def reported(end: RoleEnd) -> tuple[bytes, bytes] | None:
    """(kind, text) of its report; None unless it is whole, ours and the only one."""
    if len(end.report) < REPORT.size:
        return None
    nonce, kind, size = REPORT.unpack_from(end.report)
    if nonce != end.nonce or len(end.report) != REPORT.size + size:
        return None
    return kind, bytes(end.report[REPORT.size :])


def needs_packages(end: RoleEnd) -> bool:
    """Whether it ended because it imported a package that is in other zygotes."""
    report = reported(end)
    return report is not None and report[0] == PACKAGES


def outcome(end: RoleEnd, limits: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The fields of an Outcome, and the report's JSON (empty unless done)."""
    status, reason, report = _judge(end, limits)
    signalled = os.WIFSIGNALED(end.wait_status)
    fields = {
        "status": status,
        "reason": reason,
        "exit_code": None if signalled else os.WEXITSTATUS(end.wait_status),
        "signal": os.WTERMSIG(end.wait_status) if signalled else None,
        "attempts": end.attempts,
        "cpu_s": end.cpu_s,
    }
    return fields, report


def _judge(end: RoleEnd, limits: dict[str, Any]) -> tuple[str, str, bytes]:
    attack = next((name for name in end.attempts if name in ATTACKS), None)
    if attack:
        return "forbidden", f"it called {attack}, which only attacks do", b""
    report = reported(end)
    if not end.why and end.wait_status == 0 and report and report[0] == DONE:
        return "done", "", report[1]
    if end.why:
        found = _ended_by_us(end, limits)
    elif os.WIFSIGNALED(end.wait_status):
        found = _by_signal(os.WTERMSIG(end.wait_status), end, limits)
    elif report is None or end.wait_status != 0:
        found = _without_report(end, os.WEXITSTATUS(end.wait_status))
    else:
        found = _reported_failure(end, *report)
    return (*found, b"")


def _reported_failure(end: RoleEnd, kind: bytes, text: bytes) -> tuple[str, str]:
    words = text.decode(errors="replace")
    if kind == EXITED:
        return _by_itself(end, f"SystemExit: {words}")
    status = {MEMORY: "memory", FORBIDDEN: "forbidden", ERROR: "error"}.get(kind)
    if status is None:  # no kind of ours, or PACKAGES where they are imported already
        return _by_itself(end, "it ended with a report that is not the sandbox's")
    return status, words


def _ended_by_us(end: RoleEnd, limits: dict[str, Any]) -> tuple[str, str]:
    cpu, idle, wall = (limits[name] for name in ("cpu_s", "idle_s", "wall_s"))
    if end.why == "output" and end.flood == "refusals":
        return "forbidden", "refused again and again: " + ", ".join(end.attempts[:5])
    return {
        "cpu": ("timeout", f"more than {cpu:g} s of CPU time"),
        "idle": ("timeout", f"more than {idle:g} s asleep or waiting"),
        "wall": ("timeout", f"more than {wall:g} s"),
        "left": ("killed", "the other role had ended"),
        "output": ("killed", "a flood of output"),
        "scratch": ("killed", f"more than {limits['scratch_mb']} MB in its folder"),
    }[end.why]


def _by_signal(number: int, end: RoleEnd, limits: dict[str, Any]) -> tuple[str, str]:
    name = signal.Signals(number).name if number in list(signal.Signals) else number
    if number == signal.SIGXCPU or (
        number == signal.SIGKILL and end.cpu_s >= limits["cpu_s"]
    ):
        return "timeout", f"more than {limits['cpu_s']:g} s of CPU time"
    if number == signal.SIGSYS:
        return "forbidden", "a system call that only attacks make"
    if number == signal.SIGABRT and b"emory" in end.stderr[-4096:]:
        return "memory", f"more than {limits['memory_mb']} MB"
    hints = {
        signal.SIGSEGV: " (deep recursion in C, or a bad address)",
        signal.SIGKILL: " (by the system, perhaps out of memory)",
    }
    return "killed", f"ended by {name}{hints.get(signal.Signals(number), '')}"


def _without_report(end: RoleEnd, code: int) -> tuple[str, str]:
    last = bytes(end.stderr[-4096:]).decode(errors="replace").strip()
    last = last.rpartition("\n")[2][:300]
    if code != 0 and last.startswith("MemoryError"):
        return "memory", last
    said = (
        "with a report that is not the sandbox's" if end.report else "without a report"
    )
    return _by_itself(
        end, f"it ended {said}, exit code {code}" + (last and f": {last}")
    )


def _by_itself(end: RoleEnd, reason: str) -> tuple[str, str]:
    """Ended early: forbidden when it had been refused something before."""
    if end.attempts:
        return "forbidden", f"{reason}; refused before: {', '.join(end.attempts[:5])}"
    return "exited", reason

"""Processes that ask math-verify: reused, bounded, replaced, never left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fusemill.verify.mathematics import MathRow, Pool, check, check_many

EQUAL = ("(x+1)^2", "x^2+2x+1")
ENDLESS = ("\\sin(x)^{100000}", "1")  # math-verify multiplies it out
LONG_S = 60


def children(pid: int) -> list[int]:
    """Process ids whose parent is `pid`."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            after_name = stat.read_text().rpartition(")")[2].split()
            if int(after_name[1]) == pid and after_name[0] != "Z":
                found.append(int(stat.parent.name))
    return found


def workers(pid: int) -> list[int]:
    """The children of `pid` that run a worker."""
    found = []
    for child in children(pid):
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            if b"mathematics.worker" in command:
                found.append(child)
    return found


def eventually(condition: Callable[[], object]) -> bool:
    end = time.monotonic() + LONG_S
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def statuses(pool: Pool) -> dict[object, str]:
    found = {}
    while pool.n_open:
        found |= {key: reply.status for key, reply in pool.answers(wait=True)}
    return found


def test_a_hang_ends_and_the_next_comparison_is_not_affected() -> None:
    with Pool(n_processes=1, cpu_s=1) as pool:
        pool.ask("hang", *ENDLESS)
        pool.ask("fine", *EQUAL)
        assert statuses(pool) == {"hang": "timeout", "fine": "done"}


def test_a_process_is_used_again() -> None:
    with Pool(n_processes=1) as pool:
        seen = set()
        for n in range(5):
            pool.ask(n, *EQUAL)
            assert statuses(pool) == {n: "done"}
            seen |= {process.process.pid for process in pool._processes}
        assert len(seen) == 1


def test_no_more_processes_than_said_and_none_afterwards() -> None:
    before = set(workers(os.getpid()))
    with Pool(n_processes=2) as pool:
        for n in range(40):
            pool.ask(n, *EQUAL)
            assert len(set(workers(os.getpid())) - before) <= 2
        assert pool.is_full
        assert set(statuses(pool).values()) == {"done"}
    assert set(workers(os.getpid())) == before


def test_a_process_that_stands_still_is_replaced() -> None:
    with Pool(n_processes=1, wall_s=8) as pool:
        pool.ask("first", *EQUAL)
        assert statuses(pool) == {"first": "done"}
        os.kill(pool._processes[0].process.pid, signal.SIGSTOP)
        pool.ask("stopped", *EQUAL)
        assert statuses(pool) == {"stopped": "timeout"}
        pool.ask("last", *EQUAL)
        assert statuses(pool) == {"last": "done"}


def test_a_process_that_is_killed_from_outside_is_replaced() -> None:
    with Pool(n_processes=1) as pool:
        pool.ask("first", *EQUAL)
        assert statuses(pool) == {"first": "done"}
        os.kill(pool._processes[0].process.pid, signal.SIGKILL)
        pool.ask("killed", *EQUAL)
        assert statuses(pool) == {"killed": "memory"}
        pool.ask("last", *EQUAL)
        assert statuses(pool) == {"last": "done"}


def test_a_timeout_is_a_status_with_a_reason() -> None:
    with Pool(n_processes=1, cpu_s=1) as pool:
        row = MathRow(1, f"\\boxed{{{ENDLESS[0]}}}", ENDLESS[1])
        ((_, verdict),) = check_many([row], pool)
    assert verdict.status == "timeout"
    assert (verdict.extracted, verdict.decided_by) == (ENDLESS[0], None)
    assert "math-verify was stopped" in (verdict.reason or "")


def test_rows_given_up_midway_leave_no_process() -> None:
    before = workers(os.getpid())
    rows = (
        MathRow(n, f"\\boxed{{(x+{n})^2}}", f"x^2+{2 * n}x+{n * n}")
        for n in range(2, 99)
    )
    verdicts = check_many(rows)
    next(verdicts)
    assert workers(os.getpid()) != before
    verdicts.close()
    assert workers(os.getpid()) == before


def test_outside_of_the_main_thread() -> None:
    found = []

    def work() -> None:
        found.append(check(f"\\boxed{{{EQUAL[0]}}}", EQUAL[1]).status)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(LONG_S)
    assert found == ["passed"]


# A shell's background job, and what it starts, ignores SIGINT.
PARENT = f"""
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from fusemill.verify.mathematics import MathRow, Pool, check_many
with Pool(n_processes=2, cpu_s=1000) as pool:
    rows = [MathRow(n, r"\\boxed{{{ENDLESS[0]}}}", str(n)) for n in (1, 2)]
    list(check_many(rows, pool))
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_parent_ends(how: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stderr=subprocess.DEVNULL)
    try:
        assert eventually(lambda: len(workers(parent.pid)) == 2)
        busy = workers(parent.pid)
        assert eventually(lambda: all(map(computes, busy)))
    finally:
        parent.send_signal(how)
        parent.wait(LONG_S)
    assert eventually(lambda: not any(map(alive, busy)))


def computes(pid: int) -> bool:
    """Whether the process has used two CPU seconds: more than its start takes."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") > 2


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False

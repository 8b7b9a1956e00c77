"""Processes of the sandbox that die, callers that leave, and many runs."""

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sandbox_runs import TIGHT, one, program

from fusemill.sandbox import Job, Outcome, Role, Sandbox


def children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(p) for p in path.read_text().split()] if path.exists() else []


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def gone(pids: list[int], within_s: float = 10) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if not any(map(alive, pids)):
            return True
        time.sleep(0.02)
    return False


def family(sandbox: Sandbox) -> tuple[int, list[int]]:
    """The supervisor of the only worker and its zygotes."""
    supervisor = sandbox._workers[0].process.pid
    return supervisor, children(supervisor)


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20


def test_a_zygote_that_dies_is_replaced() -> None:
    with Sandbox(TIGHT, workers=1) as sandbox:
        for _ in range(3):
            _, [zygote] = family(sandbox)
            os.kill(zygote, signal.SIGKILL)
            assert one(sandbox, "result = 1").report == 1


def test_a_zygote_that_dies_under_a_run_takes_it_along_and_it_runs_again() -> None:
    with Sandbox(TIGHT, workers=1) as sandbox:
        runs = sandbox.map(
            [Job(0, (program("import time; time.sleep(0.5); result = 2"),))]
        )
        supervisor, [zygote] = family(sandbox)
        killed: list[int] = []

        def kill_soon() -> None:
            while not killed:
                killed.extend(children(zygote))
            os.kill(zygote, signal.SIGKILL)

        import threading

        thread = threading.Thread(target=kill_soon)
        thread.start()
        assert [outcome.report for _, (outcome,) in runs] == [2]
        thread.join()
        assert gone(killed)
        assert family(sandbox)[0] == supervisor


def test_a_supervisor_that_dies_loses_no_job() -> None:
    with Sandbox(TIGHT, workers=2) as sandbox:
        jobs = (Job(i, (program("result = 1"),)) for i in range(60))
        found = []
        for key, (outcome,) in sandbox.map(jobs):
            assert outcome.report == 1
            if len(found) in (5, 20):
                os.kill(sandbox._workers[0].process.pid, signal.SIGKILL)
            found.append(key)
        assert sorted(found) == list(range(60))


def test_a_map_that_is_left_leaves_nothing_running() -> None:
    with Sandbox(TIGHT, workers=1) as sandbox:
        endless = itertools.repeat(Job(0, (program("import time; time.sleep(100)"),)))
        quick = Job(1, (program("result = 1"),))
        for key, _ in sandbox.map(itertools.chain([quick], endless)):
            assert key == 1
            break
        before = family(sandbox)
        assert one(sandbox, "result = 5").report == 5
        assert gone([pid for pid in before[1] if pid not in family(sandbox)[1]])
    assert gone([before[0], *before[1]])


def test_jobs_are_read_lazily() -> None:
    with Sandbox(TIGHT, workers=2) as sandbox:
        n_read = 0

        def jobs() -> object:
            nonlocal n_read
            for i in range(1000):
                n_read += 1
                yield Job(i, (program("result = 1"),))

        next(iter(sandbox.map(jobs())))
        assert n_read <= 10


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_parent_that_is_killed_leaves_no_process(number: int) -> None:
    source = """
import time
from fusemill.sandbox import Job, Limits, Role, Sandbox
with Sandbox(Limits(), workers=1) as sandbox:
    print(sandbox._workers[0].process.pid, flush=True)
    role = Role("fusemill.sandbox.programs:execute", {"source": "while True: pass"})
    list(sandbox.map([Job(0, (role,))]))
"""
    command = [sys.executable, "-c", source]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        supervisor = int(parent.stdout.readline())
        end = time.monotonic() + 10
        pids: list[int] = []
        while len(pids) < 3 and time.monotonic() < end:
            zygotes = children(supervisor)
            runs = [pid for zygote in zygotes for pid in children(zygote)]
            pids = [supervisor, *zygotes, *runs]
        assert len(pids) == 3
        parent.send_signal(number)
        parent.wait()
    assert gone(pids)


def test_a_driver_that_does_not_exist() -> None:
    with Sandbox(TIGHT, workers=1) as sandbox:
        for name in ("fusemill.nowhere:x", "fusemill.sandbox.programs:nothing"):
            [(_, (outcome,))] = sandbox.map([Job(0, (Role(name, {}),))])
            assert outcome.status == "error"
            assert name.split(":")[0].split(".")[1] in outcome.reason
        assert one(sandbox, "result = 1").report == 1


def test_an_answer_of_many_megabytes_and_odd_text() -> None:
    with Sandbox(TIGHT, workers=1) as sandbox:
        source = "result = [len(data), data[-1] == '\\ud800', '\\x00' in data]"
        payload = {
            "source": f"data = {'x' * 5_000_000 + chr(0xD800)!a} + '\\0'\n" + source
        }
        assert _only(sandbox, payload).report == [5_000_002, False, True]
        assert _only(sandbox, {"source": "result = '\\ud800'"}).report == "\ud800"
        null = _only(sandbox, {"source": "\0"})
        assert "null bytes" in null.report["exception"]
        assert _only(sandbox, {"source": "\ud800"}).status in ("done", "error")


def test_reports_that_are_too_much() -> None:
    with Sandbox(TIGHT, workers=1) as sandbox:
        assert one(sandbox, "result = 'x' * (4 << 20)").status == "killed"
        assert one(sandbox, "result = object()").status == "error"
        deep = "result = []\nfor _ in range(900): result = [result]"
        assert one(sandbox, deep).status == "done"
        assert one(sandbox, "result = 1").report == 1


def _only(sandbox: Sandbox, payload: dict) -> Outcome:
    role = Role("fusemill.sandbox.programs:execute", payload)
    [(_, (outcome,))] = sandbox.map([Job(0, (role,))])
    return outcome


def run_many(n_runs: int) -> None:
    """Memory of every process is the same after `n_runs` as after a tenth of them."""
    with Sandbox(TIGHT, workers=2) as sandbox:
        sizes: list[list[float]] = []
        for _ in range(2):
            n = n_runs // 10 if not sizes else n_runs
            jobs = (
                Job(i, (program(f"result = {i}; print('x' * 100)"),)) for i in range(n)
            )
            for key, (outcome,) in sandbox.map(jobs):
                assert outcome.report == key
            pids = [os.getpid()]
            for worker in sandbox._workers:
                pids += [worker.process.pid, *children(worker.process.pid)]
            sizes.append([resident_mb(pid) for pid in pids])
        for before, after in zip(*sizes, strict=True):
            assert after < before + 3
        assert all(size < 60 for size in sizes[1][1:])


def test_memory_is_flat() -> None:
    run_many(3_000)


@pytest.mark.slow
def test_memory_is_flat_over_many() -> None:
    run_many(100_000)

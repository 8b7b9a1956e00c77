"""Speed of verdicts on code, beside one process per test.

    python bench/verify_code.py [--rows N] [--rounds N] [--cpu-s SECONDS]

HumanEval's tests over the recorded completions of humaneval_runs (the first N by hash;
all without --rows), in as many processes as there are cores:

    ours           fusemill.verify.code, a second run for each pass
    single runs    the same without second runs
    per process    one forked process per test, as human-eval's `check_correctness`
                   (execution.py at 6d43fb9: a Manager, a Process, a timer of 3 s)

Prints runs/s by the clock and by CPU time (all processes together), which other work on
the machine disturbs less, and how many verdicts differ. Completions that were cut off
in a later part are run by ours without it, and count as failures per process.
"""

import argparse
import ast
import contextlib
import faulthandler
import io
import json
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from fusemill.sandbox import Limits, Sandbox
from fusemill.verify.code import CodeRow, check_many
from fusemill.verify.code.stub import prelude
from recorded_code import humaneval_tasks, query

Verdicts = dict[int, bool]
TIMEOUT_S = 3.0


def load(n: int | None) -> list[CodeRow]:
    """Completions with their task's tests, in an order that is always the same."""
    tasks = humaneval_tasks()
    rows = query(
        "select task_id, completion from '$data/humaneval_runs/completions.parquet' "
        f"order by md5(run || task_id), run, task_id {f'limit {n}' if n else ''}"
    )
    found = []
    for i, (task, text) in enumerate(rows):
        prompt, entry, test, _ = tasks[task]
        found.append(CodeRow(i, text, (test,), entry, prompt))
    return found


def ours(rows: list[CodeRow], cpu_s: float, second_runs: bool) -> Verdicts:
    """Verdicts of this package."""
    with Sandbox(Limits(cpu_s=cpu_s)) as sandbox:
        found = check_many(rows, sandbox, second_runs)
        return {int(str(key)): v.status == "passed" for key, v in found}


class _TimeoutError(Exception):
    """Raised by the timer."""


def _stop(*_: object) -> None:
    raise _TimeoutError


def _execute(source: str, result: "multiprocessing.managers.ListProxy[str]") -> None:
    """human-eval's unsafe_execute, without its guard, which costs nothing."""
    faulthandler.disable()
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            signal.signal(signal.SIGALRM, _stop)
            signal.setitimer(signal.ITIMER_REAL, TIMEOUT_S)
            sys.stdin = io.StringIO()
            try:
                exec(source, {})
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        result.append("passed")
    except _TimeoutError:
        result.append("timed out")
    except BaseException as error:
        result.append(f"failed: {type(error).__name__}")


def _one_process(source: str) -> bool:
    """human-eval's check_correctness."""
    manager = multiprocessing.Manager()
    result = manager.list()
    process = multiprocessing.Process(target=_execute, args=(source, result))
    process.start()
    process.join(timeout=TIMEOUT_S + 1)
    if process.is_alive():
        process.kill()
    return list(result) == ["passed"]


def per_process(rows: list[CodeRow]) -> Verdicts:
    """Verdicts of one process per test; the prompt's imports and helpers in front."""
    sources = []
    for row in rows:
        before = ast.unparse(prelude(row.stub, (), None))
        call = f"check({row.entry_point})"
        parts = ["from typing import *", before, row.text, row.tests[0], call]
        sources.append("\n".join(parts))
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        return dict(enumerate(threads.map(_one_process, sources)))


def cpu_used() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(kind) for kind in kinds]
    return sum(one.ru_utime + one.ru_stime for one in used)


def timed(name: str, run: Callable[[], Verdicts]) -> tuple[dict[str, object], Verdicts]:
    """A line of the result, and the verdicts."""
    wall, cpu = time.monotonic(), cpu_used()
    found = run()
    wall, cpu = time.monotonic() - wall, cpu_used() - cpu
    n = len(found)
    line: dict[str, object] = {
        "what": name,
        "runs": n,
        "passed": sum(found.values()),
        "runs_per_s": round(n / wall, 1),
        "runs_per_cpu_s": round(n / cpu, 1),
        "load": os.getloadavg()[0],
    }
    print(json.dumps(line), flush=True)
    return line, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--cpu-s", type=float, default=TIMEOUT_S)
    arguments = parser.parse_args()
    rows = load(arguments.rows)
    limit = arguments.cpu_s
    for _ in range(arguments.rounds):
        _, both = timed("ours", lambda: ours(rows, limit, True))
        _, single = timed("single runs", lambda: ours(rows, limit, False))
        _, other = timed("per process", lambda: per_process(rows))
    differing = [i for i in both if both[i] != other[i]]
    stricter = Counter("ours passes" if both[i] else "ours fails" for i in differing)
    print(json.dumps({"differ": len(differing), **stricter}))
    print(json.dumps({"single runs differ": sum(single[i] != both[i] for i in both)}))
    for i in differing[:20]:
        print(f"--- {i} {rows[i].entry_point}: ours {both[i]}, per process {other[i]}")
        print(rows[i].text[:1500])


if __name__ == "__main__":
    main()

"""Speed of verdicts on code, beside one process per test.

    python bench/verify_code.py [--rows N] [--rounds N] [--cpu-s SECONDS] [--evalplus]

HumanEval's tests over the recorded completions of humaneval_runs (the first N by hash;
all without --rows), in as many processes as there are cores:

    ours           fusemill.verify.code, a second run for each pass
    single runs    the same without second runs
    per process    one forked process per test, as human-eval's `check_correctness`
                   (execution.py at 6d43fb9: a Manager, a Process, a timer of 3 s)

Then the same on the completions that end: one that never does costs every way the whole
of its limit, and a few of them are most of a run.

With --evalplus, evalplus in a virtual environment of its own (made anew, needs a
package index) beside ours and one process per test, on the rows that end and whose
tests are nothing but calls compared with literals: evalplus takes inputs and outputs.

Prints runs/s by the clock and by CPU time (all processes together), which other work on
the machine disturbs less, and how many verdicts differ. Completions that were cut off
in a later part are run by ours without it, and count as failures per process.
"""

import argparse
import ast
import contextlib
import faulthandler
import functools
import io
import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fusemill.sandbox import Limits, Sandbox
from fusemill.verify.code import CodeRow, check_many
from fusemill.verify.code.stub import prelude
from recorded_code import humaneval_tasks, query

Verdicts = dict[int, bool]
Ways = dict[str, Callable[[list[CodeRow]], Verdicts]]
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


def statuses(
    rows: list[CodeRow], cpu_s: float, second_runs: bool = True
) -> dict[int, str]:
    """Statuses of this package's verdicts."""
    with Sandbox(Limits(cpu_s=cpu_s)) as sandbox:
        found = check_many(rows, sandbox, second_runs)
        return {int(str(key)): v.status for key, v in found}


def ours(rows: list[CodeRow], cpu_s: float, second_runs: bool = True) -> Verdicts:
    """Verdicts of this package."""
    found = statuses(rows, cpu_s, second_runs)
    return {key: status == "passed" for key, status in found.items()}


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


def program(row: CodeRow) -> str:
    """A completion below its prompt's imports and helpers."""
    before = ast.unparse(prelude(row.stub, (), None))
    return "\n".join(["from typing import *", before, row.text])


def per_process(rows: list[CodeRow]) -> Verdicts:
    """Verdicts of one process per test; the prompt's imports and helpers in front."""
    sources = [
        "\n".join([program(row), row.tests[0], f"check({row.entry_point})"])
        for row in rows
    ]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        found = threads.map(_one_process, sources)
        return dict(zip([int(str(row.key)) for row in rows], found, strict=True))


def calls(test: str) -> tuple[list[Any], list[Any]] | None:
    """Arguments and results of a `check`; None where it does more than compare them."""
    [check] = [n for n in ast.parse(test).body if isinstance(n, ast.FunctionDef)]
    inputs, expected = [], []
    for node in check.body:
        match node:
            case ast.Assert(
                test=ast.Compare(
                    left=ast.Call(func=ast.Name("candidate"), args=args, keywords=[]),
                    ops=[ast.Eq()],
                    comparators=[value],
                )
            ):
                try:
                    inputs.append([ast.literal_eval(arg) for arg in args])
                    expected.append(ast.literal_eval(value))
                except ValueError:
                    return None
            case ast.Assert(test=ast.Constant(True)) | ast.Expr(ast.Constant()):
                continue  # HumanEval's `assert True, "This prints if …"`
            case _:
                return None
    as_lists = json.loads(json.dumps([inputs, expected]))
    # What JSON has no form for would be another value on the other side.
    return (inputs, expected) if as_lists == [inputs, expected] else None


def evalplus(rows: list[CodeRow], python: Path, folder: Path) -> tuple[float, Verdicts]:
    """Seconds and verdicts of evalplus."""
    source, target = folder / "rows.jsonl", folder / "verdicts.json"
    lines = []
    for row in rows:
        found = calls(row.tests[0])
        assert found is not None
        one = {"code": program(row), "entry_point": row.entry_point}
        one |= {"inputs": found[0], "expected": found[1]}
        lines.append(json.dumps(one) + "\n")
    source.write_text("".join(lines))
    job = [python, Path(__file__).parent / "peers" / "evalplus_checks.py"]
    n = str(len(os.sched_getaffinity(0)))
    subprocess.run([*job, source, target, n], check=True)
    done = json.loads(target.read_text())
    return done["seconds"], dict(enumerate(done["verdicts"]))


def beside_evalplus(rows: list[CodeRow], cpu_s: float) -> None:
    """Ours, one process per test and evalplus, on the rows that it can judge."""
    kept = [row for row in rows if calls(row.tests[0]) is not None]
    numbered = [
        CodeRow(i, row.text, row.tests, row.entry_point, row.stub)
        for i, row in enumerate(kept)
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = folder / "venv" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "evalplus==0.3.1"]
        subprocess.run(install, check=True)
        _, both = timed("ours", lambda: ours(numbered, cpu_s))
        timed("per process", lambda: per_process(numbered))
        seconds, theirs = evalplus(numbered, python, folder)
    differing = [i for i in both if both[i] != theirs[i]]
    line = {"what": "evalplus", "runs": len(theirs), "passed": sum(theirs.values())}
    line |= {"runs_per_s": round(len(theirs) / seconds, 1), "differ": len(differing)}
    print(json.dumps(line))
    for i in differing[:20]:
        print(f"--- {i} {kept[i].entry_point}: ours {both[i]}, evalplus {theirs[i]}")
        print(kept[i].text[:1500])


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


def compare(ways: Ways, rows: list[CodeRow], which: str) -> list[Verdicts]:
    """Every way on the same rows, a line each, with its ratio to the last."""
    timings = [
        timed(f"{name}{which}", functools.partial(way, rows))
        for name, way in ways.items()
    ]
    last = float(str(timings[-1][0]["runs_per_s"]))
    for line, _ in timings[:-1]:
        ratio = float(str(line["runs_per_s"])) / last
        print(f"{line['what']}: {ratio:.1f} x {timings[-1][0]['what']}", flush=True)
    return [found for _, found in timings]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--cpu-s", type=float, default=TIMEOUT_S)
    parser.add_argument("--evalplus", action="store_true")
    arguments = parser.parse_args()
    rows = load(arguments.rows)
    limit = arguments.cpu_s
    ways: Ways = {
        "ours": lambda some: ours(some, limit),
        "single runs": lambda some: ours(some, limit, second_runs=False),
        "per process": per_process,
    }
    ended = statuses(rows, limit)
    ending = [row for row in rows if ended[int(str(row.key))] != "timeout"]
    if arguments.evalplus:
        beside_evalplus(ending, limit)
        return
    for _ in range(arguments.rounds):
        compare(ways, ending, " that end")
        both, single, other = compare(ways, rows, "")
    differing = [i for i in both if both[i] != other[i]]
    stricter = Counter("ours passes" if both[i] else "ours fails" for i in differing)
    print(json.dumps({"differ": len(differing), **stricter}))
    print(json.dumps({"single runs differ": sum(single[i] != both[i] for i in both)}))
    for i in differing[:20]:
        print(f"--- {i} {rows[i].entry_point}: ours {both[i]}, per process {other[i]}")
        print(rows[i].text[:1500])


if __name__ == "__main__":
    main()

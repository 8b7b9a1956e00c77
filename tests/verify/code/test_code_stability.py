"""The same verdicts each time, however busy the machine is."""

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from busy import busy
from fusemill.sandbox import Limits, Sandbox
from fusemill.verify.code import CodeRow, check_many

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("FUSEMILL_SHARED_DATA", ROOT.parent / "shared" / "data"))

Said = tuple[str, str | None, str | None, str | None]

# What ends at a limit, beside what a recorded answer rarely does.
CHECK = "def check(candidate):\n    assert candidate(1) == {'a', 'b', 'c'}"
HARD = {
    "endless": ("def f(x):\n    while True: pass", "timeout"),
    "asleep": ("import time\ndef f(x):\n    time.sleep(10**6)", "timeout"),
    "greedy": ("def f(x):\n    return list(range(10**10))", "memory"),
    "leaves": ("import os\ndef f(x):\n    os._exit(0)", "failed"),
    "reads": ("def f(x):\n    return open('/etc/passwd').read()", "forbidden"),
    "hashes": ("def f(x):\n    return {c for c in 'abcd'}", "failed"),
    "right": ("def f(x):\n    return set('cab')", "passed"),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Limits(cpu_s=1)) as sandbox:
        yield sandbox


def recorded(limit: int | None) -> list[CodeRow]:
    """Recorded answers to HumanEval's tasks in the order of a hash, `limit` of them."""
    answers = DATA / "humaneval_runs" / "completions.parquet"
    if not answers.is_file():
        pytest.skip(f"no recorded answers at {answers}")
    rows = duckdb.sql(
        "select run || ' ' || task_id, completion, test, entry_point, prompt "
        f"from '{answers}' join '{DATA}/benchmarks/humaneval.parquet' using (task_id) "
        f"order by md5(run || ':' || task_id) limit {limit or 10**9}"
    ).fetchall()
    return [
        CodeRow(key, str(text), (str(test),), str(entry), str(stub))
        for key, text, test, entry, stub in rows
    ]


def verdicts(rows: list[CodeRow], sandbox: Sandbox) -> dict[object, Said]:
    """All of each verdict but the CPU seconds, which differ."""
    return {
        key: (v.status, v.reason, v.extracted, v.decided_by)
        for key, v in check_many(rows, sandbox)
    }


def hard() -> list[CodeRow]:
    return [CodeRow(key, text, (CHECK,), "f", None) for key, (text, _) in HARD.items()]


def test_ten_runs_of_a_sample_alone_and_beside_busy_processes(sandbox: Sandbox) -> None:
    rows = recorded(1_000)
    first = verdicts(rows, sandbox)
    assert len(first) == 1_000
    for _ in range(7):
        assert verdicts(rows, sandbox) == first
    with busy(8):
        for _ in range(2):
            assert verdicts(rows, sandbox) == first


def test_limits_are_the_same_beside_busy_processes(sandbox: Sandbox) -> None:
    first = verdicts(hard(), sandbox)
    assert {key: first[key][0] for key in HARD} == {k: s for k, (_, s) in HARD.items()}
    with busy(8):
        for _ in range(2):
            assert verdicts(hard(), sandbox) == first


@pytest.mark.slow
def test_all_rows_twice(sandbox: Sandbox) -> None:
    rows = recorded(None)
    first = verdicts(rows, sandbox)
    assert len(first) == len(rows)
    with busy(8):
        assert verdicts(rows, sandbox) == first

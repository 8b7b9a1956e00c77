"""Agreement with verdicts that others recorded on the same code (read, never copied).

`make test-slow` compares all of every corpus, as bench/agreement_code.py does.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from fusemill.sandbox import Limits, Sandbox
from fusemill.verify.code import check_many

ROOT = Path(__file__).resolve().parents[3]


def load_recorded() -> ModuleType:
    """bench/recorded_code.py, which is no part of a package."""
    path = ROOT / "bench" / "recorded_code.py"
    spec = importlib.util.spec_from_file_location("recorded_code", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


recorded_code = load_recorded()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    limits = Limits(cpu_s=5, scratch_mb=16)
    with Sandbox(limits, packages=("numpy",)) as sandbox:
        yield sandbox


def agreement(corpus: str, every: int, sandbox: Sandbox) -> float:
    """The share that agrees of every so-many-th answer; missing packages apart."""
    if not (recorded_code.DATA / "benchmarks").is_dir():
        pytest.skip(f"no recorded answers at {recorded_code.DATA}")
    chosen = getattr(recorded_code, corpus)()[::every]
    found = dict(check_many((one.row for one in chosen), sandbox))
    assert len(found) == len(chosen)
    counted = [one for one in chosen if found[one.row.key].status != "error"]
    assert len(counted) >= 0.98 * len(chosen)
    return sum(one.agrees(found[one.row.key]) for one in counted) / len(counted)


# (corpus, goal, take every so-many-th in the quick test)
GOALS = [
    ("humaneval_references", 1.0, 1),
    ("mbpp_references", 1.0, 4),
    ("leetcode_references", 1.0, 10),
    ("starcoder_humaneval", 0.99, 1),
    ("reflexion", 0.98, 4),
    ("can_ai_code", 0.95, 10),
]


@pytest.mark.parametrize(("corpus", "goal", "every"), GOALS)
def test_a_part_agrees(corpus: str, goal: float, every: int, sandbox: Sandbox) -> None:
    assert agreement(corpus, every, sandbox) >= goal


@pytest.mark.slow
@pytest.mark.parametrize(("corpus", "goal", "every"), GOALS)
def test_all_agree(corpus: str, goal: float, every: int, sandbox: Sandbox) -> None:
    assert agreement(corpus, 1, sandbox) >= goal

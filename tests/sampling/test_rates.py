"""Rates over the last minute, by hand, with a clock of the test's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from live_project import make
from servers import Server, served

from fusemill import progress
from fusemill.sampling.engine import Tally
from fusemill.sampling.rates import Rates


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_answers_tokens_and_minutes_left() -> None:
    clock, tally = Clock(), Tally()
    rates = Rates({"m": 1_300}, {"m": tally}, clock)
    clock.now, tally.answers, tally.n_output_tokens = 10.0, 100, 5_000
    # 100 in 10 s; 1,200 are left.
    assert rates.said() == "m 10.0 answers/s 500 tokens/s 2 minutes left"
    tally.faults.update({"timeout": 1, "429": 12})
    assert rates.said().endswith("left (429 12, timeout 1)")


def test_only_the_last_minute_counts() -> None:
    """A second apart: 10 answers a second for 100 s, then none for 60."""
    clock, tally = Clock(), Tally()
    rates = Rates({"m": 100_000}, {"m": tally}, clock)
    for second in range(1, 161):
        clock.now = second
        tally.answers = 10 * min(second, 100)
        rates.said()
    assert rates.said() == "m 0.0 answers/s 0 tokens/s"


def test_models_that_are_done_are_left_out() -> None:
    done, stopped = Tally(answers=5), Tally(limit="3 requests")
    assert Rates({"a": 5, "b": 5}, {"a": done, "b": stopped}).said() == ""


@pytest.fixture
def server() -> Iterator[Server]:
    with served(latency_s=0.3, faults={"500": 0.2}) as running:
        yield running


def test_lines_where_there_is_no_terminal(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    asks = [f"Name the number {i}." for i in range(40)]
    project = make(tmp_path / "p", server.url, asks, max_concurrency=4)
    project.ok("prompts")
    lines = [x for x in project.ok("sample").err.splitlines() if "live: " in x]
    assert any(" of 40 rows, " in line for line in lines)
    assert any("; a " in line and "answers/s" in line for line in lines)
    assert any("(500 " in line for line in lines)

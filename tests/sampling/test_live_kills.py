"""SIGKILL while answers come: what was delivered and recorded is never asked again."""

import itertools
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from live_project import make
from servers import Server, served
from test_openai_engine import FAULTS

from small_project import SmallProject

AGE_S = 5.0  # what is older is in a part


def killed_while_answers_come(
    project: SmallProject, server: Server, after_s: float
) -> float:
    """Kill `fusemill sample` so long after its first answer; when that was."""
    started_at = time.time()
    with (project.root / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "fusemill", "sample", "--project", project.root],
            stdout=log,
            stderr=log,
        )
        while server.last_at() < started_at:
            assert process.poll() is None, (project.root / "log").read_text()
            time.sleep(0.1)
        time.sleep(after_s)
        killed_at = time.time()
        process.kill()
        assert process.wait() == -signal.SIGKILL, "it was done before"
    return killed_at


def check_after_kills(server: Server, kills: list[float], n_answers: int) -> None:
    """Every request is accounted for, and none repeats what was recorded."""
    entries = sorted(server.log(), key=lambda entry: entry["at"])
    had = [e for e in entries if e["came_to"] in ("delivered", "same_text")]
    # What need not be in a part at a kill: younger than AGE_S, or under way.
    young = {
        id(e) for e in had for kill in kills if kill - AGE_S <= e["ended"] < kill + 1
    }
    for before, kill in itertools.pairwise([0.0, *kills]):
        run = [e for e in had if e["at"] > before]
        kept = {(e["prompt"], e["seed"]) for e in run if e["ended"] < kill - AGE_S}
        later = {(e["prompt"], e["seed"]) for e in entries if e["at"] > kill}
        assert kept
        assert not kept & later
    assert len({(e["prompt"], e["seed"]) for e in had}) == n_answers
    n_lost = sum(e["came_to"] == "lost" for e in entries)
    n_faults = len(entries) - len(had) - n_lost
    assert len(entries) <= n_answers + n_faults + n_lost + len(young)


def run_with_kills(
    root: Path, n_prompts: int, draws: int, waits: list[float], **settings: Any
) -> None:
    at_once, timeout_s = settings.pop("at_once"), settings.pop("timeout_s", 60.0)
    asks = [f"Name the number {i}." for i in range(n_prompts)]
    with served(**settings) as server:
        project = make(
            root,
            server.url,
            asks,
            draws=draws,
            max_concurrency=at_once,
            timeout_s=timeout_s,
        )
        project.ok("prompts")
        kills = [killed_while_answers_come(project, server, s) for s in waits]
        project.ok("sample")
        check_after_kills(server, kills, n_prompts * draws)
        (row,) = project.ask(
            "select count(*) as n, count(distinct (prompt_id, draw)) as n_keys, "
            "count(text_id) as n_texts from responses"
        )
        assert set(row.values()) == {n_prompts * draws}


def test_what_was_recorded_is_not_asked_again(tmp_path: Path) -> None:
    """About eight answers a second; two kills, each with some seconds to lose."""
    run_with_kills(tmp_path / "p", 80, 2, [6.5, 6.5], latency_s=0.5, at_once=4)


@pytest.mark.slow
def test_ten_kills_under_faults(tmp_path: Path) -> None:
    """20,000 answers, a fifth of all requests failing.

    The timeout is long, so that only hangs reach it: what a client gives up after the
    server sent it is asked for again, and would look like an answer that was lost.
    """
    dice = random.Random(4)
    run_with_kills(
        tmp_path / "p",
        4_000,
        5,
        [dice.uniform(6.0, 12.0) for _ in range(10)],
        latency_s=0.05,
        at_once=64,
        timeout_s=10.0,
        faults={**FAULTS, "hang": 0.001, "500": 0.039},
    )

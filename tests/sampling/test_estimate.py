"""`fusemill sample --dry-run`: what is counted, and what it would cost; by hand."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import local_project
import pytest
from live_project import declare, hash_of, make
from servers import Server, served

from fusemill.sampling.rows import response_row
from fusemill.warehouse import Warehouse
from small_project import SmallProject, refused

ASKS = [f"Name the number {i}." for i in range(10)]
PRICE = '"price": {"input_usd": 100, "output_usd": 1000, "as_of": "today"}, "role"'


@pytest.fixture
def server() -> Iterator[Server]:
    with served(latency_s=0.1) as running:
        yield running


def estimates(project: SmallProject) -> list[dict[str, Any]]:
    found = json.loads(project.ok("sample", "--dry-run", "--json").out)
    assert isinstance(found, list)
    return found


def test_before_and_after_anything_is_measured(server: Server, tmp_path: Path) -> None:
    """10 prompts, 5 draws, 3 a request; each prompt is 7 tokens, each answer 3."""
    project = make(tmp_path / "p", server.url, ASKS, draws=5, n=3, max_concurrency=4)
    project.change("registry/models.yaml", '"role"', PRICE)
    refused(project.cli("sample", "--dry-run"), "fusemill prompts")
    project.ok("prompts")
    (unmeasured,) = estimates(project)
    assert unmeasured == {
        "model": "a",
        "engine": "openai",
        "n_missing": 50,
        "n_requests": 20,
        "n_measured": 0,
        "n_own": 0,
        "n_other": 0,
        "n_input_tokens": None,
        "n_output_tokens": None,
        "hours": None,
        "usd": None,
    }
    assert "nothing measured yet" in project.ok("sample", "--dry-run").out
    assert server.log() == []

    project.ok("prompts", "--limit", "2")
    project.ok("sample", "--limit", "2")
    n_asked = len(server.log())
    (one,) = estimates(project)
    assert (one["n_missing"], one["n_requests"], one["n_measured"]) == (40, 16, 10)
    assert (one["n_input_tokens"], one["n_output_tokens"]) == (16 * 7, 40 * 3)
    # 112 tokens at 100 dollars a million and 120 at 1,000.
    assert one["usd"] == pytest.approx(0.0112 + 0.12)
    # 16 requests of 0.1 s or a little more, four at once.
    assert 0.4 <= one["hours"] * 3600 < 2
    assert len(server.log()) == n_asked

    project.ok("sample")
    assert estimates(project) == []
    assert "nothing is missing" in project.ok("sample", "--dry-run").out


def test_draws_with_gaps(server: Server, tmp_path: Path) -> None:
    """A draw more of a model that has two: one a request, and two of a new model."""
    project = make(tmp_path / "p", server.url, ASKS, "a", draws=2, n=2)
    project.ok("prompts")
    project.ok("sample")
    declare(project, server.url, "a, b", draws=3, n=2)
    first, second = estimates(project)
    assert (first["n_missing"], first["n_requests"], first["n_own"]) == (10, 10, 20)
    assert (second["n_missing"], second["n_requests"]) == (30, 20)
    assert second["n_measured"] == 0


def test_servers_that_a_variable_names(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice as many take half the time; one that is not set is one server."""
    project = make(tmp_path / "p", "${WHERE}", ASKS, max_concurrency=1)
    project.ok("prompts")
    monkeypatch.setenv("WHERE", server.url)
    project.ok("sample", "--limit", "2")
    (one,) = estimates(project)
    monkeypatch.setenv("WHERE", f"{server.url}, http://other:8000/v1")
    (two,) = estimates(project)
    assert two["hours"] == pytest.approx(one["hours"] / 2)
    monkeypatch.delenv("WHERE")
    assert estimates(project)[0]["hours"] == one["hours"]


def test_answers_of_another_configuration(server: Server, tmp_path: Path) -> None:
    """They are told, and measure where there are no others."""
    project = make(tmp_path / "p", server.url, ASKS)
    project.ok("prompts")
    project.ok("sample")
    project.change("registry/models.yaml", "0.5", "0.75")
    (one,) = estimates(project)
    assert (one["n_missing"], one["n_own"], one["n_other"]) == (10, 0, 10)
    assert (one["n_measured"], one["n_output_tokens"]) == (10, 30)
    said = project.ok("sample", "--dry-run").out
    assert "10 answers belong to other configurations and stay" in said


def test_hours_of_a_model_that_runs_here(tmp_path: Path) -> None:
    """From the time it was busy: 15 s in one run and 10 s in another, 3 answers."""
    project = local_project.make(tmp_path / "p", ASKS, 2, "llama")
    project.ok("prompts")
    (unmeasured,) = estimates(project)
    assert (unmeasured["n_missing"], unmeasured["hours"]) == (20, None)
    config = local_project.config_hash_of(project, "llama")
    began = datetime(2026, 11, 27, tzinfo=UTC)
    rows = [
        response_row(
            hash_of("prompt", [{"role": "user", "content": ASKS[i]}]),
            config,
            0,
            "w1",
            model="llama",
            engine="transformers",
            asked_at=began + timedelta(seconds=after_s),
            latency_s=10.0,
        )
        for i, after_s in enumerate((0, 5, 100))
    ]
    Warehouse(project.root / "warehouse").write("responses", rows)
    (measured,) = estimates(project)
    assert (measured["n_missing"], measured["n_own"]) == (17, 3)
    assert measured["hours"] * 3600 == pytest.approx(17 * 25 / 3)

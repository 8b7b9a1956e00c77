"""Reward models behind a server: a process of its own that speaks vLLM's schema."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from reward_project import SCORES, declare, score, write_canary

from small_project import SmallProject, refused

SERVER = Path(__file__).with_name("pooling_server.py")
ENDPOINT = {"base_urls": ["${TINY_URL}"], "timeout_s": 10.0}


@contextmanager
def served(**settings: Any) -> Iterator[str]:
    """Base URL of a server while the block lasts."""
    command = [sys.executable, str(SERVER), json.dumps(settings)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.kill()
        process.wait()


def asked(url: str) -> dict[str, int]:
    with urllib.request.urlopen(url.removesuffix("v1") + "log") as answer:
        found = json.loads(answer.read())
    assert isinstance(found, dict)
    return found


@pytest.fixture
def project(
    reward_project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> SmallProject:
    """The set `talk` scored by a server; `Red.` to `Name a colour.` is 0.3 - 3."""
    reward_project.change("builders/talk.yaml", "engine: classifier", "engine: http")
    declare(reward_project, weights=None, precision=None, path="classify")
    write_canary(reward_project, 0.3 - 3)
    endpoint(reward_project)
    monkeypatch.setenv("TINY_KEY", "secret-key")
    return reward_project


def endpoint(project: SmallProject, **changed: Any) -> None:
    said = {"endpoints": {"tiny": {**ENDPOINT, **changed}}}
    project.write("registry/endpoints.yaml", json.dumps(said))


def at(monkeypatch: pytest.MonkeyPatch, url: str) -> str:
    monkeypatch.setenv("TINY_URL", url)
    return url


def logit(ask: str, text: str) -> float:
    return sum(c.isalpha() for c in text) / 10 - len(ask.split())


@pytest.mark.parametrize(
    ("path", "a_token"), [("classify", False), ("pooling", False), ("pooling", True)]
)
def test_scores_are_raw_logits(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, path: str, a_token: bool
) -> None:
    declare(project, weights=None, precision=None, path=path)
    with served(a_token=a_token) as url:
        at(monkeypatch, url)
        assert "talk: 15 new scores by tiny" in score(project)
        # The canary once to see how it is read and once to score it.
        assert asked(url) == {"/tokenize": 1, f"/{path}": 17}
        assert "talk: 0 new scores" in score(project)
        assert asked(url) == {"/tokenize": 1, f"/{path}": 17}
    for row in project.ask(SCORES):
        assert row["score"] == pytest.approx(logit(row["ask"], row["text"]))
        assert (row["status"], row["objectives"]) == ("ok", None)


def test_one_of_several_labels_over_two_servers(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(project, weights=None, precision=None, path="classify", label=1)
    write_canary(project, 1.3 - 3)
    with served(labels=2) as one, served(labels=2, tokenize=False) as other:
        at(monkeypatch, f"{one} {other}")
        score(project)
        assert asked(one)["/classify"] == 2 + 8
        assert asked(other)["/classify"] == 7
    for row in project.ask(SCORES):
        expected = logit(row["ask"], row["text"])
        assert row["objectives"] == pytest.approx([expected, expected + 1])
        assert row["score"] == row["objectives"][1]


def test_faults_are_tried_again(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = ["503", "cut", "429", "html", "500"]
    with served(faults=faults) as url:
        at(monkeypatch, url)
        assert "talk: 15 new scores by tiny" in score(project)
        assert sum(asked(url).values()) == 18 + len(faults)


def test_nothing_but_pages_of_html(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(faults=["html"] * 9) as url:
        at(monkeypatch, url)
        said = project.cli("score", "--only", "talk")
        assert sum(asked(url).values()) == 3
    refused(said, "/tokenize: expected JSON", "pages of HTML came, 3 times", "<html>")


def test_a_base_url_that_is_down(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it was to score is scored by the other."""
    monkeypatch.setattr("fusemill.scoring.rewards.servers.FIRST_WAIT_S", 0.001)
    with served() as gone:
        pass
    with served() as url:
        at(monkeypatch, f"{gone} {url}")
        assert "talk: 15 new scores by tiny" in score(project)


def test_a_logit_that_is_no_number(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(null=True) as url:
        at(monkeypatch, url)
        said = project.cli("score", "--only", "talk")
    refused(said, "pairs.0: the score is no number")


def test_a_conversation_that_the_server_rejects(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `no_pattern` while others are scored; where the canary is, the run stops."""
    with served(rejects="Tango.") as url:
        at(monkeypatch, url)
        assert "talk: 15 new scores by tiny" in score(project)
    counts = "select status, count(*) as n from scores where scorer = 'tiny' "
    found = project.ask(counts + "group by all order by all")
    assert found == [{"status": "no_pattern", "n": 1}, {"status": "ok", "n": 14}]
    declare(project, weights=None, precision=None, path="classify", max_tokens=30)
    with served(rejects="Red.") as url:
        at(monkeypatch, url)
        said = project.cli("score", "--only", "talk")
    refused(said, "pairs.0: the server rejects it: 400 Conversation roles must")


def test_an_interrupt_does_not_wait_for_answers(project: SmallProject) -> None:
    """The canary takes three requests, one is answered, then nothing comes any more.

    Four at a time are asked: where eight have been, the answer has arrived.
    """
    endpoint(project, max_concurrency=4)
    command = [sys.executable, "-m", "fusemill", "score", "--only", "talk"]
    with served(hang=5) as url:
        process = subprocess.Popen(
            [*command, "--project", project.root],
            env={**os.environ, "TINY_URL": url},
            stderr=subprocess.PIPE,
            text=True,
        )
        while asked(url).get("/classify", 0) < 8:
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "what was finished is kept" in said
    project.ok("warehouse", "rebuild")
    (row,) = project.ask("select count(*) as n from scores where scorer = 'tiny'")
    assert row["n"] == 1


def test_what_is_longer_than_the_model_takes(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`Red.` takes 9 tokens with its prompt; two answers have a word more."""
    with served(most=9) as url:
        at(monkeypatch, url)
        score(project)
    counts = "select status, count(*) as n from scores where scorer = 'tiny' "
    found = project.ask(counts + "group by all order by all")
    assert found == [{"status": "ok", "n": 13}, {"status": "too_long", "n": 2}]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"raw": False}, "the score is 0.0629734, expected -2.7 within 0.0001"),
        ({"bos": 2}, "begins with token 1 twice: a doubled BOS"),
        ({"keep": 5}, "reads 5 of its 9 tokens: the prompt is cut"),
        ({"labels": 2}, "`label` is None; the model has 2 labels, from 0 to 1"),
        ({"model": "other"}, "404 The model `made-up/tiny` does not exist."),
        ({"most": 8}, "longer than the model takes"),
    ],
)
def test_what_stops_a_run(
    project: SmallProject,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    said: str,
) -> None:
    before = project.parts()
    with served(**settings) as url:
        at(monkeypatch, url)
        refused(project.cli("score", "--only", "talk"), said)
    assert project.parts() == before


def test_keys_are_sent_and_never_shown(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint(project, key_env="TINY_KEY")
    with served(key="secret-key") as url:
        at(monkeypatch, url)
        assert "talk: 15 new scores by tiny" in score(project)
    with served(key="another") as url:
        at(monkeypatch, url)
        declare(project, weights=None, precision=None, path="classify", max_tokens=30)
        said = project.cli("score", "--only", "talk")
    refused(said, "401", "check the variable that `key_env` names")
    assert "secret-key" not in said.err
    assert not any(b"secret-key" in data for data in project.parts().values())


def test_another_model_answers(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint(project, answers_as="made-up/other")
    with served() as url:
        at(monkeypatch, url)
        said = project.cli("score", "--only", "talk")
    refused(said, "'made-up/tiny' answered; expected 'made-up/other'")


def test_a_server_that_is_not_there(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fusemill.scoring.rewards.servers.FIRST_WAIT_S", 0.001)
    at(monkeypatch, "http://127.0.0.1:9/v1")
    refused(project.cli("score", "--only", "talk"), "unreachable", "8 times")
    monkeypatch.delenv("TINY_URL")
    refused(project.cli("score", "--only", "talk"), "TINY_URL is not set")
    project.write("registry/endpoints.yaml", "endpoints: {}\n")
    refused(project.cli("score", "--only", "talk"), "no endpoint for `tiny`")
    assert "no endpoint for `tiny`" in project.cli("doctor", "--json").out

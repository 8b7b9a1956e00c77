"""Servers and prompts that go wrong: what stops a run, what is kept, what is said."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_project import make
from servers import Server, served

from fusemill.sampling.openai import client
from small_project import ROOT, SmallProject, refused

ASKS = ["Name a colour.", "Name a fruit.", "Name a tree."]
KEY = "sk-very-secret-0123456789"
TOO_LONG = {
    "status": 400,
    "body": {"error": {"message": "maximum context length is 8192 tokens"}},
}


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as running:
        yield running


def ready(tmp_path: Path, url: str, **endpoint: Any) -> SmallProject:
    project = make(tmp_path / "p", url, ASKS, **endpoint)
    project.ok("prompts")
    return project


def answers(project: SmallProject) -> dict[str, dict[str, Any]]:
    """Rows of responses by prompt."""
    rows = project.ask(
        "select p.messages[1].content as ask, r.*, t.text, t.reasoning "
        "from responses as r inner join prompt_texts as p using (prompt_id) "
        "left join response_texts as t on r.response_id = t.response_id"
    )
    return {row["ask"]: row for row in rows}


# --- what stops a run ------------------------------------------------------------


def test_a_wrong_key_is_never_shown(server: Server, tmp_path: Path) -> None:
    """The server repeats the key it was sent, as some do."""
    server.set(key="another")
    project = ready(tmp_path, server.url, key_env="A_KEY")
    said = project.cli("sample", env={"A_KEY": KEY})
    refused(said, "endpoints.a", "401", "check the variable that `key_env` names")
    assert KEY not in said.err + said.out


def test_a_key_is_nowhere_in_the_project(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After answers, a refusal, failures, a selection, and a release with lineage."""
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.01)
    server.set(key=KEY, scripted={ASKS[0]: TOO_LONG, ASKS[1]: {"status": 500}})
    project = ready(tmp_path, server.url, key_env="A_KEY")
    for command in ("sample", "select", "audit", "release --allow-pending"):
        said = project.cli(*command.split(), env={"A_KEY": KEY})
        assert said.code == (1 if command == "sample" else 0), said.err
        assert KEY not in said.err + said.out
    assert len(answers(project)) == 2
    assert (project.root / "releases/asked/1.0.0").is_dir()
    for path in project.root.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


def test_a_key_that_is_not_there(tmp_path: Path) -> None:
    project = ready(tmp_path, "http://localhost:1/v1", key_env="A_KEY")
    refused(project.cli("sample", env={"A_KEY": " "}), "A_KEY is not set")
    said = project.cli("sample", env={"A_KEY": "schlüssel"})
    refused(said, "A_KEY holds cannot be sent as a key")
    assert "schlüssel" not in said.err


def test_a_model_that_is_not_there(server: Server, tmp_path: Path) -> None:
    server.set(scripted={ask: {"status": 404} for ask in ASKS})
    project = ready(tmp_path, server.url)
    refused(project.cli("sample"), "404", "check `served_as`")


def test_another_model_answers(server: Server, tmp_path: Path) -> None:
    server.set(model="made-up/other")
    project = ready(tmp_path, server.url)
    said = project.cli("sample")
    refused(said, "asked for model 'made-up/a', and 'made-up/other' answered")
    assert answers(project) == {}
    project.change(
        "registry/endpoints.yaml", '"base', '"answers_as": "made-up/other", "base'
    )
    project.ok("sample")
    assert len(answers(project)) == 3


def test_a_redirect(server: Server, tmp_path: Path) -> None:
    to = {"location": "https://elsewhere/v1/chat/completions"}
    server.set(scripted={ask: {"status": 307, "headers": to} for ask in ASKS})
    said = ready(tmp_path, server.url).cli("sample")
    refused(said, "it redirects to https://elsewhere/v1", "a request follows none")


def test_a_page_of_html(server: Server, tmp_path: Path) -> None:
    """The page repeats the key."""
    server.set(key=KEY, faults={"html": 1.0})
    project = ready(tmp_path, server.url, key_env="A_KEY")
    said = project.cli("sample", env={"A_KEY": KEY})
    refused(
        said,
        f"endpoints.a: {server.url}/chat/completions: expected JSON",
        "(text/html; charset=utf-8: <!DOCTYPE html> <title>Sign in</title> <p>Your key",
        "correct the base URL",
    )
    assert KEY not in said.err + said.out
    assert "NO_PROXY" not in said.err
    assert answers(project) == {}


def test_a_page_of_a_proxy(server: Server, tmp_path: Path) -> None:
    project = ready(tmp_path, server.url)
    with served(faults={"html": 1.0}) as proxy:
        said = project.cli("sample", env={"HTTP_PROXY": proxy.root, "NO_PROXY": ""})
        assert proxy.came_to()["html"] >= 3
    refused(said, "pages of HTML came", "or name 127.0.0.1 in NO_PROXY")
    assert server.log() == []


def test_a_certificate_that_does_not_hold(tmp_path: Path) -> None:
    certificate = str(ROOT / "tests/fixtures/self_signed.pem")
    with served(certificate=certificate) as server:
        said = ready(tmp_path, server.url).cli("sample")
    refused(said, server.url, "certificate does not hold", "SSL_CERT_FILE")


def test_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE_S", (0.0, 0.0))
    with served() as gone:
        pass
    said = ready(tmp_path, gone.url).cli("sample")
    refused(said, f"nothing came from {gone.url}", "start the server")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9", "socksio"),
        ("HTTP_PROXY", "ftp://me:secret@proxy", "cannot be used"),
        ("SSL_CERT_FILE", "/nowhere", "No such file"),
    ],
)
def test_an_environment_that_cannot_be_used(
    server: Server, tmp_path: Path, variable: str, value: str, said: str
) -> None:
    found = ready(tmp_path, server.url).cli("sample", env={variable: value})
    refused(found, "what the environment names as proxy", said)
    assert "secret" not in found.err


def test_a_proxy_that_is_not_there(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PATIENCE_S", (0.0, 0.0))
    project = ready(tmp_path, server.url)
    proxy = {"HTTP_PROXY": "http://127.0.0.1:9"}
    refused(project.cli("sample", env=proxy), "or name 127.0.0.1 in NO_PROXY")
    assert project.cli("sample", env={**proxy, "NO_PROXY": "127.0.0.1"}).code == 0


def test_sampling_that_the_server_does_not_take(server: Server, tmp_path: Path) -> None:
    body = {"error": {"message": "temperature must be non-negative"}}
    server.set(scripted={ask: {"status": 400, "body": body} for ask in ASKS})
    said = ready(tmp_path, server.url).cli("sample")
    refused(said, "temperature must be non-negative", "check `sampling`")


# --- declarations ------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ({"base_urls": ["localhost:8000/v1"]}, "must begin with http:// or https://"),
        ({"base_urls": ["http://me:secret@host/v1"]}, "must not hold a user"),
        ({"base_urls": ["https://host/v1?token=secret"]}, "must not have a query"),
        ({"base_urls": ["http://host:port/v1"]}, "is not a URL"),
        ({"base_urls": []}, "expected a list with at least 1 item"),
        ({"base_urls": ["${}"]}, "must begin with"),
        ({"key_env": "sk-1234"}, "expected the name of an environment variable"),
        ({"limits": {"usd": 5.0}}, "model `a` has no `price`"),
        ({"n": 0}, "expected a number greater than or equal to 1"),
    ],
)
def test_an_endpoint_that_is_none(
    tmp_path: Path, endpoint: dict[str, Any], said: str
) -> None:
    declared = {"base_urls": ["http://host/v1"], **endpoint}
    project = make(tmp_path / "p", "", ASKS, **declared)
    refused(project.cli("doctor"), "endpoints.yaml", said)


def test_what_a_variable_holds_is_not_shown(tmp_path: Path) -> None:
    project = ready(tmp_path, "${WHERE}")
    refused(project.cli("sample", env={"WHERE": ""}), "WHERE is not set")
    said = project.cli("sample", env={"WHERE": "http://me:secret@host/v1"})
    refused(said, "WHERE holds must not hold a user or password")
    assert "secret" not in said.err


def test_keys_that_are_the_engine_s_own(server: Server, tmp_path: Path) -> None:
    project = ready(tmp_path, server.url)
    project.change("registry/models.yaml", '"temperature": 0.5', '"seed": 7')
    refused(project.cli("sample"), "models.a.sampling: `seed` is not a sampling key")
    assert server.log() == []


# --- what is kept, and the run goes on -----------------------------------------------


def test_a_prompt_that_is_too_long(server: Server, tmp_path: Path) -> None:
    server.set(scripted={ASKS[1]: TOO_LONG})
    project = make(tmp_path / "p", server.url, ASKS, draws=2, n=2)
    said = project.ok("run").err
    assert "a: 6 new answers, 2 of them refusals" in said
    row = answers(project)[ASKS[1]]
    assert (row["text"], row["finish_reason"]) == (None, None)
    assert row["error"] == "too long: 400 maximum context length is 8192 tokens"
    assert project.outcomes() == {"asks": {"sft": 2, "no_response": 1}}
    project.ok("sample")
    assert len(server.log()) == 3


def test_a_prompt_that_the_server_rejects(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its template, say. The reason is kept, and nothing is asked again."""
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.01)
    odd = {"status": 400, "body": {"error": {"message": "roles must alternate"}}}
    server.set(scripted={ASKS[1]: odd})
    project = make(tmp_path / "p", server.url, ASKS)
    project.ok("run")
    assert answers(project)[ASKS[1]]["error"] == (
        "the server rejects it: 400 roles must alternate"
    )
    assert project.outcomes() == {"asks": {"sft": 2, "no_response": 1}}
    project.ok("sample")
    assert len(server.log()) == 5


def test_a_run_that_is_left_with_a_rejected_prompt_ends_well(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else is missing, so that no other answer can vouch for the server."""
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.01)
    server.set(scripted={ASKS[1]: {"status": 500}})
    project = ready(tmp_path, server.url)
    assert project.cli("sample").code == 1
    odd = {"status": 400, "body": {"error": {"message": "roles must alternate"}}}
    server.set(scripted={ASKS[1]: odd})
    project.ok("run")
    assert project.outcomes() == {"asks": {"sft": 2, "no_response": 1}}
    n_asked = len(server.log())
    project.ok("sample")
    assert len(server.log()) == n_asked


def test_an_answer_that_was_cut(server: Server, tmp_path: Path) -> None:
    server.set(scripted={ASKS[0]: {"choice": {"finish_reason": "length"}}})
    project = make(tmp_path / "p", server.url, ASKS)
    project.ok("run")
    assert answers(project)[ASKS[0]]["finish_reason"] == "length"
    assert project.outcomes() == {"asks": {"sft": 2, "truncated": 1}}
    project.change("builders/asks.yaml", "truncated: false", "truncated: true")
    project.ok("select")
    assert project.outcomes() == {"asks": {"sft": 3}}


def test_odd_texts(server: Server, tmp_path: Path) -> None:
    """Nothing, half a character, five megabytes, a null character, reasoning."""
    contents = ["", "a\ud800b", "x" * 5_000_000, "a\0b", "<think>so</think>\n\nOak."]
    asks = [f"Name thing {i}." for i in range(len(contents))]
    server.set(
        scripted={
            ask: {"choice": {"message": {"role": "assistant", "content": content}}}
            for ask, content in zip(asks, contents, strict=True)
        }
    )
    project = make(tmp_path / "p", server.url, asks)
    project.ok("run")
    found = [answers(project)[ask] for ask in asks]
    assert [row["text"] for row in found] == [
        "",
        "a\ufffdb",
        "x" * 5_000_000,
        "a\0b",
        "Oak.",
    ]
    assert [row["is_blank"] for row in found] == [True, False, False, False, False]
    assert [row["reasoning"] for row in found] == [None] * 4 + ["so"]
    assert project.outcomes()["asks"]["sft"] == 4


def test_requests_that_are_given_up(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All others are kept; run again, only those are asked for."""
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.01)
    server.set(scripted={ASKS[0]: {"status": 502}})
    project = ready(tmp_path, server.url)
    said = project.cli("sample")
    refused(said, "some requests were given up (a: 1 answers", "502 {}, 8 times")
    assert "a: 2 new answers, 8 tries failed (502 8)" in said.err
    assert len(answers(project)) == 2
    server.set(scripted={})
    project.ok("sample")
    assert [entry["prompt"] for entry in server.log()] == ASKS[:1]

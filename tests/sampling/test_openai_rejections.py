"""What becomes of requests that a server refuses or finds wrong."""

from collections.abc import Iterator

import pytest
from engine_runs import all_answers, asked, keys, pages, requests, wanted_keys
from servers import Server, served

import fusemill.sampling.openai.client as client_module
from fusemill.errors import EngineError
from fusemill.sampling.engine import Answer
from fusemill.sampling.openai.engine import OpenAIEngine

TOO_LONG = {
    "status": 400,
    "body": {"error": {"message": "maximum context length is 4096 tokens"}},
}


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as running:
        yield running


def test_a_server_that_refuses_n(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found out by the requests that are under way then; later ones have one draw."""
    monkeypatch.setattr(client_module, "FIRST_WAIT_S", 0.01)
    server.set(refuses_n=True)
    wanted = requests(300, draws=3)
    found = all_answers(OpenAIEngine([asked(server.url, n=3)]), wanted)
    assert keys(found) == wanted_keys(wanted)
    assert all(a.text and a.text.endswith(f"| {a.request.seed}") for a in found)
    assert server.came_to()["delivered"] == 900
    assert 1 <= server.came_to()["400"] < 150


def test_refusals_before_any_text_are_no_answers(server: Server) -> None:
    """As when `max_tokens` fills the window: the run stops, and nothing is kept."""
    server.set(scripted={f"prompt {i}": TOO_LONG for i in range(60)})
    engine = OpenAIEngine([asked(server.url)])
    running = engine.answers({"m": pages(requests(60))})
    with pytest.raises(EngineError, match="all refusals, the last one: too long"):
        assert not [a for batch in running for a in batch]
    assert engine.tallies["m"].answers == 0


def test_a_few_refusals_alone_are_answers(server: Server) -> None:
    server.set(scripted={"prompt 0": TOO_LONG})
    (found,) = all_answers(OpenAIEngine([asked(server.url)]), requests(1))
    assert found.text is None


def test_a_prompt_that_is_rejected_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where it is the first, and is told so before any answer can come."""
    monkeypatch.setattr(client_module, "FIRST_WAIT_S", 0.01)
    odd = {"status": 400, "body": {"error": {"message": "roles must alternate"}}}
    server.set(latency_s=0.1, scripted={"prompt 0": odd, "prompt 30": odd})
    wanted = requests(40, draws=2)
    engine = OpenAIEngine([asked(server.url, n=2)])
    found = all_answers(engine, wanted)
    assert keys(found) == wanted_keys(wanted)
    errors = {a.request.prompt_id: a.error for a in found if a.text is None}
    said = "the server rejects it: 400 roles must alternate"
    assert errors == {wanted[i].prompt_id: said for i in (0, 30)}
    assert engine.tallies["m"].faults == {"rejected": 6}


def test_a_server_that_begins_to_reject_everything(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops the run, and no prompt is marked as refused."""
    monkeypatch.setattr(client_module, "FIRST_WAIT_S", 0.01)
    odd = {"status": 400, "body": {"error": {"message": "no such adapter"}}}
    server.set(scripted={f"prompt {i}": odd for i in range(30, 100)})
    found: list[Answer] = []
    engine = OpenAIEngine([asked(server.url)])
    running = engine.answers({"m": pages(requests(100))})
    said = r"rejects what it is asked \(prompts in a row: 20\): .* no such adapter"
    with pytest.raises(EngineError, match=said):
        found.extend(answer for batch in running for answer in batch)
    assert keys(found) == wanted_keys(requests(30))


def test_what_is_left_of_an_earlier_run_may_be_rejected_alone(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model has answered before, so it is these prompts."""
    monkeypatch.setattr(client_module, "FIRST_WAIT_S", 0.01)
    odd = {"status": 400, "body": {"error": {"message": "roles must alternate"}}}
    server.set(scripted={f"prompt {i}": odd for i in range(3)})
    engine = OpenAIEngine([asked(server.url)])
    with pytest.raises(EngineError, match="rejects what it is asked"):
        all_answers(engine, requests(3))
    engine = OpenAIEngine([asked(server.url)])
    engine.tallies["m"].n_texts_before = 1
    found = all_answers(engine, requests(3))
    assert [a.error for a in found] == [
        "the server rejects it: 400 roles must alternate"
    ] * 3


def test_many_prompts_too_long_after_an_earlier_run(server: Server) -> None:
    """Nothing but refusals stops a run only where the model never answered."""
    server.set(scripted={f"prompt {i}": TOO_LONG for i in range(30)})
    engine = OpenAIEngine([asked(server.url)])
    engine.tallies["m"].n_texts_before = 1
    found = all_answers(engine, requests(30))
    assert keys(found) == wanted_keys(requests(30))
    assert {a.text for a in found} == {None}

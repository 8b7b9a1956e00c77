"""Engine `openai` against a real server: all draws, each once, whatever goes wrong."""

import time
from collections.abc import Iterator

import pytest
from engine_runs import SEED, all_answers, asked, keys, pages, requests, wanted_keys
from servers import Server, served

from fusemill.errors import EngineError
from fusemill.project.endpoints import Limits
from fusemill.project.models import Price
from fusemill.sampling.engine import Request
from fusemill.sampling.openai import client as client_module
from fusemill.sampling.openai.engine import OpenAIEngine

# A fifth of all requests; what a hang costs is bounded by the endpoint's timeout.
FAULTS = {
    "429": 0.03,
    "500": 0.03,
    "503": 0.02,
    "half_body": 0.02,
    "not_json": 0.02,
    "html": 0.02,
    "wrong_n": 0.02,
    "no_choices": 0.02,
    "same_text": 0.02,
    "disconnect": 0.01,
    "hang": 0.01,
}


@pytest.fixture(scope="module")
def process() -> Iterator[Server]:
    with served() as server:
        yield server


@pytest.fixture
def server(process: Server) -> Server:
    """The module's server, as it is set up first."""
    process.set(
        latency_s=0.0,
        faults={},
        key=None,
        model=None,
        allows_n=True,
        most_at_once=None,
        slow={},
        scripted={},
    )
    return process


@pytest.mark.parametrize(("draws", "n"), [(1, 1), (3, 3)])
def test_all_draws_each_once_under_faults(
    server: Server, draws: int, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "FIRST_WAIT_S", 0.01)
    server.set(faults=FAULTS)
    wanted = requests(600, draws)
    engine = OpenAIEngine([asked(server.url, n=n, timeout_s=2.0)])
    found = all_answers(engine, wanted)
    assert keys(found) == wanted_keys(wanted)
    texts = [(a.request.messages[0]["content"], a.draw, a.text) for a in found]
    same = {e["seed"] for e in server.log() if e["came_to"] == "same_text"}
    for prompt, draw, text in texts:
        seed = SEED * (int(prompt.split()[1]) + 1)
        expected = {f"{prompt} | {seed + draw}"}
        expected |= {f"{prompt} | {seed}"} if seed in same else set()
        # Draws that a short answer left out come with their own seeds.
        expected |= {f"{prompt} | {one}" for one in same if seed <= one <= seed + draw}
        assert text in expected
    came_to = server.came_to()
    n_faults = came_to.total() - came_to["delivered"] - came_to["same_text"]
    assert n_faults > 60
    assert came_to.total() <= 600 + n_faults
    assert engine.tallies["m"].requests == came_to.total()
    assert engine.tallies["m"].answers == 600 * draws


def test_n_draws_in_one_request_or_one_each(server: Server) -> None:
    wanted = requests(4, 5)
    all_answers(OpenAIEngine([asked(server.url, n=5)]), wanted)
    assert sorted(e["n"] for e in server.log()) == [5] * 4
    server.set()
    single = [r.part(draw, 1) for r in wanted for draw in range(5)]
    found = all_answers(OpenAIEngine([asked(server.url)]), single)
    assert keys(found) == wanted_keys(wanted)
    assert {e["n"] for e in server.log()} == {1}
    assert sorted(e["seed"] for e in server.log()) == [
        SEED * (i + 1) + draw for i in range(4) for draw in range(5)
    ]


def test_a_server_that_ignores_n(server: Server) -> None:
    """Every draw comes all the same, with its own seed."""
    server.set(allows_n=False)
    engine = OpenAIEngine([asked(server.url, n=3)])
    found = all_answers(engine, requests(2, 3))
    assert sorted(a.text or "" for a in found) == [
        f"prompt {i} | {SEED * (i + 1) + draw}" for i in range(2) for draw in range(3)
    ]
    assert engine.tallies["m"].faults == {"wrong_n": 4}


def test_a_slow_model_holds_no_other_up(server: Server) -> None:
    """100 requests of `fast` come while the first of `slow` are under way."""
    server.set(slow={"slow": 2.0})
    engine = OpenAIEngine(
        [asked(server.url, name=name, max_concurrency=4) for name in ("slow", "fast")]
    )
    wanted = {name: requests(100, model=name) for name in ("slow", "fast")}
    started, n_fast = time.monotonic(), 0
    running = engine.answers({name: pages(own) for name, own in wanted.items()})
    for batch in running:
        n_fast += sum(a.request.model == "fast" for a in batch)
        if n_fast == 100:
            break
    running.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 2.0


def test_requests_are_drawn_as_they_are_needed(server: Server) -> None:
    server.set(slow={"m": 0.5})
    drawn: list[int] = []

    def one_by_one() -> Iterator[list[Request]]:
        for i, request in enumerate(requests(5_000)):
            drawn.append(i)
            yield [request]

    running = OpenAIEngine([asked(server.url)]).answers({"m": one_by_one()})
    assert any(len(batch) > 0 for batch in running)
    running.close()  # type: ignore[attr-defined]
    assert len(drawn) < 500


def test_something_is_yielded_while_nothing_comes(server: Server) -> None:
    server.set(latency_s=1.5)
    engine = OpenAIEngine([asked(server.url)])
    empty = [len(b) for b in engine.answers({"m": pages(requests(1))})].count(0)
    assert empty >= 3


def test_concurrency_grows_to_what_is_declared(server: Server) -> None:
    server.set(latency_s=0.2)
    engine = OpenAIEngine([asked(server.url, max_concurrency=24)])
    all_answers(engine, requests(200))
    assert server.most_under_way() == 24


def test_concurrency_falls_where_the_server_asks_for_it(server: Server) -> None:
    """A server that takes 10 at once refuses few of 600 requests."""
    server.set(latency_s=0.02, most_at_once=10, retry_after="0.01")
    wanted = requests(600)
    engine = OpenAIEngine([asked(server.url)])
    assert keys(all_answers(engine, wanted)) == wanted_keys(wanted)
    assert 0 < server.came_to()["429"] < 120


def test_a_server_that_is_busy_before_its_first_answer(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there, and its answers take long: no reason to think it is not."""
    monkeypatch.setattr(client_module, "PATIENCE_S", (0.2, 600.0))
    monkeypatch.setattr(client_module, "FIRST_WAIT_S", 0.01)
    server.set(latency_s=1.0, most_at_once=4, retry_after="")
    wanted = requests(8)
    engine = OpenAIEngine([asked(server.url)])
    assert keys(all_answers(engine, wanted)) == wanted_keys(wanted)
    assert engine.tallies["m"].faults["429"] > 0


def test_two_base_urls_share_the_work(server: Server) -> None:
    server.set(latency_s=0.01)
    with served(latency_s=0.01) as other:
        wanted = requests(200)
        engine = OpenAIEngine([asked(server.url, other.url)])
        assert keys(all_answers(engine, wanted)) == wanted_keys(wanted)
        shares = [len(server.log()), len(other.log())]
    assert sum(shares) == 200
    assert min(shares) > 50


def test_a_base_url_that_is_down_is_left_alone(server: Server) -> None:
    with served() as gone:
        pass
    wanted = requests(200)
    engine = OpenAIEngine([asked(gone.url, server.url)])
    assert keys(all_answers(engine, wanted)) == wanted_keys(wanted)
    assert engine.tallies["m"].faults["unreachable"] <= 30


@pytest.mark.parametrize("fault", ["500", "not_json", "disconnect"])
def test_a_base_url_that_only_fails_is_left_alone(server: Server, fault: str) -> None:
    """It fails faster than the other answers, so it always has room."""
    server.set(latency_s=0.05)
    with served(faults={fault: 1.0}) as broken:
        wanted = requests(300)
        found = all_answers(OpenAIEngine([asked(server.url, broken.url)]), wanted)
        assert keys(found) == wanted_keys(wanted)
        assert len(broken.log()) < 30


def test_no_server_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "PATIENCE_S", (0.0, 600.0))
    with served() as gone:
        pass
    with pytest.raises(EngineError, match="nothing came from") as raised:
        all_answers(OpenAIEngine([asked(gone.url)]), requests(3))
    assert gone.url in str(raised.value)


def test_a_limit_of_requests(server: Server) -> None:
    server.set(latency_s=0.01)
    engine = OpenAIEngine([asked(server.url, limits=Limits(requests=30))])
    assert len(all_answers(engine, requests(100))) == 30
    assert engine.tallies["m"].limit == "30 requests"
    assert len(server.log()) == 30


@pytest.mark.parametrize(
    ("limits", "said"),
    [(Limits(tokens=500), "500 tokens"), (Limits(usd=0.5), "0.50 US dollars")],
)
def test_a_limit_of_tokens_or_money(server: Server, limits: Limits, said: str) -> None:
    """Each request has 7 + 3 tokens, at 1,000 dollars for a million: 0.01 dollars."""
    server.set(latency_s=0.01)
    price = Price(input_usd=1_000, output_usd=1_000, as_of="today")
    one = asked(server.url, limits=limits, price=price, max_concurrency=4)
    engine = OpenAIEngine([one])
    found = all_answers(engine, requests(200))
    assert engine.tallies["m"].limit == said
    assert 40 <= len(found) <= 50


@pytest.mark.parametrize("limits", [Limits(tokens=50), Limits(usd=1.0)])
def test_a_limit_that_cannot_be_held_stops_the_run(
    server: Server, limits: Limits
) -> None:
    """A server that counts no tokens; what has come is kept."""
    uncounted = {"body": {"usage": None}}
    server.set(scripted={f"prompt {i}": uncounted for i in range(60)})
    price = Price(input_usd=1.0, output_usd=1.0, as_of="today")
    engine = OpenAIEngine([asked(server.url, price=price, limits=limits)])
    with pytest.raises(EngineError, match="does not say how many tokens"):
        all_answers(engine, requests(60))
    assert 1 <= engine.tallies["m"].answers < 20


def test_a_limit_of_one_model_stops_no_other(server: Server) -> None:
    wanted = requests(60, model="a") + requests(60, model="b")
    limited = asked(server.url, name="a", limits=Limits(requests=5))
    engine = OpenAIEngine([limited, asked(server.url, name="b")])
    models = [a.request.model for a in all_answers(engine, wanted)]
    assert (models.count("a"), models.count("b")) == (5, 60)


def test_a_request_that_always_fails_is_left(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "FIRST_WAIT_S", 0.01)
    server.set(scripted={"prompt 3": {"status": 500}})
    wanted = requests(10)
    engine = OpenAIEngine([asked(server.url)])
    found = all_answers(engine, wanted)
    assert keys(found) == wanted_keys(wanted[:3] + wanted[4:])
    tally = engine.tallies["m"]
    assert (tally.left, tally.faults) == (1, {"500": 8})
    assert tally.last_fault == "500: 500 {}, 8 times"


def test_a_server_that_only_fails_ends_the_run(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "FIRST_WAIT_S", 0.001)
    server.set(faults={"500": 1.0})
    with pytest.raises(EngineError, match="20 requests in a row were not answered"):
        all_answers(OpenAIEngine([asked(server.url)]), requests(100))


def test_nothing_but_pages_of_html_ends_the_run_at_once(server: Server) -> None:
    """Three are enough, whether of one request or of several."""
    for n_prompts in (1, 100):
        server.set(faults={"html": 1.0})
        with pytest.raises(EngineError, match="pages of HTML came, 3 times"):
            all_answers(OpenAIEngine([asked(server.url)]), requests(n_prompts))
        assert 3 <= len(server.log()) < 20  # others were under way by then


def test_pages_of_html_among_answers_are_tried_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prompt that always meets one is left, as with any other fault."""
    monkeypatch.setattr(client_module, "FIRST_WAIT_S", 0.01)
    server.set(scripted={"prompt 3": {"fault": "html"}})
    wanted = requests(10)
    engine = OpenAIEngine([asked(server.url)])
    found = all_answers(engine, wanted)
    assert keys(found) == wanted_keys(wanted[:3] + wanted[4:])
    tally = engine.tallies["m"]
    assert (tally.left, tally.faults) == (1, {"html": 8})
    assert tally.last_fault.startswith(
        "html: text/html; charset=utf-8: <!DOCTYPE html> <title>Sign in</title>"
    )


def test_one_of_two_base_urls_that_gives_pages_of_html(server: Server) -> None:
    """It is named: its address is wrong whatever the other one answers."""
    server.set(latency_s=0.05)
    with served(faults={"html": 1.0}) as wrong:
        engine = OpenAIEngine([asked(server.url, wrong.url)])
        with pytest.raises(EngineError, match=f"{wrong.url}/chat/completions: exp"):
            all_answers(engine, requests(300))
    assert engine.tallies["m"].requests < 100


def test_an_error_of_whoever_gives_the_requests_is_raised(server: Server) -> None:
    def broken() -> Iterator[list[Request]]:
        yield requests(5)
        raise EngineError("the source broke")

    engine = OpenAIEngine([asked(server.url)])
    with pytest.raises(EngineError, match="the source broke"):
        list(engine.answers({"m": broken()}))

"""`fusemill sample` against a server: what is asked, what is recorded, what is not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from live_project import make, seed_of
from servers import Server, served

from small_project import SmallProject

ASKS = ["Name a colour.", "Name a fruit.", "今天天气好吗？"]


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as running:
        yield running


def texts(project: SmallProject) -> list[tuple[str, int, str]]:
    """(model, draw, text) of every answer."""
    rows = project.ask(
        "select model, draw, text from responses "
        "inner join response_texts using (response_id, prompt_id, text_id)"
    )
    return sorted((row["model"], row["draw"], row["text"]) for row in rows)


def expected(models: str, draws: int) -> list[tuple[str, int, str]]:
    """The server answers with the prompt and the seed that the contract gives."""
    return sorted(
        (model, draw, f"{ask} | {seed_of(ask, model, draw)}")
        for model in models.split(", ")
        for ask in ASKS
        for draw in range(draws)
    )


def test_from_prompts_to_a_release(server: Server, tmp_path: Path) -> None:
    project = make(tmp_path / "p", server.url, ASKS, "a, b", draws=2, n=2)
    said = project.ok("run").err
    assert "a: 6 new answers" in said
    assert "b: 6 new answers" in said
    assert texts(project) == expected("a, b", 2)
    assert {entry["n"] for entry in server.log()} == {2}
    (row,) = project.ask(
        "select distinct engine, finish_reason, n_input_tokens, n_output_tokens, "
        "is_blank, error, asked_at > '2026-01-01' as is_dated, latency_s > 0 as took "
        "from responses"
    )
    assert row == {
        "engine": "openai",
        "finish_reason": "stop",
        "n_input_tokens": 7,
        "n_output_tokens": 3,
        "is_blank": False,
        "error": None,
        "is_dated": True,
        "took": True,
    }
    assert project.outcomes() == {"asks": {"sft": 3}}
    assert (project.root / "releases/asked/1.0.0/README.md").exists()


def test_nothing_is_asked_twice(server: Server, tmp_path: Path) -> None:
    project = make(tmp_path / "p", server.url, ASKS, "a, b", draws=2)
    project.ok("prompts")
    project.ok("sample")
    assert len(server.log()) == 12
    assert "0 new answers, nothing is missing" in project.ok("sample").err
    assert len(server.log()) == 12


def test_another_temperature_asks_again(server: Server, tmp_path: Path) -> None:
    project = make(tmp_path / "p", server.url, ASKS)
    project.ok("prompts")
    project.ok("sample")
    project.change("registry/models.yaml", "0.5", "0.75")
    said = project.ok("sample").err
    assert "3 answers belong to other configurations and stay" in said
    assert len(server.log()) == 6
    rows = project.ask("select config_hash, count(*) as n from responses group by 1")
    assert [row["n"] for row in rows] == [3, 3]


def test_shards_ask_apart(server: Server, tmp_path: Path) -> None:
    asks = [f"Name the number {i}." for i in range(20)]
    project = make(tmp_path / "p", server.url, asks)
    project.ok("prompts")
    project.ok("sample", "--shard", "0/2")
    n_first = len(server.log())
    assert 0 < n_first < 20
    project.ok("sample", "--shard", "1/2")
    assert sorted(e["prompt"] for e in server.log()) == sorted(asks)


def test_a_shard_started_again_goes_on(server: Server, tmp_path: Path) -> None:
    """No snapshot is made in between."""
    asks = [f"Name the number {i}." for i in range(20)]
    limits = {"requests": 3}
    project = make(tmp_path / "p", server.url, asks, draws=2, n=2, limits=limits)
    project.ok("prompts")
    for _ in range(2):
        project.ok("sample", "--shard", "0/2")
    assert len({e["prompt"] for e in server.log()}) == 6
    project.change("registry/endpoints.yaml", '"requests": 3', '"requests": null')
    project.ok("sample", "--shard", "0/2")
    n_ours = len(server.log())
    assert "a: " not in project.ok("sample", "--shard", "0/2").err
    assert len({e["prompt"] for e in server.log()}) == len(server.log()) == n_ours


def test_a_system_prompt_with_and_without_its_role(
    server: Server, tmp_path: Path
) -> None:
    project = make(tmp_path / "p", f"{server.root}/whole/v1", ASKS[:1])
    project.change("registry/models.yaml", '"role"', '"system": "Be brief.", "role"')
    project.ok("prompts")
    project.ok("sample")
    project.change("registry/models.yaml", "Be brief.", "Be kind.")
    project.change("registry/models.yaml", '"role"', '"system_role": false, "role"')
    project.ok("sample")
    sent = [entry["body"]["messages"] for entry in server.log()]
    assert sent == [
        [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": ASKS[0]},
        ],
        [{"role": "user", "content": f"Be kind.\n\n{ASKS[0]}"}],
    ]


def test_where_a_model_is_served_is_not_its_identity(
    server: Server, tmp_path: Path
) -> None:
    project = make(tmp_path / "p", "${WHERE}", ASKS, served_as="mine")
    project.ok("prompts")
    with served() as other:
        both = f"{server.url}, {other.url}"
        assert project.cli("sample", env={"WHERE": both}).code == 0
        found = server.log() + other.log()
    assert {entry["model"] for entry in found} == {"mine"}
    project.change("registry/endpoints.yaml", "mine", "yours")
    assert project.cli("sample", env={"WHERE": server.url}).code == 0
    assert len(found) == 3
    assert {e["model"] for e in server.log()} <= {"mine"}


def test_a_limit_stops_one_model_and_says_so(server: Server, tmp_path: Path) -> None:
    project = make(tmp_path / "p", server.url, ASKS, draws=2, limits={"requests": 4})
    project.ok("prompts")
    said = project.ok("sample").err
    assert "a: 4 new answers; stopped at its limit of 4 requests, 2 are still" in said
    assert "a: 2 new answers" in project.ok("sample").err
    assert len(server.log()) == 6


def test_doctor_sees_endpoints_and_variables(server: Server, tmp_path: Path) -> None:
    project = make(tmp_path / "p", "${WHERE}", ASKS, "a, b", key_env="A_KEY")
    said = project.cli("doctor", env={"A_KEY": "k", "WHERE": ""}).out
    assert "environment variable WHERE is not set" in said
    assert "A_KEY" not in said
    project.change("registry/endpoints.yaml", '"b"', '"a-b"')
    assert "no such model" in project.cli("doctor").err
    project.write("registry/endpoints.yaml", '{"endpoints": {}}')
    found = project.cli("doctor")
    assert found.code == 1
    assert "no endpoint for `a`" in found.out
    assert server.log() == []

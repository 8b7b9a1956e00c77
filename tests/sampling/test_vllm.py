"""Engine `vllm`, both ways, over a tiny random Llama: `make test-vllm`."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_project import declare, make, pinned
from tiny_models import conversation

import vllm_server
from small_project import SmallProject
from vllm_server import HEADS, PYTHON, Server, environment

pytestmark = pytest.mark.vllm

SIZES = {**HEADS, "max_position_embeddings": 128}
ASKS = [conversation(n, n)[0]["content"] for n in (2, 9, 5, 14, 3, 7, 11, 6)]
DRAWS = 5
HERE = {"enforce_eager": True, "max_num_seqs": 16}
ROWS = (
    "select prompt_id, draw, text, finish_reason, reasoning, engine, error, "
    "n_input_tokens, n_output_tokens, asked_at > '2026-01-01' as is_dated, "
    "latency_s > 0 as took from responses "
    "left join response_texts using (response_id, prompt_id, text_id) order by all"
)


def new(root: Path, asks: list[str] = ASKS, draws: int = DRAWS) -> SmallProject:
    """A project whose model vLLM runs in the process that samples."""
    made = make(root, asks, draws, "llama", engine="vllm", **SIZES)
    declare(made, {"llama": pinned(made, "llama")}, vllm=HERE)
    made.ok("prompts")
    return made


def serve(project: SmallProject, url: str, n: int) -> None:
    """Declare a server, which then is asked instead."""
    endpoint = {"base_urls": [url], "n": n}
    project.write(
        "registry/endpoints.yaml", json.dumps({"endpoints": {"llama": endpoint}})
    )


def command(project: SmallProject, *words: str) -> list[str]:
    """A command line in the environment of vLLM."""
    return [str(PYTHON), "-m", "fusemill", *words, "--project", str(project.root)]


def sample_there(project: SmallProject) -> str:
    done = subprocess.run(
        command(project, "sample"), env=environment(), capture_output=True, check=False
    )
    said = done.stderr.decode()
    assert done.returncode == 0, said
    return said


def rows(project: SmallProject) -> list[dict[str, Any]]:
    found = project.ask(ROWS)
    assert isinstance(found, list)
    return found


def texts(project: SmallProject) -> dict[tuple[str, int], str]:
    return {(r["prompt_id"], r["draw"]): r["text"] for r in rows(project)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("server")
    folder = new(root / "p").root / "weights/llama"
    log = root / "log"
    with vllm_server.served(folder, "made-up/llama", log) as running:
        yield running


@pytest.fixture(scope="module")
def asked(server: Server, tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """A project that has asked the server for five draws a request."""
    project = new(tmp_path_factory.mktemp("served") / "p")
    serve(project, server.url, DRAWS)
    assert "llama: 40 new answers" in project.ok("sample").err
    return project


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """The same project, sampled where vLLM is, in its process."""
    project = new(tmp_path_factory.mktemp("process") / "p")
    assert "llama: 40 new answers" in sample_there(project)
    return project


def test_a_server_is_asked_once_for_every_draw(
    asked: SmallProject, server: Server
) -> None:
    found = rows(asked)
    assert len(found) == len({(r["prompt_id"], r["draw"]) for r in found}) == 40
    assert {r["draw"] for r in found} == set(range(DRAWS))
    assert {r["finish_reason"] for r in found} <= {"stop", "length"}
    before = asked.parts(), server.n_answers()
    asked.ok("sample")
    assert (asked.parts(), server.n_answers()) == before


def test_a_seed_gives_the_same_text_alone_and_among_others(
    asked: SmallProject, server: Server, tmp_path: Path
) -> None:
    again = new(tmp_path / "again")
    serve(again, server.url, DRAWS)
    alone = new(tmp_path / "alone")
    serve(alone, server.url, 1)
    before = server.n_answers()
    again.ok("sample")
    alone.ok("sample")
    assert server.n_answers() == before + 80
    assert texts(asked) == texts(again) == texts(alone)
    assert len(set(texts(asked).values())) > 30


def test_in_process_the_rows_are_those_of_the_server(
    run: SmallProject, asked: SmallProject
) -> None:
    here, there = rows(run), rows(asked)
    # A server counts the tokens of a request as a whole.
    for found in (here, there):
        for row in found:
            assert row["n_output_tokens"] > 0
    assert sum(r.pop("n_output_tokens") for r in here) == sum(
        r.pop("n_output_tokens") for r in there
    )
    assert here == there
    assert {(r["engine"], r["is_dated"], r["took"]) for r in here} == {
        ("vllm", True, True)
    }


def test_sampled_there_and_released_here(run: SmallProject) -> None:
    before = run.parts()
    sample_there(run)
    assert run.parts() == before
    said = run.ok("run").err
    assert "new answers" not in said
    assert (run.root / "releases/asked/1.0.0/README.md").exists()


def test_greedy_texts_are_those_of_transformers(tmp_path: Path) -> None:
    long = " ".join(f"w{n % 56}" for n in range(126))
    project = new(tmp_path / "p", [*ASKS, long], draws=2)
    keys = {"temperature": 0.0, "max_tokens": 12, "repetition_penalty": 1.3}
    model = pinned(project, "llama", sampling=keys)
    declare(project, {"llama": model}, vllm=HERE)
    assert "llama: 18 new answers, 2 of them refusals" in sample_there(project)
    other = make(tmp_path / "o", [*ASKS, long], 2, "llama", **SIZES)
    declare(other, {"llama": pinned(other, "llama", sampling=keys)})
    other.ok("prompts")
    other.ok("sample")
    for found, expected in zip(rows(project), rows(other), strict=True):
        assert found["error"] == expected["error"]
        # A word of this tokenizer begins with a blank to vLLM, also the first.
        assert (found.pop("text") or "").strip() == (expected.pop("text") or "")
        assert (found.pop("engine"), expected.pop("engine")) == ("vllm", "transformers")
        assert found == expected
    assert [r["error"] for r in rows(project) if r["error"]] == [
        "too long: the prompt has 128 tokens, and the model's context 128"
    ] * 2


def test_a_killed_run_goes_on_and_leaves_no_process(tmp_path: Path) -> None:
    asks = [
        conversation(1 + n % 12, n)[0]["content"] + f" w{n % 50}" for n in range(50)
    ]
    project = new(tmp_path / "p", asks, 40)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command(project, "sample"), env=environment(), stdout=log, stderr=log
        )
        folder = project.root / "warehouse/parts/responses"
        while not list(folder.rglob("*.parquet")):
            assert process.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.05)
        below = descendants(process.pid)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert below
    until = time.monotonic() + 60
    while any(alive(pid) for pid in below):
        assert time.monotonic() < until, "vLLM's processes outlive the run"
        time.sleep(0.2)
    kept = project.parts()
    project.ok("warehouse", "rebuild")
    (count,) = project.ask("select count(*) as n from responses")
    assert 0 < count["n"] < 2000
    assert f"llama: {2000 - count['n']:,} new answers" in sample_there(project)
    assert kept.items() <= project.parts().items()
    (whole,) = project.ask(
        "select count(*) as n, count(distinct (prompt_id, draw)) as n_keys "
        "from responses"
    )
    assert whole == {"n": 2000, "n_keys": 2000}


def descendants(pid: int) -> set[int]:
    """Every process below this one."""
    children = Path(f"/proc/{pid}/task").glob("*/children")
    direct = {int(word) for path in children for word in path.read_text().split()}
    return direct.union(*(descendants(child) for child in direct))


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )
    except OSError:
        return False


def test_weights_that_vllm_cannot_load(tmp_path: Path) -> None:
    project = new(tmp_path / "p")
    config = project.root / "weights/llama/config.json"
    config.write_text(config.read_text().replace("LlamaForCausalLM", "NoSuchModel"))
    declare(project, {"llama": pinned(project, "llama")}, vllm=HERE)
    done = subprocess.run(
        command(project, "sample"), env=environment(), capture_output=True, check=False
    )
    assert done.returncode == 1
    assert "models.llama: vLLM cannot load" in done.stderr.decode()
    assert "NoSuchModel" in done.stderr.decode()

"""`fusemill run` and `sample` with engine `transformers`, end to end."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from local_project import SAMPLING, declare, digest, make, pinned, seed_of
from local_runs import answers, request
from tiny_models import conversation

from small_project import SmallProject, refused

ASKS = [conversation(n, n)[0]["content"] for n in (2, 9, 5)]
TEXTS = (
    "select model, prompt_id, draw, text from responses "
    "inner join response_texts using (response_id, prompt_id, text_id)"
)


def test_from_prompts_to_a_release_and_nothing_asked_again(tmp_path: Path) -> None:
    project = make(tmp_path / "p", ASKS, 3, "llama", "mistral")
    said = project.ok("run").err
    assert "llama: 9 new answers" in said
    assert "mistral: 9 new answers" in said
    found = sorted((r["model"], r["draw"], r["text"]) for r in project.ask(TEXTS))
    expected = []
    for kind in ("llama", "mistral"):
        asked = [
            request([{"role": "user", "content": a}], 3, 0, seed_of(project, a, kind))
            for a in ASKS
        ]
        of = answers(project.root / "weights" / kind, asked, **SAMPLING)
        expected += [(kind, a.draw, a.text) for a in of]
    assert found == sorted(expected)
    rows = project.ask(
        "select distinct engine, error, n_input_tokens > 3 as is_read, "
        "n_output_tokens between 1 and 16 as is_counted, asked_at > '2026-01-01' as "
        "is_dated, latency_s > 0 as took from responses"
    )
    assert rows == [
        {
            "engine": "transformers",
            "error": None,
            "is_read": True,
            "is_counted": True,
            "is_dated": True,
            "took": True,
        }
    ]
    assert (project.root / "releases/asked/1.0.0/README.md").exists()
    before = project.parts()
    shutil.rmtree(project.root / "weights")  # what needs no answer needs no weights
    project.ok("sample")
    assert project.parts() == before


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    asks = [
        conversation(1 + n % 12, n)[0]["content"] + f" w{n % 50}" for n in range(50)
    ]
    project = make(tmp_path / "p", asks, 40, "qwen2")
    declare(project, {"qwen2": pinned(project, "qwen2")}, batch_tokens=600)
    project.ok("prompts")
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "fusemill", "sample", "--project", project.root],
            stdout=log,
            stderr=log,
        )
        folder = project.root / "warehouse" / "parts" / "responses"
        while not list(folder.rglob("*.parquet")):
            assert process.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.05)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    kept = project.parts()
    project.ok("warehouse", "rebuild")
    (count,) = project.ask("select count(*) as n from responses")
    assert 0 < count["n"] < 2000
    said = project.ok("sample").err
    assert f"qwen2: {2000 - count['n']:,} new answers" in said
    assert kept.items() <= project.parts().items()
    (whole,) = project.ask(
        "select count(*) as n, count(distinct (prompt_id, draw)) as n_keys, "
        "count(distinct prompt_id) as n_prompts from responses"
    )
    assert whole == {"n": 2000, "n_keys": 2000, "n_prompts": 50}


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    made = make(tmp_path / "p", ASKS, 1, "llama")
    made.ok("prompts")
    return made


def test_weights_that_are_not_pinned(project: SmallProject) -> None:
    model = pinned(project, "llama")
    sha256 = model.pop("weights_sha256")
    declare(project, {"llama": model})
    said = project.cli("doctor")
    assert said.code == 1
    assert "models.llama: no weights_sha256" in said.out
    refused(project.cli("sample"), "no weights_sha256", f"write {sha256}")
    project.write("registry/checkpoints.yaml", "checkpoints: {}\n")
    refused(project.cli("sample"), "models.llama: no revision; it must be the full")


def test_weights_that_are_others(project: SmallProject) -> None:
    config = project.root / "weights/llama/config.json"
    config.write_text(config.read_text() + "\n")
    found = digest(project.root / "weights" / "llama")
    said = project.cli("sample")
    refused(said, "models.llama.weights_sha256", f"found {found}", "expected")
    assert not (project.root / "warehouse/parts/responses").exists()


def test_the_digest_is_what_a_shell_gives(project: SmallProject) -> None:
    folder = project.root / "weights" / "llama"
    said = subprocess.run(
        "sha256sum *.safetensors *.json | LC_ALL=C sort -k2 | sha256sum",
        shell=True,
        cwd=folder,
        capture_output=True,
        check=True,
        text=True,
    )
    model = pinned(project, "llama", weights_sha256=said.stdout.split()[0])
    declare(project, {"llama": model})
    project.ok("sample")


def test_declarations_that_do_not_fit(project: SmallProject) -> None:
    model = pinned(project, "llama", sampling={"temperature": 0, "beams": 4})
    declare(project, {"llama": model})
    refused(project.cli("sample"), "models.llama.sampling.beams: engine", "top_k")
    assert "models.llama.sampling.beams: engine" in project.cli("doctor").out
    declare(project, {"llama": pinned(project, "llama")}, weights="weights/none")
    refused(project.cli("sample"), "llama.weights: no such folder: weights/none")
    project.write("registry/checkpoints.yaml", "checkpoints: {lama: {}}\n")
    refused(project.cli("sample"), "checkpoints.lama", "there are: llama")


def test_without_torch(project: SmallProject, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    said = project.cli("sample")
    refused(said, "needs torch and transformers", "pip install 'fusemill[train]'")

"""Engine `vllm`: which of its two ways a model goes, where vLLM is not installed."""

import json
import sys
from pathlib import Path

import pytest
from local_project import declare, make, pinned
from tiny_models import conversation

from small_project import SmallProject, refused

HERE = "vLLM runs it in this process, since it has no endpoint"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    monkeypatch.setitem(sys.modules, "vllm", None)  # as if it were not installed
    ask = conversation(3)[0]["content"]
    made = make(tmp_path / "p", [ask], 2, "llama", engine="vllm")
    made.ok("prompts")
    return made


def test_a_model_without_endpoint_runs_where_vllm_is(project: SmallProject) -> None:
    said = project.cli("doctor")
    assert said.code == 0
    assert f"models.llama: {HERE}" in said.out
    assert "pip install 'fusemill[vllm]'" in said.out
    refused(
        project.cli("sample"),
        "engine `vllm` is to run llama in this process. vLLM is not installed here",
        "pip install 'fusemill[vllm]'",
        "or serve it and declare its base URL in registry/endpoints.yaml",
    )
    assert not (project.root / "warehouse/parts/responses").exists()


def test_an_estimate_has_all_draws_of_a_prompt_in_a_request(
    project: SmallProject,
) -> None:
    (one,) = json.loads(project.ok("sample", "--dry-run", "--json").out)
    assert (one["engine"], one["n_missing"], one["n_requests"]) == ("vllm", 2, 1)


def test_a_model_with_an_endpoint_is_asked_there(project: SmallProject) -> None:
    # Nothing listens at the port for discarding.
    endpoint = {"base_urls": ["http://127.0.0.1:9/v1"], "key_env": "LLAMA_KEY"}
    project.write(
        "registry/endpoints.yaml", json.dumps({"endpoints": {"llama": endpoint}})
    )
    said = project.cli("doctor").out
    assert HERE not in said
    assert "environment variable LLAMA_KEY is not set" in said
    assert "checkpoints.llama: not read: llama is asked at its endpoint" in said
    refused(project.cli("sample"), "endpoints.llama: key_env: environment variable")


def test_what_its_declarations_lack(project: SmallProject) -> None:
    model = pinned(project, "llama")
    sha256 = model.pop("weights_sha256")
    declare(project, {"llama": model})
    said = project.cli("doctor")
    assert said.code == 1
    assert "no weights_sha256, so that other weights would be the same " in said.out
    assert f"write {sha256}" in said.out
    assert HERE in said.out
    project.write("registry/checkpoints.yaml", "checkpoints: {}\n")
    assert "models.llama: no revision" in project.cli("doctor").out
    declare(project, {"llama": pinned(project, "llama", sampling={"min_tokens": 2})})
    assert "engine `vllm` has no such sampling key" in project.cli("doctor").out
    declare(project, {"llama": pinned(project, "llama")}, vllm={"dtype": "half"})
    refused(project.cli("doctor"), "key `checkpoints.llama.vllm.dtype`")

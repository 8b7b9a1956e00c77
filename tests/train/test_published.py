"""Trained on a published commit, and published: against a Hub of one's own."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import HubServer, served
from huggingface_hub import constants
from ruamel.yaml import YAML
from small_training import Training, make, record
from target_families import LLAMA

from needs_torch import torch  # noqa: F401
from small_project import Said, fusemill

DATA, MODEL = "team/little", "team/little-sft"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    # As HF_HUB_DISABLE_XET=1, which is read when the library is imported.
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    with served(tmp_path / "hub") as server:
        yield server


def published(training: Training, hub: HubServer) -> str:
    """Upload the release, note the commit in its entry, keep no copy here."""
    folder = training.workdir / "releases" / "little" / "1.0.0"
    hub.api.create_repo(DATA, repo_type="dataset", exist_ok=True)
    done = hub.api.upload_folder(repo_id=DATA, folder_path=folder, repo_type="dataset")
    entry = training.workdir / "registry" / "releases" / "little" / "1.0.0.yaml"
    data = YAML(typ="safe", pure=True).load(entry.read_text("utf-8"))
    place = {"repo": DATA, "commit": done.oid, "tag": "v1.0.0"}
    data["published"] = [{**place, "published_at": "2026-01-01T00:00:00+00:00"}]
    with entry.open("w") as out:
        YAML().dump(data, out)
    shutil.rmtree(training.workdir / "releases")
    return str(done.oid)


def run(training: Training, hub: HubServer, token: str) -> Said:
    words = training.command("sft", "sft", "--push-to", MODEL)
    env = {"HF_ENDPOINT": hub.url, "HF_TOKEN": token}
    return fusemill(*words, env={**training.env(), **env})


def test_from_a_commit_to_a_model_repository(tmp_path: Path, hub: HubServer) -> None:
    training = make(tmp_path, LLAMA, report_to=["tensorboard"])
    commit = published(training, hub)
    said = run(training, hub, hub.token)
    assert said.code == 0, said.err
    data = record(tmp_path / "sft")["data"]
    assert (data["repo"], data["commit"]) == (DATA, commit)
    assert hub.api.repo_info(MODEL).private
    files = hub.api.list_repo_files(MODEL)
    assert {"README.md", "config.json", "model.safetensors"} <= set(files)
    assert not [name for name in files if "checkpoint" in name]
    there = hub.api.hf_hub_download(MODEL, "config.json", local_dir=tmp_path / "d")
    config = json.loads(Path(there).read_text("utf-8"))
    assert config["fusemill"]["data"]["commit"] == commit
    (events,) = (tmp_path / "sft").glob("runs/*/events.*")
    assert commit.encode() in events.read_bytes()
    card = hub.api.hf_hub_download(MODEL, "README.md", local_dir=tmp_path / "d")
    assert f"at commit `{commit}`" in Path(card).read_text("utf-8")
    assert hub.api.model_info(MODEL).card_data.to_dict() == {
        "base_model": "meta-llama/Llama-3.1-8B-Instruct",
        "datasets": [DATA],
        "library_name": "transformers",
        "license": "llama3.1",
        "pipeline_tag": "text-generation",
        "tags": ["fusemill", "sft"],
    }
    for name in files:
        path = hub.api.hf_hub_download(MODEL, name, local_dir=tmp_path / "d")
        assert str(tmp_path).encode() not in Path(path).read_bytes(), name

    # Finished: only pushed again. Without the right to, it is said and nothing lost.
    refused = run(training, hub, hub.read_token)
    assert refused.code == 1
    assert f"--push-to {MODEL}: " in refused.err
    assert "set HF_TOKEN" in refused.err
    assert hub.read_token not in refused.err

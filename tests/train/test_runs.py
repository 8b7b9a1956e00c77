"""Whole commands on tiny random models of the three families' architectures."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_training import (
    ROOT,
    Training,
    make,
    record,
    weights,
)
from target_families import FAMILIES, LLAMA, QWEN, Family

from fusemill.checkpoints.folders import sha256_folder
from fusemill.errors import LockError
from fusemill.locks import training_lock
from needs_torch import torch
from small_project import fusemill


def called(training: Training, stage: str, output: str, *options: str) -> Path:
    """Run a command in this process; returns the output folder."""
    words = training.command(stage, output, *options)
    said = fusemill(*words, env=training.env())
    assert said.code == 0, said.err
    assert said.out == f"{training.workdir / output}\n"
    return training.workdir / output


def state(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def config(folder: Path) -> dict[str, Any]:
    """config.json, without what training adds to it."""
    found = json.loads((folder / "config.json").read_text("utf-8"))
    found.pop("fusemill", None)
    return dict(found)


def changed(before: Path, after: Path) -> bool:
    old, new = state(before), state(after)
    assert old.keys() == new.keys()
    return any(not torch.equal(old[name], new[name]) for name in old)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.kind)
def test_sft_then_dpo(family: Family, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    training = make(tmp_path, family)
    sft = called(training, "sft", "sft")
    dpo = called(training, "dpo", "dpo", "--model", str(sft))
    assert changed(training.base, sft)
    assert changed(sft, dpo)
    said = record(dpo)
    # 40 pairs are 5 steps of 8; checkpoints every 2, and of those the last two.
    assert said["result"]["steps"] == 5
    assert [one["step"] for one in said["result"]["candidates"]] == [2, 4]
    assert {p.name for p in dpo.glob("checkpoint-*")} == {
        "checkpoint-2",
        "checkpoint-4",
        "checkpoint-5",
    }
    assert weights(dpo) == weights(dpo / said["result"]["chosen"])
    assert weights(dpo / "final") == weights(dpo / "checkpoint-5")
    assert (dpo / "curves.png").read_bytes().startswith(b"\x89PNG")
    AutoModelForCausalLM.from_pretrained(dpo)
    # Users read what the source says, also that it generates with a cache.
    base = config(training.base)
    assert base["use_cache"] is True
    assert config(dpo) == base
    assert config(dpo / "final") == base
    tokenizer = AutoTokenizer.from_pretrained(dpo)
    opening = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], tokenize=False
    ).partition("Hi")[0]
    assert opening == said["target"]["template"]["opening"]


def test_the_data_is_named_everywhere(tmp_path: Path) -> None:
    training = make(tmp_path, LLAMA, report_to=["tensorboard"])
    sft = called(training, "sft", "sft")
    entry = (tmp_path / "registry/releases/little/1.0.0.yaml").read_text("utf-8")
    data = json.loads((sft / "config.json").read_text("utf-8"))["fusemill"]["data"]
    assert data["name"] == "little"
    assert data["release_id"] in entry
    assert data["files"]["sft/train.parquet"] in entry
    assert record(sft)["data"] == data
    card = (sft / "README.md").read_text("utf-8")
    assert data["release_id"] in card
    assert data["files"]["sft/train.parquet"] in card
    (events,) = sft.glob("runs/*/events.*")
    tracked = f"sft llama-3.1-8b-instruct {data['release_id']}"
    assert tracked.encode() in events.read_bytes()

    dpo = called(training, "dpo", "dpo", "--model", str(sft))
    trained = json.loads((dpo / "config.json").read_text("utf-8"))["fusemill"]
    assert trained["stage"] == "dpo"
    assert trained["model"]["earlier"]["stage"] == "sft"
    assert trained["model"]["earlier"]["data"] == data
    card = (dpo / "README.md").read_text("utf-8")
    assert "Those weights were made by: Supervised fine-tuning of `meta-llama/" in card


@pytest.mark.parametrize(
    "family", [LLAMA, *(pytest.param(f, marks=pytest.mark.slow) for f in FAMILIES[1:])]
)
def test_adapters_are_merged_into_the_weights(family: Family, tmp_path: Path) -> None:
    training = make(tmp_path, family)
    sft = called(training, "sft", "sft", "--lora")
    dpo = called(training, "dpo", "dpo", "--lora", "--model", str(sft))
    assert changed(training.base, sft)
    assert changed(sft, dpo)
    assert (dpo / "final" / "adapter_model.safetensors").is_file()
    assert not list(dpo.glob("adapter*"))
    card = (sft / "README.md").read_text("utf-8")
    assert "\n| learning_rate | 0.01 |\n" in card  # of the target, times 10
    assert "LoRA of rank 16, alpha 32, dropout 0.0 on all-linear, merged" in card
    assert "\n| rows | 16 |\n" in card
    # Frozen by adapters: what is no linear layer.
    old, new = state(training.base), state(dpo)
    name = "model.embed_tokens.weight"
    assert torch.equal(old[name], new[name])


def test_two_equal_runs_are_one_model(tmp_path: Path) -> None:
    training = make(tmp_path, QWEN)
    one, two = (called(training, "sft", name) for name in ("one", "two"))
    # Only how long they took differs; DPO names them alike, and finds its reference.
    assert sha256_folder(one) == sha256_folder(two)
    assert (one / "trainer_state.json").is_file()


def test_a_source_that_has_no_cache_keeps_to_it(tmp_path: Path) -> None:
    training = make(tmp_path, LLAMA)
    path = training.base / "config.json"
    text = path.read_text("utf-8")
    path.write_text(text.replace('"use_cache": true', '"use_cache": false'), "utf-8")
    sft = called(training, "sft", "sft", "--lora")
    assert config(sft)["use_cache"] is False


def test_the_same_pin_and_seed_give_the_same_weights(tmp_path: Path) -> None:
    training = make(tmp_path, QWEN)
    one, two = called(training, "dpo", "one"), tmp_path / "two"
    done = training.run("dpo", "two")
    assert done.returncode == 0, done.stderr
    assert "it/s" not in done.stderr  # no bars of the libraries beside our own line
    assert weights(one / "final") == weights(two / "final")
    assert record(one) == record(two)


@pytest.mark.parametrize(
    ("stage", "options"),
    [
        ("sft", []),
        pytest.param("dpo", [], marks=pytest.mark.slow),
        pytest.param("sft", ["--lora"], marks=pytest.mark.slow),
        pytest.param("dpo", ["--lora"], marks=pytest.mark.slow),
    ],
)
def test_killed_and_run_again_it_ends_with_the_same_weights(
    stage: str, options: list[str], tmp_path: Path
) -> None:
    training = make(tmp_path, LLAMA)
    undisturbed = called(training, stage, "undisturbed", *options)
    # The first checkpoint is whole, the second is cut off.
    fault = "checkpoint.written#2"
    done = training.run(stage, "killed", *options, FUSEMILL_FAULT=fault)
    assert done.returncode == -signal.SIGKILL, done.stderr
    said = fusemill(*training.command(stage, "killed", *options), env=training.env())
    assert "goes on from checkpoint-2" in said.err
    killed = tmp_path / "killed"
    assert weights(killed) == weights(undisturbed)
    assert record(killed) == record(undisturbed)


@pytest.mark.parametrize(
    "point",
    [
        "training.written#1",  # what the run is
        "training.renamed#2",  # its card
        "training.written#3",  # what came of it
    ],
)
def test_killed_at_its_beginning_or_end_it_lacks_nothing(
    point: str, tmp_path: Path
) -> None:
    training = make(tmp_path, LLAMA)
    undisturbed = called(training, "sft", "undisturbed")
    done = training.run("sft", "killed", FUSEMILL_FAULT=point)
    assert done.returncode == -signal.SIGKILL, done.stderr
    killed = called(training, "sft", "killed")
    assert {p.name for p in killed.iterdir()} == {p.name for p in undisturbed.iterdir()}
    for name in ("model.safetensors", "README.md", "training.json"):
        assert (killed / name).read_bytes() == (undisturbed / name).read_bytes()


def test_two_runs_keep_apart(tmp_path: Path) -> None:
    training = make(tmp_path, LLAMA)
    with training_lock(tmp_path / "out", "fusemill train sft"):
        said = fusemill(*training.command("sft", "out"), env=training.env())
    assert said.code == LockError.exit_code
    assert "another run trains into this folder: process " in said.err
    called(training, "sft", "out")


def test_a_finished_run_is_not_made_again(tmp_path: Path) -> None:
    training = make(tmp_path, LLAMA)
    sft = called(training, "sft", "sft")
    before = (sft / "training.json").stat().st_mtime_ns
    said = fusemill(*training.command("sft", "sft"), env=training.env())
    assert (said.code, said.out) == (0, f"{sft}\n")
    assert "is finished, and left as it is" in said.err
    assert (sft / "training.json").stat().st_mtime_ns == before


def test_another_run_keeps_out_of_the_folder(tmp_path: Path) -> None:
    training = make(tmp_path, LLAMA)
    called(training, "sft", "out")
    said = fusemill(*training.command("dpo", "out"), env=training.env())
    assert said.code == 1
    assert "another run is there" in said.err


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["sft", "dpo"])
def test_the_scripts_run_alone_and_in_two_processes(stage: str, tmp_path: Path) -> None:
    training = make(tmp_path, LLAMA, steps__group_by_length=False)
    script = str(ROOT / "training" / f"{stage}.py")
    # What accelerate launch calls for GPUs; on a CPU it starts one process whatever.
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    alone = [sys.executable, script, *training.command(stage, "alone")[2:]]
    two = [
        *launch,
        "--nproc_per_node",
        "2",
        script,
        *training.command(stage, "two")[2:],
    ]
    for words in (alone, two):
        done = subprocess.run(
            words, env=training.env(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        output = words[words.index("--output") + 1]
        assert done.stdout == f"{output}\n"
    assert len(list((tmp_path / "two").glob("checkpoint-4/rng_state_*.pth"))) == 2
    one, other = (record(tmp_path / name)["result"] for name in ("alone", "two"))
    assert one["steps"] == other["steps"]
    # The same rows a step, so the same weights but for the order of sums.
    first, second = state(tmp_path / "alone"), state(tmp_path / "two")
    for name, tensor in first.items():
        torch.testing.assert_close(tensor, second[name], rtol=1e-3, atol=1e-4)

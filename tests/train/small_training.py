"""A tiny model of each family and a release of a few rows, written by the tests."""

import hashlib
import json
import os
import runpy
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from ruamel.yaml import YAML
from target_families import Family, write_tokenizer

from fusemill.errors import FusemillError
from fusemill.progress import Progress
from fusemill.project.project import Project
from fusemill.train.run import Asked, Run
from needs_torch import torch

ROOT = Path(__file__).resolve().parent.parent.parent
PIN = "little@1.0.0"
CONFIG: dict[str, dict[str, Any]] = {
    "llama": {"num_key_value_heads": 2},
    "qwen2": {"num_key_value_heads": 2},
    "gemma2": {"num_key_value_heads": 2, "head_dim": 8},
}

Message = dict[str, str]


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def assistant(text: str) -> Message:
    return {"role": "assistant", "content": text}


def examples(n: int) -> list[dict[str, Any]]:
    """SFT rows of different lengths."""
    return [
        {"messages": [user(f"{i} + 1" + "?" * (i % 5)), assistant(f"It is {i + 1}.")]}
        for i in range(n)
    ]


def pairs(n: int, first: int = 0) -> list[dict[str, Any]]:
    """DPO rows; the better answer is short, the worse one says more and is wrong."""
    return [
        {
            "prompt": [user(f"{i} + 1")],
            "chosen": [assistant(f"It is {i + 1}.")],
            "rejected": [assistant(f"Well, {i + 2}" + "!" * (i % 4))],
        }
        for i in range(first, first + n)
    ]


def write_release(workdir: Path, files: dict[str, list[dict[str, Any]]]) -> Path:
    """A release and its registry entry; returns the release's folder."""
    folder = workdir / "releases" / "little" / "1.0.0"
    entry = workdir / "registry" / "releases" / "little" / "1.0.0.yaml"
    shutil.rmtree(folder, ignore_errors=True)
    entry.parent.mkdir(parents=True, exist_ok=True)
    said = {}
    for name, rows in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame(rows).write_parquet(path)
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        said[name] = {"sha256": found, "bytes": path.stat().st_size}
    with entry.open("w") as out:
        YAML().dump(
            {
                "name": "little",
                "version": "1.0.0",
                "release_id": hashlib.sha256(repr(said).encode()).hexdigest()[:32],
                "created_at": "2026-01-01T00:00:00+00:00",
                "commit": None,
                "files": said,
            },
            out,
        )
    return folder


def write_base(folder: Path, family: Family) -> Path:
    """A random model of the family's architecture, with the family's tokenizer."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(7)
    config = AutoConfig.for_model(
        family.kind,
        vocab_size=family.vocab_size,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=512,
        bos_token_id=family.id(family.begin) if family.begin else None,
        eos_token_id=family.id(family.end_of_text),
        pad_token_id=family.id(family.end_of_text),
        tie_word_embeddings=False,
        **CONFIG[family.kind],
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return write_tokenizer(folder, family)


@dataclass(frozen=True)
class Training:
    """A folder with a release, weights and a target; commands run in processes."""

    workdir: Path
    family: Family

    @property
    def base(self) -> Path:
        return self.workdir / "base"

    def command(self, stage: str, output: str, *options: str) -> list[str]:
        """The command line, with this folder's release and target."""
        words = ["--target", self.workdir / "target.yaml", "--data", PIN]
        words += ["--output", self.workdir / output, "--project", ROOT]
        words += ["--workdir", self.workdir]
        if "--model" not in options:
            words += ["--model", self.base]
        return ["train", stage, *map(str, words), *options]

    def run(
        self, stage: str, output: str, *options: str, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `fusemill train` as a user would."""
        return subprocess.run(
            [sys.executable, "-m", "fusemill", *self.command(stage, output, *options)],
            env=self.env(**env),
            capture_output=True,
            text=True,
            check=False,
        )

    def env(self, **more: str) -> dict[str, str]:
        return {
            **os.environ,
            "FUSEMILL_CACHE": str(self.workdir / "cache"),
            "OMP_NUM_THREADS": "1",
            "HF_HUB_OFFLINE": "1",
            **more,
        }


def target(family: Family, **changes: Any) -> dict[str, Any]:
    """The family's target file with numbers for a few rows; `a__b` is key b of a."""
    path = ROOT / "training" / "targets" / f"{family.target}.yaml"
    data = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    small = {
        "precision": "float32",
        "gradient_checkpointing": False,
        "max_length": 256,
        "steps__batch": 8,
        "steps__save_every": 2,
        "steps__log_every": 1,
        "sft__learning_rate": 1e-3,
        "dpo__learning_rate": 1e-3,
        "report_to": [],
    }
    for key, value in {**small, **changes}.items():
        block, _, inner = key.partition("__")
        if inner:
            data[block][inner] = value
        else:
            data[block] = value
    return data


def make(
    workdir: Path,
    family: Family,
    files: dict[str, list[dict[str, Any]]] | None = None,
    **changes: Any,
) -> Training:
    """Everything that a run needs."""
    write_release(
        workdir,
        files
        or {
            "sft/train.parquet": examples(16),
            "dpo/train.parquet": pairs(40),
            "dpo/test.parquet": pairs(6, first=50),
        },
    )
    write_base(workdir / "base", family)
    with (workdir / "target.yaml").open("w") as out:
        YAML().dump(target(family, **changes), out)
    return Training(workdir, family)


def record(output: Path) -> dict[str, Any]:
    return json.loads((output / "training.json").read_text("utf-8"))


def weights(output: Path) -> bytes:
    return (output / "model.safetensors").read_bytes()


def project(workdir: Path) -> Project:
    return Project.load(ROOT, workdir=workdir)


def prepare(training: Training, stage: str = "sft", **changes: Any) -> Run:
    """A run that may start; FUSEMILL_CACHE has been set."""
    asked: dict[str, Any] = {
        "stage": stage,
        "target": str(training.workdir / "target.yaml"),
        "data": PIN,
        "output": training.workdir / "out",
        "model": training.base,
    }
    return Run(project(training.workdir), Asked(**{**asked, **changes}), Progress())


def why_it_ends(training: Training, stage: str = "sft") -> str:
    """What a run says that cannot come to its end."""
    run = prepare(training, stage)
    with pytest.raises(FusemillError) as said, run.alone():
        runpy.run_path(str(ROOT / "training" / f"{stage}.py"))["train"](run)
    return str(said.value)

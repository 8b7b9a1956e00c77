"""TRL and LLaMA-Factory on a pulled release: every row with its roles, and two steps.

LLaMA-Factory has an environment of its own: `make test-llamafactory`.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from reader import Reader

from needs_torch import torch  # noqa: F401
from small_project import ROOT

pytestmark = pytest.mark.slow

TINY = ROOT / "examples/micro/checkpoints/target"
THERE = Path(os.environ.get("FUSEMILL_LLAMAFACTORY", ROOT / ".venv-llamafactory/bin"))
SCRIPT = Path(__file__).with_name("llama_factory_rows.py")
STEPS = 2


def written(reader: Reader, name: str) -> list[dict[str, Any]]:
    """Rows of a file as it was before it was published."""
    return pl.read_parquet(reader.published.release / name).to_dicts()


def roles(messages: list[dict[str, str]]) -> list[str]:
    return [message["role"] for message in messages]


# --- TRL ----------------------------------------------------------------


def by_trl(file: Path) -> Any:
    from trl import DatasetMixtureConfig, get_dataset
    from trl.scripts.utils import DatasetConfig

    files = {"train": str(file)}
    config = DatasetConfig(path="parquet", data_files=files, split="train")
    return get_dataset(DatasetMixtureConfig(datasets=[config]))["train"]


def tiny() -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(TINY)
    return model, AutoTokenizer.from_pretrained(TINY)


def settings(folder: Path) -> dict[str, Any]:
    return {
        "output_dir": str(folder),
        "max_steps": STEPS,
        "per_device_train_batch_size": 2,
        "report_to": "none",
        "save_strategy": "no",
        "bf16": False,
        "use_cpu": True,
    }


def test_trl_trains_sft(reader: Reader, tmp_path: Path) -> None:
    from trl import SFTConfig, SFTTrainer

    reader.ok()
    rows = by_trl(reader.folder / "sft/train.parquet")
    assert rows.to_list() == written(reader, "sft/train.parquet")
    assert {tuple(roles(row["messages"])) for row in rows} == {("user", "assistant")}
    model, tokenizer = tiny()
    config = SFTConfig(**settings(tmp_path / "out"))
    trainer = SFTTrainer(
        model, args=config, train_dataset=rows, processing_class=tokenizer
    )
    assert trainer.train().global_step == STEPS


def test_trl_trains_dpo(reader: Reader, tmp_path: Path) -> None:
    from trl import DPOConfig, DPOTrainer

    reader.ok()
    rows = by_trl(reader.folder / "dpo/train.parquet")
    assert rows.to_list() == written(reader, "dpo/train.parquet")
    for row in rows:
        assert roles(row["prompt"]) == ["user"]
        assert roles(row["chosen"]) == roles(row["rejected"]) == ["assistant"]
    model, tokenizer = tiny()
    config = DPOConfig(**settings(tmp_path / "out"))
    trainer = DPOTrainer(
        model, args=config, train_dataset=rows, processing_class=tokenizer
    )
    assert trainer.train().global_step == STEPS


# --- LLaMA-Factory ------------------------------------------------------


def there(program: str, *arguments: object, home: Path) -> str:
    """Run a program of LLaMA-Factory's environment; what it prints."""
    if not (THERE / program).exists():
        pytest.skip(f"no {THERE / program}: `make test-llamafactory` sets it up")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    alone = {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [THERE / program, *map(str, arguments)],
        env={**inherited, **alone},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def aligned(reader: Reader, dataset: str, home: Path) -> list[dict[str, Any]]:
    """What LLaMA-Factory makes of each row of a pulled release."""
    printed = there("python", SCRIPT, reader.folder, dataset, home=home)
    found: list[dict[str, Any]] = json.loads(printed.splitlines()[-1])
    return found


def steps(reader: Reader, stage: str, folder: Path) -> int:
    """Train on a pulled release; how many steps were made."""
    config = folder / f"{stage}.yaml"
    declared = {
        **settings(folder / "out"),
        "stage": stage,
        "do_train": True,
        "finetuning_type": "full",
        "model_name_or_path": str(TINY),
        "dataset_dir": str(reader.folder),
        "dataset": f"small_{stage}",
        "template": "default",
        "cutoff_len": 512,
    }
    config.write_text(json.dumps(declared))
    there("llamafactory-cli", "train", config, home=folder / "hf")
    state = json.loads((folder / "out/trainer_state.json").read_text())
    n_steps: int = state["global_step"]
    return n_steps


def test_llama_factory_trains_sft(reader: Reader, tmp_path: Path) -> None:
    reader.ok()
    expected = [
        {"prompt": row["messages"][:-1], "response": row["messages"][-1:]}
        for row in written(reader, "sft/train.parquet")
    ]
    assert aligned(reader, "small_sft", tmp_path / "hf") == expected
    assert steps(reader, "sft", tmp_path) == STEPS


def test_llama_factory_trains_dpo(reader: Reader, tmp_path: Path) -> None:
    reader.ok()
    expected = [
        {"prompt": row["prompt"], "response": [*row["chosen"], *row["rejected"]]}
        for row in written(reader, "dpo/train.parquet")
    ]
    assert aligned(reader, "small_dpo", tmp_path / "hf") == expected
    assert steps(reader, "dpo", tmp_path) == STEPS

"""TRL on a pulled release: it loads every row with its roles, and trains on them."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from reader import Reader

from needs_torch import torch  # noqa: F401
from small_project import ROOT

pytestmark = pytest.mark.slow

TINY = ROOT / "examples/micro/checkpoints/target"
STEPS = 2


def written(reader: Reader, name: str) -> list[dict[str, Any]]:
    """Rows of a file as it was before it was published."""
    return pl.read_parquet(reader.published.release / name).to_dicts()


def roles(messages: list[dict[str, str]]) -> list[str]:
    return [message["role"] for message in messages]


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

"""Rows of a step, and layers that get adapters."""

from pathlib import Path
from typing import Any

import pytest
from small_training import make, prepare
from target_families import LLAMA

from fusemill.errors import TrainError
from fusemill.train.arguments import accumulation, lora
from needs_torch import torch  # noqa: F401


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSEMILL_CACHE", str(tmp_path / "cache"))


def test_a_batch_that_does_not_come_out_even(tmp_path: Path) -> None:
    steps = prepare(make(tmp_path, LLAMA)).target.steps  # 8 rows a step, 2 a pass
    assert [accumulation(steps, n) for n in (1, 2, 4)] == [4, 2, 1]
    with pytest.raises(TrainError, match="cannot be split evenly over 3 devices"):
        accumulation(steps, 3)


@pytest.mark.parametrize("modules", [["q_proj", "v_porj"], ".*v_porj"])
def test_adapters_for_a_layer_that_is_not_there(modules: Any, tmp_path: Path) -> None:
    run = prepare(make(tmp_path, LLAMA, lora__modules=modules), lora=True)
    with pytest.raises(TrainError, match=r"v_porj'; there are: down_proj, gate_proj"):
        lora(run)


def test_adapters_for_some_layers(tmp_path: Path) -> None:
    for modules in (["q_proj", "self_attn.v_proj"], r".*\.[qv]_proj"):
        run = prepare(make(tmp_path, LLAMA, lora__modules=modules), lora=True)
        assert lora(run).target_modules in ({*modules}, modules)


def test_adapters_with_deepspeed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = prepare(make(tmp_path, LLAMA), lora=True)
    monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "true")  # as accelerate sets it
    with pytest.raises(TrainError, match="use one GPU or training/accelerate/fsdp"):
        lora(run)

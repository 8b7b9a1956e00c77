"""A disk or a memory that is too small loses nothing, and is said in words."""

import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_training import Training, make, prepare, record, why_it_ends
from target_families import LLAMA

from fusemill.errors import TrainError
from needs_torch import torch
from small_project import fusemill


@pytest.fixture
def training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Training:
    monkeypatch.setenv("FUSEMILL_CACHE", str(tmp_path / "cache"))
    return make(tmp_path, LLAMA)


def test_a_disk_without_room_for_checkpoints(
    training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert "checkpoints and weights take up to" in why_it_ends(training)
    assert not list((tmp_path / "out").glob("checkpoint-*"))


def test_a_disk_that_is_full_at_a_checkpoint(
    training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import Trainer

    saved = Trainer._save_optimizer_and_scheduler

    def save(self: Any, folder: str) -> None:
        if folder.endswith("checkpoint-4"):
            raise OSError(errno.ENOSPC, "No space left on device", folder)
        saved(self, folder)

    monkeypatch.setattr(Trainer, "_save_optimizer_and_scheduler", save)
    said = why_it_ends(training)
    assert "the disk is full; free space and run again" in said
    assert (tmp_path / "out" / "checkpoint-2").is_dir()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk: root only")
def test_a_small_disk_that_somebody_else_fills(
    training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import Trainer

    saved = Trainer._save_optimizer_and_scheduler
    other = tmp_path / "out" / "checkpoint-2" / "somebody's"

    def fill_and_save(self: Any, folder: str) -> None:
        if folder.endswith("checkpoint-4"):
            with contextlib.suppress(OSError), other.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(1 << 16))
        saved(self, folder)

    monkeypatch.setattr(Trainer, "_save_optimizer_and_scheduler", fill_and_save)
    with small_disk(tmp_path / "out"):
        said = why_it_ends(training)
        assert "the disk is full; free space and run again" in said
        other.unlink()
        monkeypatch.setattr(Trainer, "_save_optimizer_and_scheduler", saved)
        words = training.command("sft", "out")
        again = fusemill(*words, env=training.env())
        assert again.code == 0, again.err
        assert "goes on from checkpoint-2" in again.err
        assert record(tmp_path / "out")["result"]["steps"] == 6


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of 8 MB; skips where the machine lets nobody mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


# As torch words it, of an H100.
OF_A_GPU = (
    "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of "
    "79.10 GiB of which 5.06 MiB is free. Including non-PyTorch memory, this process "
    "has 79.09 GiB memory in use. Of the allocated memory 77.00 GiB is allocated by "
    "PyTorch. If reserved but unallocated memory is large try setting "
    "PYTORCH_ALLOC_CONF=expandable_segments:True"
)


@pytest.mark.parametrize("stage", ["sft", "dpo"])
def test_a_gpu_without_memory(
    stage: str, training: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import LlamaModel

    def forward(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError(OF_A_GPU)

    monkeypatch.setattr(LlamaModel, "forward", forward)
    said = why_it_ends(training, stage)
    assert said == (
        "llama-3.1-8b-instruct: memory ran out: CUDA out of memory. Tried to allocate "
        "20.00 MiB. GPU 0 has a total capacity of 79.10 GiB of which 5.06 MiB is free. "
        "In the target, lower `steps.per_device` from 2 (a step keeps its 8 rows), or "
        "set `gradient_checkpointing: true`, or lower `max_length` from 256; or train "
        "adapters by --lora, or split the weights over more GPUs by "
        "training/accelerate/. With other numbers it is another run: give it another "
        "--output"
    )


def test_what_takes_less_already_is_not_proposed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUSEMILL_CACHE", str(tmp_path / "cache"))
    least = make(tmp_path, LLAMA, steps__per_device=1, gradient_checkpointing=True)
    run = prepare(least, lora=True)
    with pytest.raises(TrainError) as said, run.alone():
        torch.empty(1 << 50, dtype=torch.uint8)  # more than any machine has
    assert "can't allocate memory: you tried to allocate 1125899906842624" in str(
        said.value
    )
    assert "In the target, lower `max_length` from 256; or split the we" in str(
        said.value
    )

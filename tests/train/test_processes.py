"""As many processes as GPUs."""

from pathlib import Path

import pytest
from small_training import make, prepare
from target_families import LLAMA

from fusemill.errors import TrainError
from needs_torch import torch


def test_one_process_takes_one_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = make(tmp_path, LLAMA)
    monkeypatch.setenv("FUSEMILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    # Else transformers would make steps of 4 times the rows.
    with pytest.raises(TrainError, match=r"sees 4 GPUs; start one for each.*VISIBLE"):
        prepare(training)

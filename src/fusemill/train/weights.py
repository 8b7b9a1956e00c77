"""Loading the weights of the start, and placing those of the end."""

import os
import shutil
from pathlib import Path
from typing import Any

from fusemill.checkpoints.folders import files
from fusemill.checkpoints.loading import load_exactly
from fusemill.train.run import Run


def load_start(run: Run) -> Any:
    """The model to train, carrying what it is trained on in its config.

    Weights are float32, so that small updates are not rounded away; with adapters the
    frozen ones have the declared precision.
    """
    import torch
    from transformers import AutoModelForCausalLM

    half = run.asked.lora and run.target.precision == "bfloat16"
    dtype = torch.bfloat16 if half else torch.float32
    model = load_exactly(AutoModelForCausalLM, run.base.folder, "--model", dtype)
    model.config.fusemill = {key: run.record[key] for key in ("stage", "data", "model")}
    return model


def place_weights(run: Run, checkpoint: Path) -> None:
    """Put a checkpoint's weights into the output folder, adapters merged into them."""
    if (checkpoint / "adapter_config.json").is_file():
        _merge(run, checkpoint)
        return
    for path in files(checkpoint):
        target = run.output / path.name
        target.unlink(missing_ok=True)
        try:
            os.link(path, target)
        except OSError:  # a disk that knows no hard links
            shutil.copyfile(path, target)


def not_finite(checkpoint: Path) -> str | None:
    """A tensor in which there is no number, or an infinite one; None where none is."""
    from safetensors import safe_open

    for path in sorted(checkpoint.glob("*.safetensors")):
        with safe_open(path, framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118 - no mapping
                if not tensors.get_tensor(name).isfinite().all():
                    return str(name)
    return None


def _merge(run: Run, adapter: Path) -> None:
    from peft import PeftModel

    merged = PeftModel.from_pretrained(load_start(run), str(adapter)).merge_and_unload()
    merged.save_pretrained(run.output)
    run.chat.tokenizer.save_pretrained(run.output)

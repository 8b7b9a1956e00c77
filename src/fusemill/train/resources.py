"""Disk and memory that run out, said with what to change."""

import errno
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fusemill.durable import storage
from fusemill.errors import StorageError, TrainError
from fusemill.train.target import Target


@contextmanager
def resources(output: Path, target: Target, lora: bool) -> Iterator[None]:
    """Turns a full disk into a StorageError, full memory into a TrainError.

    Whichever library met it, while the trainer is set up or while it trains.
    """
    from safetensors import SafetensorError

    try:
        with storage(output, "--output"):
            yield
    except (RuntimeError, MemoryError, SafetensorError) as error:
        if _is_of_memory(error):
            raise TrainError(_too_little(error, target, lora)) from error
        if not _is_of_disk(error, output):
            raise
        raise StorageError(
            f"{output}: the disk is full; free space and run again, it goes on from "
            "the last whole checkpoint"
        ) from error


def _is_of_memory(error: Exception) -> bool:
    import torch

    kinds = (torch.OutOfMemoryError, MemoryError)  # a GPU's, and Python's own
    return isinstance(error, kinds) or "DefaultCPUAllocator" in str(error)


def _is_of_disk(error: Exception, output: Path) -> bool:
    if "No space left" in str(error) or getattr(error, "errno", None) == errno.ENOSPC:
        return True
    return shutil.disk_usage(output).free < 1 << 20


def _too_little(error: Exception, target: Target, lora: bool) -> str:
    """What was asked for, and what of the target takes less."""
    said = " ".join(str(error).split()) or type(error).__name__
    asked = " ".join(re.split(r"(?<=\.) (?=[A-Z])", said)[:3]).rstrip(".")
    steps = target.steps
    less = []
    if steps.per_device > 1:
        less.append(
            f"lower `steps.per_device` from {steps.per_device} (a step keeps its "
            f"{steps.batch} rows)"
        )
    if not target.gradient_checkpointing:
        less.append("set `gradient_checkpointing: true`")
    less.append(f"lower `max_length` from {target.max_length}")
    adapters = "" if lora else "train adapters by --lora, or "
    return (
        f"{target.model}: memory ran out: {asked}. In the target, "
        f"{', or '.join(less)}; or {adapters}split the weights over more GPUs by "
        "training/accelerate/. With other numbers it is another run: give it another "
        "--output"
    )

"""The processes that train together, one a device, and how they round."""

from importlib.metadata import version
from typing import Any

from fusemill.errors import TrainError
from fusemill.train.target import Target


def processes() -> Any:
    """accelerate's state: how many there are, and which one this is."""
    import torch
    from accelerate import PartialState

    return PartialState(cpu=not torch.cuda.is_available())


def require_one_a_gpu() -> None:
    """TrainError where a process without others sees several GPUs.

    transformers would give each of them a pass of its own, and a step so many times the
    rows that were declared.
    """
    import torch

    n_gpus = torch.cuda.device_count()
    if n_gpus > 1 and processes().distributed_type == "NO":
        raise TrainError(
            f"one process sees {n_gpus} GPUs; start one for each by accelerate launch "
            "--config_file training/accelerate/zero3.yaml (or fsdp.yaml, which take "
            "--num_processes) training/sft.py or dpo.py with the same options, or let "
            "it see one: CUDA_VISIBLE_DEVICES=0"
        )


def rounding(target: Target) -> tuple[str | int, ...]:
    """What a log-probability's last bits depend on, besides rows and weights."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    libraries = [version(name) for name in ("torch", "transformers", "trl")]
    return (target.precision, target.steps.per_device, device, *libraries)

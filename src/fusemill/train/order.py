"""The order of rows: the same whenever an epoch begins, also after a stop.

transformers draws groups of like length from torch's global random numbers, which a
filled cache or a stop leave in another state.
"""

from typing import Any

import torch
from transformers import TrainerCallback
from transformers.trainer_pt_utils import LengthGroupedSampler


class SeededOrder(TrainerCallback):  # type: ignore[misc]
    """Gives each epoch's grouping random numbers of its own."""

    def on_epoch_begin(self, args: Any, state: Any, *_: Any, **more: Any) -> None:
        """Called before an epoch's rows are put into order."""
        sampler = _sampler(more["train_dataloader"])
        if isinstance(sampler, LengthGroupedSampler):
            epoch = round(state.epoch or 0, 6)  # what was made of it is a sum of parts
            sampler.generator = torch.Generator().manual_seed(args.seed + int(epoch))


def _sampler(loader: Any) -> Any:
    """What orders the rows, below what accelerate wraps around it."""
    inner: Any = loader
    while inner is not None and not isinstance(inner, LengthGroupedSampler):
        inner = getattr(inner, "batch_sampler", None) or getattr(inner, "sampler", None)
    return inner

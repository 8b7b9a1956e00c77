"""The processes that train together, one a device."""

from typing import Any


def processes() -> Any:
    """accelerate's state: how many there are, and which one this is."""
    import torch
    from accelerate import PartialState

    return PartialState(cpu=not torch.cuda.is_available())

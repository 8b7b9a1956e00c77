"""Token rows of different lengths as one tensor."""

from collections.abc import Sequence

import torch
from torch import Tensor


def pad(
    rows: Sequence[Sequence[int]], pad_id: int, side: str, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Token ids and mask, each [n_rows, longest row]; padding on `side`, mask 0."""
    width = max(map(len, rows))
    ids, mask = [], []
    for row in rows:
        fill = width - len(row)
        filling, zeros = [pad_id] * fill, [0] * fill
        own, ones = list(row), [1] * len(row)
        left = side == "left"
        ids.append(filling + own if left else own + filling)
        mask.append(zeros + ones if left else ones + zeros)
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)

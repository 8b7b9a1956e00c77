"""Keys and values of a batch whose rows come and go.

    columns   0 1 2 3 4 5 6 7 8 9        end = 8: here the next token is written
    row 0     . . p p p p a a | |        p prompt, a answer, . before a row's start
    row 1     p p p p p p p a | |        | free

Rows end at the same column, so that one forward pass writes into one column, and the
distance of two tokens in a row is that of their columns, as sliding windows count it.
Room is made ahead of the tokens: appending copies nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import Cache, DynamicCache
from transformers.cache_utils import (
    CacheLayerMixin,
    DynamicLayer,
    DynamicSlidingWindowLayer,
)


@dataclass(frozen=True)
class Prefix:
    """What the model remembers of one prompt: a pair a layer, [heads, tokens, size]."""

    layers: Sequence[tuple[Tensor, Tensor]]
    length: int


def can_hold(config: Any) -> bool:
    """Whether a model remembers nothing but keys and values, one pair a layer."""
    layers = DynamicCache(config=config).layers
    n_layers = config.get_text_config(decoder=True).num_hidden_layers
    kinds = (DynamicLayer, DynamicSlidingWindowLayer)
    return len(layers) == n_layers and all(type(layer) in kinds for layer in layers)


def prefixes(cache: Any, lengths: Sequence[int]) -> list[Prefix]:
    """Of a cache that prompts padded on the left were read into."""
    return [
        Prefix(
            [
                (layer.keys[i, :, -n:], layer.values[i, :, -n:])
                for layer in cache.layers
            ],
            n,
        )
        for i, n in enumerate(lengths)
    ]


class _Layer(CacheLayerMixin):  # type: ignore[misc]  # transformers is not typed
    """One layer: [rows, heads, columns, size] each, and how many columns are filled."""

    is_sliding = False  # all is kept; the mask has the window

    def __init__(self) -> None:
        super().__init__()
        self.end = 0

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Nothing: `change` makes the room."""

    def update(
        self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Append columns; returns all that are filled."""
        start, self.end = self.end, self.end + key_states.shape[2]
        self.keys[:, :, start : self.end] = key_states
        self.values[:, :, start : self.end] = value_states
        return self.keys[:, :, : self.end], self.values[:, :, : self.end]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """How many columns are attended to, and the first of them."""
        return self.end + query_length, 0

    def get_seq_length(self) -> int:
        """How many columns are filled."""
        return self.end

    def get_max_length(self) -> int:
        """How many columns there are."""
        return int(self.keys.shape[2])


class RowCache:
    """`cache` is what a forward pass takes, `starts` [rows] where the rows begin."""

    def __init__(self, n_layers: int, device: torch.device) -> None:
        self.cache: Any = Cache(layers=[_Layer() for _ in range(n_layers)])
        self.starts = torch.zeros(0, dtype=torch.long, device=device)
        self.width = 0  # columns that are filled
        self._mask = torch.zeros(0, 0, dtype=torch.bool, device=device)

    @property
    def room(self) -> int:
        """How many more tokens can be appended."""
        return self._mask.shape[1] - self.width

    def advance(self) -> tuple[Tensor, Tensor]:
        """Mask [rows, width + 1] and positions [rows, 1] for one more token a row."""
        self.width += 1
        return self._mask[:, : self.width], self.width - 1 - self.starts[:, None]

    def change(
        self, kept: Tensor, joining: Sequence[tuple[Prefix, int]], room: int
    ) -> None:
        """Keep rows by index, then append each prefix so many times; make `room`."""
        lengths = self.width - self.starts[kept]
        joined = [prefix.length for prefix, n in joining for _ in range(n)]
        lengths = torch.cat([lengths, lengths.new_tensor(joined)])
        width = int(lengths.max()) if len(lengths) else 0
        for i, layer in enumerate(self.cache.layers):
            pairs = [(*prefix.layers[i], n) for prefix, n in joining]
            self._change_layer(layer, kept, pairs, width, room)
        self.width, self.starts = width, width - lengths
        columns = torch.arange(width + room, device=lengths.device)
        self._mask = columns >= self.starts[:, None]

    def _change_layer(
        self,
        layer: Any,
        kept: Tensor,
        joining: Sequence[tuple[Any, Any, int]],
        width: int,
        room: int,
    ) -> None:
        n_rows = len(kept) + sum(n for _, _, n in joining)
        old = min(layer.end, width)  # columns of the kept rows
        for i, name in enumerate(("keys", "values")):
            before = getattr(layer, name)
            example: Any = joining[0][i] if before is None else before
            heads, size = example.shape[-3], example.shape[-1]
            after = example.new_empty(n_rows, heads, width + room, size)
            if len(kept):
                columns = before[:, :, layer.end - old : layer.end]
                _fill(after[: len(kept), :, :width], columns.index_select(0, kept))
            row = len(kept)
            for *pair, n in joining:
                _fill(after[row : row + n, :, :width], pair[i])
                row += n
            setattr(layer, name, after)
        layer.end = width


def _fill(rows: Tensor, columns: Tensor) -> None:
    """The last columns of these rows, and zeros before them.

    What is masked out is still multiplied, and may not be NaN.
    """
    n_before = rows.shape[2] - columns.shape[-2]
    rows[:, :, :n_before] = 0
    rows[:, :, n_before:] = columns

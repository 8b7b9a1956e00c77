"""Keys and values of a batch whose rows come and go.

    columns   0 1 2 3 4 5 6 7 8 9        first = 1, end = 8: here comes the next token
    row 0     . . p p p p a a | |        p prompt, a answer, . before a row's start
    row 1     . p p p p p p a | |        | free

Rows end at the same column, so that one forward pass writes into one column, and the
distance of two tokens in a row is that of their columns, as sliding windows count it.
Room is made ahead of the tokens: appending copies nothing, and a row that joins is
written over one that has left. Columns before the first start are not computed with.
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
class Reading:
    """What the model remembers of prompts that were read together.

    A pair a layer, [prompts, heads, tokens, size]; prompts end at the last token.
    """

    layers: Sequence[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Prefix:
    """One prompt of a reading."""

    reading: Reading
    place: int
    length: int


def can_hold(config: Any) -> bool:
    """Whether a model remembers nothing but keys and values, one pair a layer."""
    layers = DynamicCache(config=config).layers
    n_layers = config.get_text_config(decoder=True).num_hidden_layers
    kinds = (DynamicLayer, DynamicSlidingWindowLayer)
    return len(layers) == n_layers and all(type(layer) in kinds for layer in layers)


def prefixes(cache: Any, mask: Tensor, lengths: Sequence[int]) -> list[Prefix]:
    """Of a cache that prompts padded on the left were read into.

    What is masked out is still multiplied, and may not be NaN: it becomes zeros.
    """
    out = mask[:, None, :, None] == 0
    reading = Reading(
        [
            (layer.keys.masked_fill(out, 0), layer.values.masked_fill(out, 0))
            for layer in cache.layers
        ]
    )
    return [Prefix(reading, place, n) for place, n in enumerate(lengths)]


@dataclass
class _Span:
    """The columns that are filled, and from where on they are computed with."""

    first: int = 0
    end: int = 0


class _Layer(CacheLayerMixin):  # type: ignore[misc]  # transformers is not typed
    """One layer: [rows, heads, columns, size] each."""

    is_sliding = False  # all is kept; the mask has the window

    def __init__(self, span: _Span) -> None:
        super().__init__()
        self._span = span

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Nothing: `RowCache` makes the room."""

    def update(
        self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Write the next column; returns all that are computed with."""
        first, end = self._span.first, self._span.end
        self.keys[:, :, end : end + 1] = key_states
        self.values[:, :, end : end + 1] = value_states
        return self.keys[:, :, first : end + 1], self.values[:, :, first : end + 1]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """How many columns are attended to, and the first of them."""
        return self.get_seq_length() + query_length, 0

    def get_seq_length(self) -> int:
        """How many columns are computed with, the next one not counted."""
        return self._span.end - self._span.first

    def get_max_length(self) -> int:
        """How many columns there are."""
        return int(self.keys.shape[2])


class RowCache:
    """`cache` is what a forward pass of one token a row takes."""

    def __init__(self, n_layers: int, device: torch.device) -> None:
        self._span = _Span()
        self.cache: Any = Cache(layers=[_Layer(self._span) for _ in range(n_layers)])
        self._starts = torch.zeros(0, dtype=torch.long, device=device)  # [rows]
        self._mask = torch.zeros(0, 0, dtype=torch.bool, device=device)

    @property
    def room(self) -> int:
        """How many more tokens can be appended."""
        return self._mask.shape[1] - self._span.end

    def coming(self) -> tuple[Tensor, Tensor]:
        """Mask [rows, columns] and positions [rows, 1] for one more token a row."""
        first, end = self._span.first, self._span.end
        return self._mask[:, first : end + 1], end - self._starts[:, None]

    def advance(self) -> None:
        """The token has come."""
        self._span.end += 1

    def can_place(self, prefixes: Sequence[Prefix]) -> bool:
        """Whether these find room where others have left."""
        return self.room > 0 and all(p.length <= self._span.end for p in prefixes)

    def change(self, kept: Tensor, joining: Sequence[Prefix], room: int) -> None:
        """Keep rows by index, then append one row a prefix; make `room`."""
        lengths = self._span.end - self._starts[kept]
        joined = lengths.new_tensor([prefix.length for prefix in joining])
        width = int(torch.cat([lengths, joined]).max())
        n_rows = len(kept) + len(joining)
        for i, layer in enumerate(self.cache.layers):
            old = min(self._span.end, width)  # columns of the kept rows
            for k, name in enumerate(("keys", "values")):
                before = getattr(layer, name)
                if before is None:
                    before = joining[0].reading.layers[i][k][:0]
                heads, size = before.shape[1], before.shape[3]
                after = before.new_zeros(n_rows, heads, width + room, size)
                columns = before[:, :, self._span.end - old : self._span.end]
                after[: len(kept), :, width - old : width] = columns[kept]
                setattr(layer, name, after)
        self._starts = torch.cat([width - lengths, joined])
        self._span.end = width
        slots = torch.arange(len(kept), n_rows, device=self._starts.device)
        self._mask = self._starts.new_zeros(n_rows, width + room, dtype=torch.bool)
        self.place(slots, joining)

    def place(self, slots: Tensor, joining: Sequence[Prefix]) -> None:
        """Write one prefix into each of these rows, over what was there."""
        together: dict[int, list[int]] = {}
        for i, prefix in enumerate(joining):
            together.setdefault(id(prefix.reading), []).append(i)
        for found in together.values():
            self._place(slots[found], [joining[i] for i in found])
        lengths = slots.new_tensor([prefix.length for prefix in joining])
        self._starts[slots] = self._span.end - lengths
        self._span.first = int(self._starts.min())
        columns = torch.arange(self._mask.shape[1], device=slots.device)
        self._mask = columns >= self._starts[:, None]

    def _place(self, slots: Tensor, joining: Sequence[Prefix]) -> None:
        """Those of one reading."""
        longest = max(prefix.length for prefix in joining)
        places = slots.new_tensor([prefix.place for prefix in joining])
        end = self._span.end
        for layer, pair in zip(
            self.cache.layers, joining[0].reading.layers, strict=True
        ):
            for states, read in zip((layer.keys, layer.values), pair, strict=True):
                columns = read[:, :, -longest:].index_select(0, places)
                states[:, :, end - longest : end].index_copy_(0, slots, columns)

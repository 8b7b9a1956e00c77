"""Which rows go through a model together, and which first tokens they share.

Rows are sorted by length, so that little of a batch is padding. The answers to one
prompt begin with the same tokens; a causal model's states there do not depend on what
follows, so they can be computed once. That is exact, and done where it leaves at most
1 / SHARED_FROM of the tokens.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

# With a long prompt sharing is several times as fast; below this saving the cost of
# repeating the cache for every answer takes it back (docs/performance.md).
SHARED_FROM = 1.5

# Rows × longest row of a batch, by device. On a CPU larger batches are slower: their
# states no longer fit its caches, and rows of unequal length need a mask.
BATCH_TOKENS = {"cuda": 16_384, "cpu": 1_024}

Tokens = Sequence[int]


@dataclass(frozen=True)
class Batch:
    """Rows of one forward pass; the first `n_shared` tokens of all are the same."""

    rows: tuple[int, ...]
    n_shared: int = 0


def plan(
    rows: Sequence[Tokens], prompts: Sequence[Hashable], max_tokens: int, share: bool
) -> list[Batch]:
    """Batches that hold every row once, longest rows first.

    `prompts` says which rows answer the same prompt. `max_tokens` bounds rows × longest
    row of a batch; a row that is longer goes alone. Batches with the same shared tokens
    follow one another.

    >>> plan([[1], [1, 2, 3], [1, 2]], "abc", 6, share=False)
    [Batch(rows=(1, 2), n_shared=0), Batch(rows=(0,), n_shared=0)]
    >>> plan([[7, 7, 7, 1], [7, 7, 7, 2]], "aa", 8, share=True)
    [Batch(rows=(0, 1), n_shared=3)]
    """
    if not share:
        return list(_batches(rows, range(len(rows)), max_tokens, 0))
    groups: dict[Hashable, list[int]] = {}
    for i, prompt in enumerate(prompts):
        groups.setdefault(prompt, []).append(i)
    alone: list[int] = []
    found: list[Batch] = []
    for group in groups.values():
        n_shared = _worth_sharing([rows[i] for i in group])
        if n_shared:
            found += _batches(rows, group, max_tokens, n_shared)
        else:
            alone += group
    return [*found, *_batches(rows, alone, max_tokens, 0)]


def _batches(
    rows: Sequence[Tokens], chosen: Sequence[int], max_tokens: int, n_shared: int
) -> Iterator[Batch]:
    batch: list[int] = []
    for i in sorted(chosen, key=lambda i: (-len(rows[i]), i)):
        if batch and (len(batch) + 1) * len(rows[batch[0]]) > max_tokens:
            yield Batch(tuple(batch), n_shared)
            batch = []
        batch.append(i)
    if batch:
        yield Batch(tuple(batch), n_shared)


def _worth_sharing(group: Sequence[Tokens]) -> int:
    """How many first tokens these rows should share; 0 where it does not pay.

    >>> _worth_sharing([[7, 7, 7, 1], [7, 7, 7, 2]]), _worth_sharing([[1, 2], [1, 3]])
    (3, 0)
    """
    shortest = min(map(len, group))
    # A row keeps at least one token of its own: something must go through the model.
    first, last = min(map(tuple, group)), max(map(tuple, group))
    n_shared = 0
    while n_shared < shortest - 1 and first[n_shared] == last[n_shared]:
        n_shared += 1
    n_tokens = sum(map(len, group))
    left = n_tokens - n_shared * (len(group) - 1)
    return n_shared if n_tokens >= SHARED_FROM * left else 0

"""Batches of token rows: each row once, within the bound, shared only where it pays."""

from hypothesis import given
from hypothesis import strategies as st

from fusemill.scoring.rewards.batching import Batch, plan

rows = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12), max_size=30)


@given(rows, st.integers(1, 40), st.booleans())
def test_every_row_is_in_one_batch_within_the_bound(found, max_tokens, share) -> None:
    prompts = [row[0] for row in found]
    batches = plan(found, prompts, max_tokens, share)
    assert sorted(i for b in batches for i in b.rows) == list(range(len(found)))
    for batch in batches:
        lengths = [len(found[i]) for i in batch.rows]
        assert len(lengths) == 1 or max(lengths) * len(lengths) <= max_tokens
        first = {tuple(found[i][: batch.n_shared]) for i in batch.rows}
        assert len(first) == 1
        assert batch.n_shared < min(lengths)
        assert share or batch.n_shared == 0


def test_sharing_must_leave_at_most_two_thirds_of_the_tokens() -> None:
    # Two rows of 6, 4 in common: 12 tokens become 8, which is two thirds.
    worth = [[1, 1, 1, 1, 2, 2], [1, 1, 1, 1, 3, 3]]
    assert plan(worth, "aa", 100, share=True) == [Batch((0, 1), 4)]
    # 3 in common: 12 become 9.
    little = [[1, 1, 1, 2, 2, 2], [1, 1, 1, 3, 3, 3]]
    assert plan(little, "aa", 100, share=True) == [Batch((0, 1), 0)]
    # The same tokens under two prompts are not looked for.
    assert plan(worth, "ab", 100, share=True) == [Batch((0, 1), 0)]


def test_longest_rows_come_first() -> None:
    found = plan([[0], [0] * 3, [0] * 2, [0] * 3], "abcd", 6, share=False)
    assert found == [Batch((1, 3)), Batch((2, 0))]

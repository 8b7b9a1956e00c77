-- moved: each row of either side with what became of it on both. Rows are matched by
-- conversation, so that another order of the source, or another reading, moves nothing.
--
-- grain:  (set, prompt_id, nth of the rows with this conversation)
-- inputs: side_a, side_b
with

a as (
    select
        *,
        row_number() over (partition by set, prompt_id order by source_row) as nth,
    from side_a
),

b as (
    select
        *,
        row_number() over (partition by set, prompt_id order by source_row) as nth,
    from side_b
)

select
    coalesce(b.set, a.set) as set,
    coalesce(b.source_row, a.source_row) as source_row,
    coalesce(b.prompt_id, a.prompt_id) as prompt_id,
    a.outcome as before,
    b.outcome as after,
    coalesce(a.response_id, a.chosen_id) as best_before,
    coalesce(b.response_id, b.chosen_id) as best_after,
    a.rejected_id as rejected_before,
    b.rejected_id as rejected_after,
    a.source as source_before,
    b.source as source_after,
    a.score as score_before,
    b.score as score_after,
    a.gap as gap_before,
    b.gap as gap_after,
from a
full join b
    on
        a.set = b.set
        and a.nth = b.nth
        and a.prompt_id is not distinct from b.prompt_id

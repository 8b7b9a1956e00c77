-- all: every prompt that is kept goes to SFT with its answer; never to DPO. One
-- answer a prompt is expected; of several, the best-scoring one, unscored ones last.
--
-- grain:  (set, source_row), exactly the rows of plan
-- inputs: plan, candidates
-- params: allow_truncated
-- source: FuseChat-3.0 (the Chinese sets: all prompts to SFT, published)
with

present as (
    select
        prompt_id,
        arg_min(
            struct_pack(id := response_id, score := score),
            struct_pack(
                is_unscored := score is null,
                worse := -coalesce(score, 0)::decimal(18, 6),
                id := response_id
            )
        ) filter (finish_reason <> 'length' or $allow_truncated) as answer,
    from candidates
    group by prompt_id
),

decided as (
    select
        plan.set,
        plan.source_row,
        plan.prompt_id,
        present.answer,
        case
            when plan.status <> 'ready' then plan.status
            when present.prompt_id is null then 'no_response'
            when present.answer is null then 'truncated'
            else 'sft'
        end as outcome,
    from plan
    left join present using (prompt_id)
)

select
    set,
    source_row,
    prompt_id,
    outcome,
    if(outcome = 'sft', answer.id, null) as response_id,
    null::varchar as chosen_id,
    null::varchar as rejected_id,
    if(outcome = 'sft', answer.score, null) as score,
    null::decimal(18, 6) as gap,
from decided
order by set, source_row

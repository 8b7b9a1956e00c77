-- mathematics: a pair is one source's best-scoring correct answer against its
-- lowest-scoring incorrect one, with the gap in the window: DPO. Every other prompt
-- with a correct answer: SFT with the best-scoring correct one.
--
-- grain:  (set, source_row), exactly the rows of plan
-- inputs: plan, candidates
-- params: gap_min, gap_max (both ends in), pair_choice, rejected_statuses (verdicts
--         that count as incorrect), allow_truncated
-- source: FuseChat-3.0 (published; which source's pair is our decision, as in
--         instruction.sql)
with

present as (
    select
        prompt_id,
        bool_or(finish_reason <> 'length' or $allow_truncated) as any_usable,
        bool_or(
            verdict = 'passed' and (finish_reason <> 'length' or $allow_truncated)
        ) as any_correct,
    from candidates
    group by prompt_id
),

usable as (
    select
        prompt_id,
        source,
        response_id,
        score,
        score::decimal(18, 6) as points,
        verdict = 'passed' as is_correct,
        list_contains($rejected_statuses, verdict) as is_rejectable,
    from candidates
    where score is not null and (finish_reason <> 'length' or $allow_truncated)
),

-- The smallest struct: by score first, then by id, which is unique.
extremes as (
    select
        prompt_id,
        source,
        min(struct_pack(worse := -points, id := response_id, score := score)) filter (
            is_correct
        ) as best,
        min(struct_pack(better := points, id := response_id)) filter (
            is_rejectable
        ) as worst,
    from usable
    group by prompt_id, source
),

answers as (
    select
        prompt_id,
        min(
            struct_pack(
                worse := best.worse,
                id := best.id,
                score := best.score,
                source := source
            )
        ) as answer,
    from extremes
    where best is not null
    group by prompt_id
),

pairs as (
    select
        prompt_id,
        min(
            struct_pack(
                worse := best.worse,
                chosen_id := best.id,
                rejected_id := worst.id,
                score := best.score,
                gap := (-best.worse - worst.better)::decimal(18, 6),
                source := source
            )
        ) as pair,
    from extremes
    where
        best is not null
        and worst is not null
        and -best.worse - worst.better
        between $gap_min::decimal(18, 6) and $gap_max::decimal(18, 6)
    group by prompt_id
),

decided as (
    select
        plan.set,
        plan.source_row,
        plan.prompt_id,
        answers.answer,
        pairs.pair,
        case
            when plan.status <> 'ready' then plan.status
            when present.prompt_id is null then 'no_response'
            when not present.any_usable then 'truncated'
            when not coalesce(present.any_correct, false) then 'all_incorrect'
            when answers.prompt_id is null then 'no_score'
            when
                pair is not null
                and case $pair_choice
                    when 'best_eligible' then true
                    when 'global_best' then pair.source = answer.source
                    else error('pair_choice: expected best_eligible or global_best')
                end
                then 'dpo'
            else 'sft'
        end as outcome,
    from plan
    left join present using (prompt_id)
    left join answers using (prompt_id)
    left join pairs using (prompt_id)
)

select
    set,
    source_row,
    prompt_id,
    outcome,
    if(outcome = 'sft', answer.id, null) as response_id,
    if(outcome = 'dpo', pair.chosen_id, null) as chosen_id,
    if(outcome = 'dpo', pair.rejected_id, null) as rejected_id,
    case outcome when 'sft' then answer.score when 'dpo' then pair.score end as score,
    if(outcome = 'dpo', pair.gap, null) as gap,
from decided
order by set, source_row

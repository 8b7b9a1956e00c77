-- instruction: instruction following. A prompt takes part if some source model has
-- a pair (its best and its worst answer) whose score gap lies in the window; the
-- first share of those prompts, in hash order, goes to SFT, the others to DPO.
--
-- grain:  (set, source_row), exactly the rows of plan
-- inputs: plan, candidates
-- params: gap_min, gap_max (both ends in), sft_share, split_seed,
--         pair_choice: 'best_eligible' = the pair whose chosen answer scores highest;
--                      'global_best' = the source of the best answer, or none,
--         allow_truncated
-- source: FuseChat-3.0 (window, 4:6 split, pairs of one source are published;
--         eligibility before the split is inferred from the published counts)
with

present as (
    select
        prompt_id,
        bool_or(finish_reason <> 'length' or $allow_truncated) as any_usable,
    from candidates
    group by prompt_id
),

-- Six places are what scores are compared at: as doubles, 0.11 - 0.10 is not 0.01.
usable as (
    select
        prompt_id,
        source,
        response_id,
        score,
        score::decimal(18, 6) as points,
    from candidates
    where score is not null and (finish_reason <> 'length' or $allow_truncated)
),

-- The smallest struct: by score first, then by id, which is unique.
extremes as (
    select
        prompt_id,
        source,
        min(struct_pack(worse := -points, id := response_id, score := score)) as best,
        min(struct_pack(better := points, id := response_id)) as worst,
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
        best.id <> worst.id
        and -best.worse - worst.better
        between $gap_min::decimal(18, 6) and $gap_max::decimal(18, 6)
    group by prompt_id
),

eligible as (
    select
        prompt_id,
        pair,
        row_number() over (
            order by md5($split_seed::varchar || ':' || prompt_id), prompt_id
        ) as place,
        count(*) over () as n_eligible,
    from pairs
    inner join answers using (prompt_id)
    where
        case $pair_choice
            when 'best_eligible' then true
            when 'global_best' then pair.source = answer.source
            else error('pair_choice: expected best_eligible or global_best')
        end
),

decided as (
    select
        plan.set,
        plan.source_row,
        plan.prompt_id,
        answers.answer,
        eligible.pair,
        case
            when plan.status <> 'ready' then plan.status
            when present.prompt_id is null then 'no_response'
            when not present.any_usable then 'truncated'
            when answers.prompt_id is null then 'no_score'
            when eligible.prompt_id is null then 'no_pair_in_window'
            when eligible.place <= floor($sft_share::decimal(9, 6) * n_eligible)
                then 'sft'
            else 'dpo'
        end as outcome,
    from plan
    left join present using (prompt_id)
    left join answers using (prompt_id)
    left join eligible using (prompt_id)
)

select
    set,
    source_row,
    prompt_id,
    outcome,
    if(outcome = 'sft', answer.id, null) as response_id,
    if(outcome in ('sft', 'dpo'), pair.chosen_id, null) as chosen_id,
    if(outcome in ('sft', 'dpo'), pair.rejected_id, null) as rejected_id,
    case outcome when 'sft' then answer.score when 'dpo' then pair.score end as score,
    if(outcome in ('sft', 'dpo'), pair.gap, null) as gap,
from decided
order by set, source_row

-- code: a pair is one source's best-scoring answer that passes all tests against its
-- lowest-scoring one that fails: DPO, without a window. Every other prompt with a
-- passing answer: SFT with the best-scoring passing one. Points for passing and for
-- parsing lie far above any reward gap, so that the order is tests, parse, reward.
--
-- grain:  (set, source_row), exactly the rows of plan
-- inputs: plan, candidates
-- params: test_points, parse_points (added to the score), unscored_points (what an
--         answer without a score counts as: 0 where there is no reward model; null
--         leaves such answers out), pair_choice, rejected_statuses (verdicts that
--         count as failing), allow_truncated
-- source: FuseChat-3.0 (additional points for passing checks and dropping prompts
--         that no answer solves are published; the points themselves, and a pair of
--         one source, are our decision)
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

rewarded as (
    select
        * exclude (score),
        coalesce(score, $unscored_points::double) as score,
        if(verdict = 'passed', $test_points, 0)
        + if(verdict <> 'unparsed', $parse_points, 0) as bonus,
    from candidates
),

usable as (
    select
        prompt_id,
        source,
        response_id,
        score + bonus as score,
        (score + bonus)::decimal(18, 6) as points,
        verdict = 'passed' as is_correct,
        list_contains($rejected_statuses, verdict) as is_rejectable,
    from rewarded
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
    where best is not null and worst is not null
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

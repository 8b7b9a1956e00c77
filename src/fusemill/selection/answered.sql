-- answered: every answer of the builder's models to its prompts, with its score and
-- verdict where they exist.
--
-- grain:  response_id
-- inputs: plan, prompts, responses, scores, verdicts, builder_configs
-- params: set, scorer, checker (their hashes; empty where there is none)
with

ours as (
    select
        plan.source_row,
        plan.prompt_id,
        p.check_id,
    from plan
    inner join prompts as p on plan.set = p.set and plan.source_row = p.source_row
    where plan.set = $set and plan.status = 'ready'
),

scored as (
    select
        prompt_id,
        text_id,
        status,
        score,
    from scores
    where
        scorer_hash = $scorer
        and prompt_id in (
            select prompt_id,
            from ours
        )
),

checked as (
    select
        text_id,
        check_id,
        status,
    from verdicts
    where
        checker_hash = $checker
        and check_id in (
            select check_id,
            from ours
        )
)

select
    ours.source_row,
    r.prompt_id,
    r.response_id,
    c.model as source,
    r.draw,
    r.finish_reason,
    r.text_id is not null as has_text,
    coalesce(r.is_blank, false) as is_blank,
    if(s.status = 'ok', s.score, null) as score,
    v.status as verdict,
    $scorer <> '' and r.text_id is not null and s.status is null as is_unscored,
    $checker <> ''
    and r.text_id is not null
    and ours.check_id is not null
    and v.status is null as is_unchecked,
from responses as r
inner join ours on r.prompt_id = ours.prompt_id
inner join builder_configs as c on r.config_hash = c.config_hash
left join scored as s on r.text_id = s.text_id and r.prompt_id = s.prompt_id
left join checked as v on r.text_id = v.text_id and ours.check_id = v.check_id

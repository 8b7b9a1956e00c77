-- content: one digest for the rows that are read together. Selections, releases and
-- scorers written in SQL are named by the digests of what they read. An answer's id
-- covers its key and its text; the order of rows, part names and times do not count.
-- Rows that no set takes now are under the empty set.
--
-- grain:  (of, set, key): plan by set; answers by configuration, scores by scorer and
--         verdicts by checker besides
-- inputs: plan, prompts, responses, retracted_responses, scores, verdicts
with

taken as (
    select
        set,
        prompt_id,
    from plan
    where status = 'ready'
),

checked as (
    select distinct
        plan.set,
        p.check_id,
    from plan
    inner join prompts as p on plan.set = p.set and plan.source_row = p.source_row
    where plan.status = 'ready' and p.check_id is not null
),

-- A line is unambiguous: ids have a fixed length, only the last value may be null.
lines as (
    select
        'plan' as of,
        plan.set,
        '' as key,
        row(
            plan.source_row, plan.prompt_id, plan.status, p.licence, p.gold, p.check_id
        )::varchar as line,
    from plan
    inner join prompts as p on plan.set = p.set and plan.source_row = p.source_row
    union all
    select
        'responses' as of,
        coalesce(taken.set, '') as set,
        r.config_hash as key,
        r.response_id || coalesce(r.finish_reason, '') as line,
    from responses as r
    left join taken on r.prompt_id = taken.prompt_id
    union all
    select
        'retracted_responses' as of,
        coalesce(taken.set, '') as set,
        r.config_hash as key,
        r.response_id as line,
    from retracted_responses as r
    left join taken on r.prompt_id = taken.prompt_id
    union all
    select
        'scores' as of,
        coalesce(taken.set, '') as set,
        s.scorer_hash as key,
        s.prompt_id || s.text_id || s.status || coalesce(s.score::varchar, '') as line,
    from scores as s
    left join taken on s.prompt_id = taken.prompt_id
    union all
    select
        'verdicts' as of,
        coalesce(checked.set, '') as set,
        v.checker_hash as key,
        v.text_id || v.check_id || v.status || coalesce(v.extracted, '') as line,
    from verdicts as v
    left join checked on v.check_id = checked.check_id
)

-- The xor of md5 does not depend on the order. No two lines of a group are the same,
-- since each has its key in it, so that none cancels another.
select
    of,
    set,
    key,
    count(*) as n_rows,
    md5(bit_xor(md5_number(line))::varchar) as digest,
from lines
group by of, set, key
order by of, set, key

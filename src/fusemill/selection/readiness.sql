-- readiness: the builder's rows with what keeps them from being selected: ready, or
-- the outcome they already have; `pending` while something was not yet asked, scored
-- or checked.
--
-- grain:  (set, source_row)
-- inputs: plan, answered, missing (answer keys to be asked for), retracted_responses,
--         builder_configs
-- params: set, unread (a recorded source has not been read to its end)
with

waiting as (
    select prompt_id,
    from answered
    group by prompt_id
    having bool_or(is_unscored or is_unchecked)
),

unasked as (
    select distinct prompt_id,
    from missing
),

taken_back as (
    select distinct r.prompt_id,
    from retracted_responses as r
    inner join builder_configs as c on r.config_hash = c.config_hash
    where
        r.prompt_id not in (
            select prompt_id,
            from answered
        )
)

select
    plan.set,
    plan.source_row,
    plan.prompt_id,
    case
        when plan.status <> 'ready' then plan.status
        when $unread or unasked.prompt_id is not null then 'pending'
        when waiting.prompt_id is not null then 'pending'
        when taken_back.prompt_id is not null then 'retracted'
        else 'ready'
    end as status,
from plan
left join waiting on plan.prompt_id = waiting.prompt_id
left join unasked on plan.prompt_id = unasked.prompt_id
left join taken_back on plan.prompt_id = taken_back.prompt_id
where plan.set = $set
order by plan.set, plan.source_row

-- measured: what became of each row, with source model and characters of the answers
-- that are used.
--
-- grain:  (set, source_row)
-- inputs: used, responses, response_texts
with

lengths as (
    select
        response_id,
        length(text) as n_characters,
    from response_texts
    where
        response_id in (
            select unnest([response_id, chosen_id, rejected_id]),
            from used
        )
)

select
    u.set,
    u.source_row,
    u.prompt_id,
    u.outcome,
    u.response_id,
    u.chosen_id,
    u.rejected_id,
    u.score,
    u.gap,
    r.model as source,
    a.n_characters as n_answer,
    c.n_characters as n_chosen,
    l.n_characters as n_rejected,
from used as u
left join responses as r on coalesce(u.response_id, u.chosen_id) = r.response_id
left join lengths as a on u.response_id = a.response_id
left join lengths as c on u.chosen_id = c.response_id
left join lengths as l on u.rejected_id = l.response_id

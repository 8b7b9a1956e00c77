-- released: what a release made of each row, with the characters of the answers it
-- uses, from its own files.
--
-- grain:  (set, source_row)
-- inputs: outcomes, sft_ids, dpo_ids (its lineage), sft_data, dpo_data (its data): rows
--         of one number belong together
with

answers as (
    select
        i.set,
        i.source_row,
        i.source_model,
        i.response_id,
        i.score,
        length(d.messages[-1].content) as n_answer,
    from sft_ids as i
    inner join sft_data as d on i.number = d.number
),

pairs as (
    select
        i.set,
        i.source_row,
        i.source_model,
        i.chosen_id,
        i.rejected_id,
        i.score,
        i.gap,
        length(d.chosen[-1].content) as n_chosen,
        length(d.rejected[-1].content) as n_rejected,
    from dpo_ids as i
    inner join dpo_data as d on i.number = d.number
)

select
    o.set,
    o.source_row,
    o.prompt_id,
    o.outcome,
    a.response_id,
    p.chosen_id,
    p.rejected_id,
    coalesce(a.score, p.score) as score,
    p.gap,
    coalesce(a.source_model, p.source_model) as source,
    a.n_answer,
    p.n_chosen,
    p.n_rejected,
from outcomes as o
left join answers as a on o.set = a.set and o.source_row = a.source_row
left join pairs as p on o.set = p.set and o.source_row = p.source_row

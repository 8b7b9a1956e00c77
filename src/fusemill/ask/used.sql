-- used: what a selection of this snapshot made of each row.
--
-- grain:  (set, source_row)
-- inputs: outcomes, sft, dpo
-- params: selection
select
    o.set,
    o.source_row,
    o.prompt_id,
    o.outcome,
    s.response_id,
    d.chosen_id,
    d.rejected_id,
    coalesce(s.score, d.score) as score,
    d.gap,
from outcomes as o
left join sft as s
    on
        o.outcome = 'sft'
        and s.selection_id = $selection
        and o.prompt_id = s.prompt_id
left join dpo as d
    on
        o.outcome = 'dpo'
        and d.selection_id = $selection
        and o.prompt_id = d.prompt_id
where o.selection_id = $selection

-- shards: first and last row of each file of a split, about even in bytes of text.
--
-- grain:  shard, in order
-- inputs: rows, conversations, texts
-- params: split_of, most_bytes
with

sizes as (
    select
        r.number,
        coalesce(list_sum([strlen(m.content) for m in c.messages]), 0)
        + coalesce(strlen(best.text), 0)
        + coalesce(strlen(chosen.text), 0)
        + coalesce(strlen(rejected.text), 0) as n_bytes,
    from rows as r
    inner join conversations as c on r.set = c.set and r.source_row = c.source_row
    left join texts as best on r.response_id = best.response_id
    left join texts as chosen on r.chosen_id = chosen.response_id
    left join texts as rejected on r.rejected_id = rejected.response_id
    where r.split_of = $split_of
),

places as (
    select
        number,
        sum(n_bytes) over (order by number) - n_bytes as n_before,
        greatest(sum(n_bytes) over (), 1) as n_all,
    from sizes
),

placed as (
    select
        number,
        n_before * ((n_all + $most_bytes - 1) // $most_bytes) // n_all as shard,
    from places
)

select
    min(number) as first,
    max(number) as last,
from placed
group by shard
order by shard

-- scored: the score of every answer of a set by one scorer, in millionths.
--
-- grain:  response_id
-- inputs: released_answers
-- params: set, scorer
with

scored as (
    select
        used_as,
        list_filter(
            scores,
            lambda one: one.scorer = $scorer
            and one.status = 'ok'
            and abs(one.score) < 1e12
        )[1].score as score,
    from released_answers
    where set = $set
)

select
    round(score * 1000000)::bigint as millionths,
    list_contains(used_as, 'sft') as is_sft,
from scored
where score is not null

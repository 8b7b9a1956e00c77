-- lengths: how many answers of which use have how many characters.
--
-- grain:  (kind, n_characters)
-- inputs: rows, texts
with

uses as (
    select
        'sft' as kind,
        response_id,
    from rows
    where split_of = 'sft_train'
    union all
    select
        'chosen' as kind,
        chosen_id as response_id,
    from rows
    where split_of = 'dpo_train'
    union all
    select
        'rejected' as kind,
        rejected_id as response_id,
    from rows
    where split_of = 'dpo_train'
)

select
    u.kind,
    length(t.text) as n_characters,
    count(*) as n_answers,
from uses as u
inner join texts as t on u.response_id = t.response_id
group by u.kind, n_characters
order by u.kind, n_characters

-- instruction: one user turn; questions about code or mathematics are left out.
--
-- grain:  source_row
-- inputs: raw (prompt)
-- params: none
-- source: data/lists.jsonl, made by generate.py
select
    source_row,
    user_turn(prompt) as messages,
    language_of(prompt) as language,
    case
        when is_blank(prompt) then 'excluded_empty'
        when is_code(prompt) then 'excluded_code'
        when is_mathematics(prompt) then 'excluded_math'
    end as excluded,
from raw
order by source_row

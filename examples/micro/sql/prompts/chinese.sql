-- chinese: one user turn; prompts in another language are left out.
--
-- grain:  source_row
-- inputs: raw (prompt)
-- params: none
-- source: data/sums.jsonl, made by generate.py
select
    source_row,
    user_turn(prompt) as messages,
    language_of(prompt) as language,
    if(is_chinese(prompt), null, 'excluded_language') as excluded,
from raw
order by source_row

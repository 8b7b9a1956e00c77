-- mathematics: one user turn with its gold answer.
--
-- grain:  source_row
-- inputs: raw (prompt, gold)
-- params: none
-- source: data/problems.jsonl, made by generate.py
select
    source_row,
    user_turn(prompt) as messages,
    gold,
    'en' as language,
from raw
order by source_row

-- code: one user turn with the assertions that an answer has to pass, and the right
-- answer, which has to pass them, too.
--
-- grain:  source_row
-- inputs: raw (prompt, tests, entry_point, reference)
-- params: none
-- source: data/functions.jsonl, made by generate.py
select
    source_row,
    user_turn(prompt) as messages,
    tests,
    entry_point,
    reference,
    'en' as language,
from raw
order by source_row

-- dpo: prompt, better answer and worse answer, each a list of messages.
--
-- grain:  one a prompt, in order of set and prompt_id
-- inputs: rows, conversations, texts
-- params: split_of, first, last (numbers of rows, both in)
select
    c.messages as prompt,
    [struct_pack(role := 'assistant', content := chosen.text)] as chosen,
    [struct_pack(role := 'assistant', content := rejected.text)] as rejected,
from rows as r
inner join conversations as c on r.set = c.set and r.source_row = c.source_row
inner join texts as chosen on r.chosen_id = chosen.response_id
inner join texts as rejected on r.rejected_id = rejected.response_id
where r.split_of = $split_of and r.number between $first and $last
order by r.number

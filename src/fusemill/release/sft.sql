-- sft: conversations that end with the chosen answer.
--
-- grain:  one a prompt, in order of set and prompt_id
-- inputs: rows, conversations, texts
-- params: split_of, first, last (numbers of rows, both in)
select
    list_append(
        c.messages, struct_pack(role := 'assistant', content := t.text)
    ) as messages,
from rows as r
inner join conversations as c on r.set = c.set and r.source_row = c.source_row
inner join texts as t on r.response_id = t.response_id
where r.split_of = $split_of and r.number between $first and $last
order by r.number

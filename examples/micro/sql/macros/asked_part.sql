-- asked_part: the first and the last 200 characters of a text, where people say what
-- they want. What stands between is mostly material: an article, a log, a table.
--
-- grain:  one text a text
-- inputs: text
-- params: none
-- source: decided here
create or replace macro asked_part(text) as (
    if(length(text) <= 400, text, left(text, 200) || chr(10) || right(text, 200))
)

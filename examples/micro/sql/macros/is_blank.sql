-- is_blank: whether a text is missing or holds nothing that can be seen.
--
-- grain:  one boolean a text, never null
-- inputs: text
-- params: none
-- source: decided here
create or replace macro is_blank(text) as (
    not regexp_matches(coalesce(text, ''), '[^\s\p{Z}\p{Cf}]')
)

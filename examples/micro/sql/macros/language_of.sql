-- language_of: 'zh' for mainly Chinese texts, 'en' where Latin letters prevail,
-- 'other' for other scripts, null for a text without a letter. French counts as
-- 'en': no rule here depends on telling it from English.
--
-- grain:  one language a text
-- inputs: text; macro is_chinese
-- params: none
-- source: decided here
create or replace macro language_of(text) as (
    case
        when is_chinese(text) then 'zh'
        when not regexp_matches(coalesce(text, ''), '\p{L}') then null
        when
            2 * len(regexp_extract_all(text, '\p{Latin}'))
            >= len(regexp_extract_all(text, '\p{L}'))
            then 'en'
        else 'other'
    end
)

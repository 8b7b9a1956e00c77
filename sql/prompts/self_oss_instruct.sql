-- self_oss_instruct: every instruction as one user turn. Nobody can guess what tests
-- call, so where the instruction does not name the function that the recorded response
-- defines and asserts about, its signature stands below. The assertions in the response
-- and in the instruction become tests (docs/declarations.md), which the response's own
-- code has to pass.
--
-- grain:  source_row
-- inputs: raw (instruction, response); macros
-- params: max_characters
-- source: bigcode/self-oss-instruct-sc2-exec-filter-50k; that code prompts need tests
--         is published, where the tests come from and that the signature is shown are
--         decided here. Its authors moved some assertions from the response into the
--         instruction ("Your code should pass the following …"), hence both.
with

read as (
    select
        source_row,
        instruction,
        response,
        concat_ws(chr(10) || chr(10), instruction, response) as both_texts,
        regexp_extract_all(response, '(?m)^(?:def|class) (\w+)', 1) as defined,
    from raw
),

asserted as (
    select
        *,
        list_filter(
            defined,
            lambda name: regexp_matches(
                both_texts, '(?m)^\s*(?:self\.)?assert.*\b' || name || '\('
            )
        )[1] as name,
    from read
),

signed as (
    select
        *,
        if(
            regexp_matches(instruction, '\b' || name || '\b'),
            '',
            regexp_extract(response, '(?ms)^def ' || name || '\(.*?\)[^:\n]*:')
        ) as signature,
    from asserted
)

select
    source_row,
    user_turn(if(
        coalesce(signature, '') = '',
        instruction,
        instruction || chr(10) || chr(10) || 'Use this signature:' || chr(10)
        || chr(10) || '```python' || chr(10) || signature || chr(10) || '```'
    )) as messages,
    both_texts as statement,
    response as reference,
    language_of(instruction) as language,
    case
        when is_blank(instruction) then 'excluded_empty'
        when length(instruction) > $max_characters then 'excluded_too_long'
    end as excluded,
from signed
order by source_row

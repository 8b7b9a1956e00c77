-- leetcode: the statement, and below it the code to start from. Nobody can guess what
-- tests call, so the prompt names it: class and signature are those of the set's own
-- Python solution. The solution's function is the one named like the problem; else the
-- first public method of class Solution, or the last function. A problem that designs a
-- class shows its methods.
--
--     def twoSum(nums, target):          class MinStack:
--                                            def push(self, x): ...
--                                            def top(self): ...
--
-- The worked examples of `statement` become tests (docs/declarations.md), which
-- `reference` has to pass.
--
-- grain:  source_row
-- inputs: raw (slug, difficulty, content, python); macros
-- params: max_characters (of the statement)
-- source: greengerong/leetcode; that code prompts need tests is published, where the
--         tests come from and that the signature is shown are decided here
with

-- The solution stands in a fence, with words below; some have lost `class Solution`.
solved as (
    select
        *,
        if(
            contains(python, '```'),
            regexp_extract(python, '(?s)```\w*[ \t]*\n(.*?)(?:\n[ \t]*```|\z)', 1),
            python
        ) as code,
    from raw
),

formed as (
    select
        *,
        regexp_matches(code, '(?m)^class Solution\b') as has_solution,
        regexp_matches(code, '(?m)^def \w+\(self\b') as has_methods,
        list_filter(
            regexp_extract_all(code, '(?m)^class (\w+)', 1),
            lambda name: name <> 'Solution' and contains(content, '"' || name)
        )[1] as design,
    from solved
),

listed as (
    select
        *,
        design is not null and not has_solution as is_design,
        has_solution or has_methods as is_method,
        if(
            has_solution,
            regexp_extract_all(code, '(?m)^    def ([a-zA-Z]\w*)\(', 1),
            regexp_extract_all(code, '(?m)^def ([a-zA-Z]\w*)\(', 1)
        ) as names,
    from formed
),

named as (
    select
        *,
        coalesce(
            list_filter(
                names,
                lambda name: lower(replace(name, '_', '')) = replace(slug, '-', '')
            )[1],
            if(is_method, names[1], names[-1])
        ) as name,
    from listed
),

signed as (
    select
        *,
        trim(regexp_extract(
            code, '(?ms)^ *def ' || name || '\(.*?\)[^:\n]*:'
        )) as signature,
        regexp_extract_all(
            regexp_extract(
                code, '(?s)(?:^|\n)(class ' || design || '\b.*?)(?:\n[^\s#]|\z)', 1
            ),
            '(?m)^    def \w+\(.*\).*:[ \t]*$'
        ) as methods,
    from named
),

started as (
    select
        *,
        case
            when is_design
                then
                    'class ' || design || ':' || chr(10) || array_to_string(
                        [rtrim(method) || ' ...' for method in methods], chr(10)
                    )
            when signature = '' then null
            when is_method then 'class Solution:' || chr(10) || '    ' || signature
            else signature
        end as starter,
        case
            when is_design then design
            when is_method then 'Solution().' || name
            else name
        end as entry_point,
    from signed
)

select
    source_row,
    user_turn(content || coalesce(
        chr(10) || chr(10) || 'Solve it in Python. Start from this code:' || chr(10)
        || chr(10) || '```python' || chr(10) || starter || chr(10) || '```',
        ''
    )) as messages,
    content as statement,
    python as reference,
    entry_point,
    if(is_design, 'class ' || design || ':', starter) as stub,
    [difficulty] as tags,
    language_of(content) as language,
    case
        when is_blank(content) then 'excluded_empty'
        when length(content) > $max_characters then 'excluded_too_long'
    end as excluded,
from started
order by source_row

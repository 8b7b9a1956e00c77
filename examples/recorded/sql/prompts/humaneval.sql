-- humaneval: every HumanEval task. The message is the function to complete, as the
-- benchmark states it: signature and docstring, imports and helpers before it. The same
-- text is the stub, for answers that only continue it or leave its imports out. The
-- test is the benchmark's one `check(candidate)`, which its own solution has to pass.
--
-- grain:  source_row
-- inputs: raw (prompt, canonical_solution, test, entry_point); macros
-- params: none
-- source: benchmarks/humaneval.parquet (openai/human-eval)
select
    source_row,
    user_turn(prompt) as messages,
    if(is_blank(test), null, [test]) as tests,
    prompt || canonical_solution as reference,
    entry_point,
    prompt as stub,
    'en' as language,
    case
        when is_blank(prompt) then 'excluded_empty'
        when is_blank(test) then 'no_tests'
    end as excluded,
from raw
order by source_row

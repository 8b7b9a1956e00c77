-- humaneval, from Reflexion's experiments: the `simple_*` runs on HumanEval, one plain
-- answer a row. The other runs show a model the failures of its first answer and ask
-- again: another way of asking, left out. Runs of one model are its draws, made of the
-- text.
--
-- `simple_test_run` kept no text of what failed: its blank solutions are exactly its
-- unsolved tasks. They are kept as answers without a text.
--
-- grain:  source_row
-- inputs: raw (run, model, task_id, prompt, solution); macros
-- params: none
-- source: reflexion_code_runs/runs.parquet
select
    source_row,
    user_turn(prompt) as messages,
    model,
    if(is_blank(solution), null, solution) as text,
from raw
where starts_with(run, 'simple_') and starts_with(task_id, 'HumanEval/')
order by source_row

-- humaneval, the 94 runs: one answer a row. A run is named by a model and by how it was
-- asked, `TheBloke_WizardLM-30B-GPTQ_VICUNA_MEDIUM`; what comes before the first name
-- of a prompt format is the model. Its runs are its draws, made of the text.
--
-- Two runs of one model with the same completions throughout are one run under two
-- names: the first name is taken. A completion that is nothing but `pass` is what the
-- source's program writes for a task that it did not ask: no answer, as a blank one.
--
-- grain:  source_row
-- inputs: raw, the rows of completions.parquet (run, task_id, completion) and of
--         humaneval.parquet (task_id, prompt) together: the columns of the other file
--         are null
-- params: formats (a regular expression: the first name of a format)
-- source: humaneval_runs/completions.parquet
with

written as (
    select
        source_row,
        task_id,
        run,
        completion,
        regexp_replace(run, '_(' || $formats || ')(_.*)?$', '') as model,
    from raw
    where run is not null
),

tasks as (
    select
        task_id,
        any_value(prompt order by source_row) as prompt,
    from raw
    where prompt is not null
    group by task_id
),

runs as (
    select
        model,
        run,
        list([task_id, completion] order by task_id, source_row) as completions,
    from written
    group by model, run
),

distinct_runs as (
    select min(run) as run,
    from runs
    group by model, completions
)

select
    written.source_row,
    user_turn(tasks.prompt) as messages,
    written.model,
    if(
        is_blank(written.completion) or trim(written.completion) = 'pass',
        null,
        written.completion
    ) as text,
from written
inner join distinct_runs on written.run = distinct_runs.run
left join tasks on written.task_id = tasks.task_id
order by written.source_row

-- openmathinstruct2: one recorded solution of Llama-3.1-405B-Instruct a raw row. The
-- set says nothing of draws, so they are made of the texts. Rows are not sorted: their
-- order changes no draw, and 14 million solutions would be sorted for nothing.
--
-- grain:  source_row
-- inputs: raw (problem, generated_solution); macros
-- params: none
-- source: nvidia/OpenMathInstruct-2, whose card names the model; that its answers are
--         replayed is published
select
    source_row,
    user_turn(problem) as messages,
    'Llama-3.1-405B-Instruct' as model,
    generated_solution as text,
from raw

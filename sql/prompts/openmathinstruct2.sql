-- openmathinstruct2: every problem as one user turn, unchanged. A problem stands in as
-- many rows as it has recorded solutions (14 million rows, some 600,000 problems): the
-- first keeps it, the others become duplicates. The solutions themselves are recorded
-- answers (sql/answers/openmathinstruct2.sql). Rows come in the order of the files and
-- stream through in little memory, not sorted: their order decides nothing.
--
-- grain:  source_row
-- inputs: raw (problem, expected_answer, problem_source); macros
-- params: max_characters
-- source: nvidia/OpenMathInstruct-2. For augmented problems the expected answer is what
--         most of the recorded solutions came to; it is taken as right, decided here
select
    source_row,
    user_turn(problem) as messages,
    expected_answer as gold,
    [problem_source] as tags,
    language_of(problem) as language,
    case
        when is_blank(problem) then 'excluded_empty'
        when length(problem) > $max_characters then 'excluded_too_long'
    end as excluded,
from raw

-- prompts: every row that was read, excluded ones with the reason. Messages, tests
-- and stub are in prompt_texts. A reading that broke off, or whose parts were taken
-- away since, has no row here: it counts as not read.
--
-- grain:  (set, source_row), of the reading that the project declares
-- inputs: part_prompts, part_audits (rows of suite 'prompts'), declared_sets,
--         retractions
with

readings as (
    select
        d.set,
        d.reading_id,
        max((a.details ->> '$.rows')::bigint) as n_rows,
    from declared_sets as d
    inner join part_audits as a
        on d.reading_id = a.selection_id and a.suite = 'prompts'
    group by d.set, d.reading_id
),

found as materialized (
    select
        p.set,
        p.source_row,
        p.reading_id,
        p.source,
        p.revision,
        p.licence,
        p.prompt_id,
        -- As after gc, so that erasing its bytes later is no change of the data.
        if(taken_back.key is null, p.gold, null) as gold,
        p.entry_point,
        p.tags,
        p.language,
        p.norm_key,
        p.check_id,
        p.excluded,
        p.excluded_why,
    from part_prompts as p
    inner join readings as r on p.set = r.set and p.reading_id = r.reading_id
    left join retractions as taken_back
        on taken_back."table" = 'prompts' and p.prompt_id = taken_back.key
    qualify
        row_number() over (
            partition by p.set, p.source_row order by p.file_index, p.file_row_number
        ) = 1
),

complete as (
    select f.set,
    from found as f
    inner join readings as r on f.set = r.set
    group by f.set
    having count(*) = max(r.n_rows)
)

select found.*,
from found
semi join complete on found.set = complete.set
order by found.set, found.source_row

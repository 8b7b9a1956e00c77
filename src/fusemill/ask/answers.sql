-- answers: the answers to one prompt that a set's rule sees, and what each became.
--
-- grain:  response_id
-- inputs: responses, scores, prompts, verdicts, sft, dpo
-- params: set, prompt, configs, scorer, checker, selection
with

checks as (
    select distinct
        prompt_id,
        check_id,
    from prompts
    where set = $set
)

select
    r.response_id,
    r.model,
    r.draw,
    r.finish_reason,
    r.error,
    s.score,
    s.status as score_status,
    v.status as verdict,
    v.extracted,
    v.reason,
    case r.response_id
        when f.response_id then 'sft'
        when d.chosen_id then if(d.split = 'test', 'test_chosen', 'chosen')
        when d.rejected_id then if(d.split = 'test', 'test_rejected', 'rejected')
    end as used_as,
from responses as r
left join scores as s
    on
        r.prompt_id = s.prompt_id
        and r.text_id = s.text_id
        and s.scorer_hash = $scorer
left join checks as c on r.prompt_id = c.prompt_id
left join verdicts as v
    on
        r.text_id = v.text_id
        and c.check_id = v.check_id
        and v.checker_hash = $checker
left join sft as f on r.prompt_id = f.prompt_id and f.selection_id = $selection
left join dpo as d on r.prompt_id = d.prompt_id and d.selection_id = $selection
where r.prompt_id = $prompt and list_contains($configs, r.config_hash)
order by s.score desc nulls last, r.response_id asc

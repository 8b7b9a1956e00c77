-- candidates: the answers a rule may choose from: those with a text that is
-- not blank, to prompts that are ready. A score is null unless its status is ok.
--
-- grain:  response_id
-- inputs: answered, readiness
select
    a.prompt_id,
    a.response_id,
    a.source,
    a.draw,
    a.finish_reason,
    a.score,
    a.verdict,
from answered as a
where
    a.has_text
    and not a.is_blank
    and a.prompt_id in (
        select prompt_id,
        from readiness
        where status = 'ready'
    )

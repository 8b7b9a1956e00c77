"""The frames that suites look at: one selection each, keys and figures, no texts."""

from typing import Literal

import duckdb
import pandas as pd

Frame = Literal["prompts", "responses", "verdicts", "checks", "sft", "dpo"]

# Columns that name a row in a failure's report.
ROW_ID: dict[str, list[str]] = {
    "prompts": ["set", "source_row"],
    "responses": ["response_id"],
    "verdicts": ["source", "n_answers"],
    "checks": ["prompt_id", "n_answers", "n_passed"],
    "sft": ["prompt_id", "response_id"],
    "dpo": ["prompt_id", "chosen_id", "rejected_id"],
}

_ANSWER = """
    select
        r.response_id, r.prompt_id, r.text_id, c.config, r.model as source, r.draw,
        r.finish_reason, r.n_output_tokens
    from responses as r inner join configs as c using (config_hash)
"""
_FRAMES = {
    "prompts": """
        select
            o."set", o.source_row, o.prompt_id, o.outcome, p.licence, p.language,
            p.gold, p.excluded
        from outcomes as o inner join prompts as p using ("set", source_row)
        where o.selection_id = $id
        order by o."set", o.source_row
    """,
    "responses": f"""
        with answer as ({_ANSWER})
        select
            a.response_id, a.prompt_id, a.text_id, a.source, a.draw, a.finish_reason,
            a.n_output_tokens, k.score, k.verdict
        from answered as k inner join answer as a using (response_id)
        order by a.response_id
    """,
    # Of answers that were checked: a source model, a prompt.
    "verdicts": """
        select
            source, count(*) as n_answers,
            avg((verdict = 'passed')::integer) as share_passed,
            avg((verdict = 'failed')::integer) as share_failed,
            avg((verdict = 'unparsed')::integer) as share_unparsed,
            avg((verdict = 'timeout')::integer) as share_timeout,
            avg((verdict = 'memory')::integer) as share_memory,
            avg((verdict = 'forbidden')::integer) as share_forbidden,
            avg((verdict = 'error')::integer) as share_error
        from answered
        where verdict is not null
        group by source
        order by source
    """,
    "checks": """
        select
            prompt_id, count(*) as n_answers, count(distinct source) as n_sources,
            count(*) filter (verdict = 'passed') as n_passed,
            count(*) filter (verdict = 'error') as n_errors
        from answered
        where verdict is not null
        group by prompt_id
        order by prompt_id
    """,
    "sft": f"""
        with answer as ({_ANSWER})
        select
            s.prompt_id, s.response_id, s.score, a.source, a.finish_reason,
            a.prompt_id as answer_prompt_id, k.verdict
        from sft as s
        left join answer as a using (response_id)
        left join answered as k using (response_id)
        where s.selection_id = $id
        order by s.prompt_id
    """,
    "dpo": f"""
        with answer as ({_ANSWER})
        select
            d.prompt_id, d.split, d.chosen_id, d.rejected_id, d.score,
            d.gap::double as gap,
            c.source as chosen_source, r.source as rejected_source,
            c.prompt_id as chosen_prompt_id, r.prompt_id as rejected_prompt_id,
            c.text_id as chosen_text_id, r.text_id as rejected_text_id,
            c.finish_reason as chosen_finish_reason,
            r.finish_reason as rejected_finish_reason,
            kc.verdict as chosen_verdict, kr.verdict as rejected_verdict,
            kc.score as chosen_score, kr.score as rejected_score
        from dpo as d
        left join answer as c on c.response_id = d.chosen_id
        left join answer as r on r.response_id = d.rejected_id
        left join answered as kc on kc.response_id = d.chosen_id
        left join answered as kr on kr.response_id = d.rejected_id
        where d.selection_id = $id
        order by d.prompt_id
    """,
}


def frame(
    con: duckdb.DuckDBPyConnection, name: Frame, selection_id: str
) -> pd.DataFrame:
    """One frame of a selection; needs temp table `answered` of its builder."""
    sql = _FRAMES[name]
    params = {"id": selection_id} if "$id" in sql else {}
    return con.sql(sql, params=params).df()

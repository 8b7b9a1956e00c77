"""Stage `verify`: texts × checks → verdicts."""

from collections.abc import Iterator, Sequence

import duckdb

from fusemill.fill import Advance, Job, Row, Shard, fill
from fusemill.identity import checker_hash, configs
from fusemill.project.models import Builder
from fusemill.project.project import Project
from fusemill.prompts.reading import require_read
from fusemill.verify import mathematics

MISSING_CHECKS = """
with

checked as (
    select p.prompt_id, p.check_id, p.gold
    from prompts as p
    inner join plan using ("set", source_row)
    where plan."set" = $set and plan.status = 'ready' and p.check_id is not null
),

wanted as (
    select r.text_id, c.check_id, min(c.gold) as gold, min(r.response_id) as response_id
    from responses as r
    inner join checked as c using (prompt_id)
    where list_contains($configs, r.config_hash) and r.text_id is not null
    group by r.text_id, c.check_id
),

known as (
    select text_id, check_id from verdicts where checker_hash = $checker
)

select text_id, check_id, gold, response_id
from wanted anti join known using (text_id, check_id)
"""


def find_missing(
    con: duckdb.DuckDBPyConnection, project: Project, builder: Builder, shard: Shard
) -> int:
    """Make temp table `missing`: (text_id, check_id, gold, response_id) to check.

    Returns how many have no verdict of the builder's checker yet.
    """
    params = {
        "set": builder.set,
        "configs": [c.config_hash for c in configs(project, builder)],
        "checker": checker_hash(builder),
    }
    con.execute(
        f"create or replace temp table missing as {MISSING_CHECKS} "
        f"where {shard.predicate('text_id')}",
        params,
    )
    return int(con.execute("select count(*) from missing").fetchall()[0][0])


def verify_builder(
    project: Project,
    builder: Builder,
    shard: Shard,
    advance: Advance,
) -> int:
    """Check every answer that has no verdict yet; returns how many were checked."""
    checker = checker_hash(builder)
    if checker is None:
        return 0

    def work(rows: Sequence[Row]) -> Iterator[Row]:
        for row in rows:
            verdict = mathematics.check(row["text"], row["gold"])
            yield {
                "text_id": row["text_id"],
                "check_id": row["check_id"],
                "checker_hash": checker,
                "checker": mathematics.CHECKER,
                "status": verdict.status,
                "reason": verdict.reason,
                "extracted": verdict.extracted,
                "decided_by": verdict.decided_by,
            }

    with project.warehouse.connect() as con:
        require_read(con, builder)
        if not find_missing(con, project, builder, shard):
            return 0
        return fill(project.warehouse, Job("verdicts", _with_text(con), work), advance)


def _with_text(con: duckdb.DuckDBPyConnection) -> Iterator[list[Row]]:
    result = con.execute(
        "select m.text_id, m.check_id, m.gold, t.text from missing as m "
        "inner join response_texts as t using (response_id)"
    )
    names = [column[0] for column in result.description or []]
    while rows := result.fetchmany(200):
        yield [dict(zip(names, row, strict=True)) for row in rows]

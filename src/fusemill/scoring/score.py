"""Stage `score`: which answers have no score of a scorer yet, and their scoring."""

import math
from collections.abc import Iterator, Sequence

import duckdb

from fusemill.fill import (
    FLUSH_ROWS,
    FLUSH_ROWS_REPLAYED,
    Advance,
    Job,
    Row,
    Shard,
    fill,
)
from fusemill.identity import configs, scorer_hash
from fusemill.project.models import Builder, PythonScorer, RewardScorer, Scorer
from fusemill.project.project import Project
from fusemill.prompts.reading import require_read
from fusemill.scoring.engines import scored

# Scores are compared as decimals of six places and twelve digits before the point.
LARGEST = 1e11

MISSING_SCORES = """
with

ours as (
    select prompt_id from plan where "set" = $set and status = 'ready'
),

wanted as (
    select r.prompt_id, r.text_id, min(r.response_id) as response_id
    from responses as r
    inner join ours using (prompt_id)
    where list_contains($configs, r.config_hash) and r.text_id is not null
    group by r.prompt_id, r.text_id
),

known as (
    select prompt_id, text_id from scores where scorer_hash = $scorer
)

select prompt_id, text_id, response_id
from wanted anti join known using (prompt_id, text_id)
"""


def find_missing(
    con: duckdb.DuckDBPyConnection,
    project: Project,
    builder: Builder,
    scorer: str,
    shard: Shard,
) -> int:
    """Make temp table `missing`: (prompt_id, text_id, response_id) without a score.

    `scorer` is a scorer's hash. Returns how many are missing.
    """
    params = {
        "set": builder.set,
        "configs": [c.config_hash for c in configs(project, builder)],
        "scorer": scorer,
    }
    con.execute(
        f"create or replace temp table missing as {MISSING_SCORES} "
        f"where {shard.predicate('prompt_id')}",
        params,
    )
    project.warehouse.leave_out_newer(con, "missing", "scores", scorer_hash=scorer)
    return int(con.execute("select count(*) from missing").fetchall()[0][0])


def score_builder(
    project: Project,
    builder: Builder,
    scorer: Scorer,
    shard: Shard,
    advance: Advance,
) -> int:
    """Score what this scorer has not scored yet; returns how many scores came.

    A score that is null, NaN, infinite or beyond 1e11 is stored as `not_finite`, unless
    the engine says why there is none.
    """
    with project.warehouse.connect() as con:
        require_read(con, builder)
        hash_ = scorer_hash(project, builder, scorer, con)
        n_missing = find_missing(con, project, builder, hash_, shard)
        if not n_missing:
            return 0
        advance.expect(n_missing)

        def work(rows: Sequence[Row]) -> Iterator[Row]:
            for row in rows:
                yield _score_row(row, hash_, scorer.name)

        paid = isinstance(scorer, PythonScorer | RewardScorer)
        job = Job(
            "scores",
            scored(project, builder, scorer, con),
            work,
            flush_rows=FLUSH_ROWS if paid else FLUSH_ROWS_REPLAYED,
        )
        return fill(project.warehouse, job, advance)


def _score_row(row: Row, hash_: str, name: str) -> Row:
    value = row["score"]
    finite = value is not None and math.isfinite(value) and abs(value) < LARGEST
    status = row.get("status", "not_finite") if value is None else "not_finite"
    return {
        "prompt_id": row["prompt_id"],
        "text_id": row["text_id"],
        "scorer_hash": hash_,
        "scorer": name,
        "score": float(value) if finite else None,
        "objectives": row.get("objectives") if finite else None,
        "status": "ok" if finite else status,
    }

"""Stage `verify`: texts × checks → verdicts."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import duckdb

from fusemill.fill import Advance, Job, Row, Shard, batches, fill
from fusemill.identity import checker_hash, configs
from fusemill.project.models import Builder
from fusemill.project.project import Project
from fusemill.prompts.reading import require_read
from fusemill.verify import mathematics
from fusemill.verify.verdict import Verdict

if TYPE_CHECKING:  # imported where code is run only
    from fusemill.sandbox import Sandbox

MISSING_CHECKS = """
with

checked as (
    select p."set", p.source_row, p.prompt_id, p.check_id
    from prompts as p
    inner join plan using ("set", source_row)
    where plan."set" = $set and plan.status = 'ready' and p.check_id is not null
),

wanted as (
    select
        r.text_id, c.check_id, min(r.response_id) as response_id,
        min(c.source_row) as source_row
    from responses as r
    inner join checked as c using (prompt_id)
    where list_contains($configs, r.config_hash) and r.text_id is not null
    group by r.text_id, c.check_id
),

known as (
    select text_id, check_id from verdicts where checker_hash = $checker
)

select text_id, check_id, response_id, source_row
from wanted anti join known using (text_id, check_id)
"""


def find_missing(
    con: duckdb.DuckDBPyConnection, project: Project, builder: Builder, shard: Shard
) -> int:
    """Make temp table `missing`: (text_id, check_id, response_id, source_row) to check.

    Returns how many have no verdict of the builder's checker yet.
    """
    checker = checker_hash(builder)
    params = {
        "set": builder.set,
        "configs": [c.config_hash for c in configs(project, builder)],
        "checker": checker,
    }
    con.execute(
        f"create or replace temp table missing as {MISSING_CHECKS} "
        f"where {shard.predicate('text_id')}",
        params,
    )
    project.warehouse.leave_out_newer(con, "missing", "verdicts", checker_hash=checker)
    return int(con.execute("select count(*) from missing").fetchall()[0][0])


def verify_builder(
    project: Project,
    builder: Builder,
    shard: Shard,
    advance: Advance,
) -> int:
    """Check every answer that has no verdict yet; returns how many were checked.

    Raises SandboxError where code has to be run and the kernel cannot isolate it.
    """
    if builder.checker is None:
        return 0
    with project.warehouse.connect() as con:
        require_read(con, builder)
        n_missing = find_missing(con, project, builder, shard)
        if not n_missing:
            return 0
        advance.expect(n_missing)
        with _verdicts(con, project, builder) as verdicts:
            job = Job("verdicts", batches(verdicts, 50), lambda batch: batch)
            return fill(project.warehouse, job, advance)


@contextmanager
def _verdicts(
    con: duckdb.DuckDBPyConnection, project: Project, builder: Builder
) -> Iterator[Iterator[Row]]:
    """Rows of table verdicts for the rows of temp table `missing`, as they come."""
    named = {"checker_hash": checker_hash(builder), "checker": builder.checker}
    if builder.code_checker is None:
        yield ({**row, **named} for row in _mathematics(con, builder))
        return
    from fusemill.sandbox import Limits, Sandbox

    declared = builder.code_checker
    limits = Limits(
        cpu_s=declared.cpu_s,
        memory_mb=declared.memory_mb,
        scratch_mb=declared.scratch_mb,
    )
    weak = project.weak_sandbox
    with Sandbox(limits, packages=declared.packages, weak=weak) as sandbox:
        yield ({**row, **named} for row in _code(con, builder, sandbox))


def _mathematics(con: duckdb.DuckDBPyConnection, builder: Builder) -> Iterator[Row]:
    rows = (
        mathematics.MathRow((row["text_id"], row["check_id"]), row["text"], row["gold"])
        for row in _rows(con, builder)
    )
    # closed at once when the run ends early: it may hold processes
    with closing(mathematics.check_many(rows)) as verdicts:
        for key, verdict in verdicts:
            assert isinstance(key, tuple)
            yield _verdict_row(key, verdict)


def _code(
    con: duckdb.DuckDBPyConnection, builder: Builder, sandbox: "Sandbox"
) -> Iterator[Row]:
    from fusemill.verify.code import CodeRow, check_many

    rows = (
        CodeRow(
            (row["text_id"], row["check_id"]),
            row["text"],
            tuple(row["tests"] or ()),
            row["entry_point"],
            row["stub"],
        )
        for row in _rows(con, builder)
    )
    for key, verdict in check_many(rows, sandbox):
        assert isinstance(key, tuple)
        yield _verdict_row(key, verdict)


def _verdict_row(key: tuple[str, str], verdict: Verdict) -> Row:
    return {
        "text_id": key[0],
        "check_id": key[1],
        "status": verdict.status,
        "reason": verdict.reason,
        "extracted": verdict.extracted,
        "decided_by": verdict.decided_by,
        "cpu_s": verdict.cpu_s,
    }


def _rows(con: duckdb.DuckDBPyConnection, builder: Builder) -> Iterator[Row]:
    """What is missing, with text, gold answer, tests, entry point and stub."""
    result = con.execute(
        """
        select m.text_id, m.check_id, t.text, p.gold, q.tests, p.entry_point, q.stub
        from missing as m
        inner join response_texts as t using (response_id)
        inner join prompts as p on p."set" = $set and p.source_row = m.source_row
        inner join prompt_texts as q on q."set" = $set and q.source_row = m.source_row
        """,
        {"set": builder.set},
    )
    names = [column[0] for column in result.description or []]
    while rows := result.fetchmany(200):
        for row in rows:
            yield dict(zip(names, row, strict=True))

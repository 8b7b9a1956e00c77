"""Recorded sources of answers: whether each was read to its end, for which prompts."""

import json

import duckdb

from fusemill import ids
from fusemill.project.models import Builder, RecordedAnswers
from fusemill.project.project import Project
from fusemill.prompts.sources import Resolved, resolve


def recorded_blocks(builder: Builder) -> list[tuple[int, RecordedAnswers]]:
    """The builder's recorded answers, with their place under `answers`."""
    return [
        (i, block)
        for i, block in enumerate(builder.answers)
        if isinstance(block, RecordedAnswers)
    ]


def recorded_source(project: Project, builder: Builder, index: int) -> Resolved:
    """The source of a block of recorded answers; SourceError where it is not there."""
    block = builder.answers[index]
    assert isinstance(block, RecordedAnswers)
    where = f"{project.builder_path(builder)}: answers.{index}.source"
    return resolve(block.source, project, where)


READY = ("ready",)
# One that was taken back since counts as before: nothing is read again for it.
TAKEN = ("ready", "retracted")


def _prompts(con: duckdb.DuckDBPyConnection, statuses: tuple[str, ...]) -> str:
    """SQL of the prompts with these statuses, for a set as the only parameter.

    The snapshot's own `plan` is read: a selection hides it behind one of its builder.
    """
    snapshot = con.execute("select current_database()").fetchall()[0][0]
    return (
        f'select prompt_id from "{snapshot}".main.plan where "set" = ? '
        f"and status in ({', '.join(repr(status) for status in statuses)})"
    )


def replay_id(
    project: Project,
    con: duckdb.DuckDBPyConnection,
    builder: Builder,
    index: int,
    statuses: tuple[str, ...] = READY,
) -> str:
    """Id of one reading of a recorded source for exactly these prompts."""
    block = builder.answers[index]
    assert isinstance(block, RecordedAnswers)
    source = recorded_source(project, builder, index)
    taken = con.execute(
        "select count(*), md5(bit_xor(md5_number(prompt_id))::varchar) "
        f"from ({_prompts(con, statuses)})",
        [builder.set],
    ).fetchall()[0]
    spec = {
        "source": [list(i) if isinstance(i, tuple) else i for i in source.identity],
        "sql": project.sql(block.sql),
        "macros": project.macros(),
        "params": block.params,
        "configs": {
            name: ids.config_hash(project.models[model].config(None))
            for name, model in block.models.items()
        },
        "prompts": list(taken),
    }
    return ids.H("recorded", spec)


def is_complete(
    project: Project, con: duckdb.DuckDBPyConnection, builder: Builder, index: int
) -> bool:
    """Whether a recorded source was read to its end for these prompts, and is there.

    Where parts were taken away since, it counts as not read: it is replayed, and what
    is there still is not written twice.
    """
    return any(
        _holds(con, builder, replay_id(project, con, builder, index, of), of)
        for of in (TAKEN, READY)
    )


def _holds(
    con: duckdb.DuckDBPyConnection,
    builder: Builder,
    replay: str,
    statuses: tuple[str, ...],
) -> bool:
    """Whether this reading is marked as complete, and its answers are there."""
    row = con.execute(
        "select details from audits where selection_id = ? and suite = 'recorded'",
        [replay],
    ).fetchone()
    if row is None:
        return False
    there = dict(
        con.execute(
            f"""
            select config_hash, count(*)
            from (
                select prompt_id, config_hash from responses
                union all
                select prompt_id, config_hash from retracted_responses
            )
            semi join ({_prompts(con, statuses)}) using (prompt_id)
            group by config_hash
            """,
            [builder.set],
        ).fetchall()
    )
    answers: dict[str, int] = json.loads(row[0])["answers"]
    return all(there.get(config, 0) >= n for config, n in answers.items())


def is_unread(
    project: Project, con: duckdb.DuckDBPyConnection, builder: Builder
) -> bool:
    """Whether a recorded source of the builder has not been read to its end."""
    return any(
        not is_complete(project, con, builder, index)
        for index, _ in recorded_blocks(builder)
    )

"""Stage `sample`: recorded answers that are missing; live.py asks for the others."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from fusemill import ids
from fusemill.durable import point
from fusemill.errors import EngineError
from fusemill.fill import FLUSH_ROWS_REPLAYED, Advance, Job, Row, Shard, batches, fill
from fusemill.identity import Config, configs
from fusemill.project.models import Builder, RecordedAnswers
from fusemill.project.project import Project
from fusemill.prompts.reading import require_read
from fusemill.sampling.recorded import Tally, answers
from fusemill.sampling.replays import (
    is_complete,
    recorded_blocks,
    recorded_source,
    replay_id,
)


@dataclass
class Brought:
    """How many answers came, and what of a recorded source was left or had no text."""

    new: int = 0
    unmatched: int = 0
    null_text: int = 0

    def __str__(self) -> str:
        """For the progress line."""
        said = f"{self.new:,} new answers"
        if self.unmatched:
            said += f", {self.unmatched:,} recorded for prompts that are not taken"
        if self.null_text:
            said += f", {self.null_text:,} without a text"
        return said


def sample_builder(
    project: Project,
    builder: Builder,
    shard: Shard,
    advance: Advance,
) -> Brought:
    """Bring the missing answers of a builder from its recorded sources."""
    _write_configs(project, builder)
    brought = Brought()
    for index, block in recorded_blocks(builder):
        source = recorded_source(project, builder, index)
        with project.warehouse.connect() as con:
            if is_complete(project, con, builder, index):
                continue
            replay = replay_id(project, con, builder, index)
            tally = Tally()
            by_name = _by_recorded_name(project, block)
            wanted = _ready_prompts(con, builder, shard)
            rows = answers(project, block, source, wanted, by_name, tally)
            job = Job(
                "responses",
                _not_there(con, rows, list(by_name.values()), block.sql),
                lambda batch: batch,
                flush_rows=FLUSH_ROWS_REPLAYED,
            )
            brought.new += fill(project.warehouse, job, advance)
        brought.unmatched += tally.unmatched
        brought.null_text += tally.null_text
        if shard.count == 1:
            _mark_complete(project, builder, replay, tally)
    return brought


def _ready_prompts(
    con: duckdb.DuckDBPyConnection, builder: Builder, shard: Shard
) -> set[str]:
    query = (
        "select prompt_id from plan where \"set\" = ? and status = 'ready' and "
        f"{shard.predicate('prompt_id')}"
    )
    return {row[0] for row in con.execute(query, [builder.set]).fetchall()}


def _by_recorded_name(project: Project, block: RecordedAnswers) -> dict[str, Config]:
    found = {}
    for name, model in block.models.items():
        config = project.models[model].config(None)
        found[name] = Config(model, ids.config_hash(config), config, None)
    return found


def _not_there(
    con: duckdb.DuckDBPyConnection,
    rows: Iterator[dict[str, Any]],
    of: list[Config],
    where: str,
) -> Iterator[list[Row]]:
    """The rows whose answer key the warehouse does not have yet.

    EngineError where it has the key with another text: an answer is never replaced.
    """
    known = {
        (prompt, config, draw): response
        for prompt, config, draw, response in con.execute(
            "select prompt_id, config_hash, draw, response_id from responses "
            "where list_contains($of, config_hash) union all "
            "select prompt_id, config_hash, draw, response_id from retracted_responses",
            {"of": [config.config_hash for config in of]},
        ).fetchall()
    }
    for batch in batches(rows, FLUSH_ROWS_REPLAYED):
        fresh = []
        for row in batch:
            key = (row["prompt_id"], row["config_hash"], row["draw"])
            if key not in known:
                known[key] = row["response_id"]
                fresh.append(row)
            elif known[key] != row["response_id"]:
                raise EngineError(_other_text(where, row, known[key]))
        yield fresh


def _other_text(where: str, row: Row, there: str) -> str:
    return (
        f"{where}: prompt {row['prompt_id']}, model {row['model']}, draw "
        f"{row['draw']}: the warehouse has another text for this draw (response "
        f"{there}). Answers are never replaced: give the new one a draw of its own, "
        "leave `draw` out so that it is made of the text, or retract the old one "
        "first and give the new one another draw"
    )


def _write_configs(project: Project, builder: Builder) -> None:
    with project.warehouse.connect() as con:
        require_read(con, builder)
        known = {
            row[0] for row in con.execute("select config_hash from configs").fetchall()
        }
    rows = [
        {"config_hash": c.config_hash, "config": ids.canonical_json(c.config)}
        for c in configs(project, builder)
        if c.config_hash not in known
    ]
    point("configs.started")
    project.warehouse.write("configs", rows)


def _mark_complete(
    project: Project, builder: Builder, replay: str, tally: Tally
) -> None:
    details = {
        "set": builder.set,
        "rows": tally.rows,
        "wanted": tally.wanted,
        "unmatched": tally.unmatched,
        "null_text": tally.null_text,
        "answers": dict(sorted(tally.keys.items())),
    }
    mark = {
        "selection_id": replay,
        "suite": "recorded",
        "success": True,
        "details": json.dumps(details),
    }
    point("recorded.marking")
    project.warehouse.write("audits", [mark])

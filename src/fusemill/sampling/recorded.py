"""Engine `recorded`: answers that exist already, replayed from files or a Hub set.

One row of the answers statement is one answer:

    messages [{role: user, …}]  model "gpt4"  text "…"  draw 0  finish_reason stop

A draw that is not given is made of the text, so that adding a file shifts nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb

from fusemill import ids
from fusemill.errors import SourceError
from fusemill.identity import Config
from fusemill.project.columns import check_columns
from fusemill.project.models import RecordedAnswers
from fusemill.project.project import Project
from fusemill.project.statement import UNBOUND, load_macros, prepare, sql_error
from fusemill.prompts.faults import statement_failed
from fusemill.prompts.sources import Resolved, columns, opened
from fusemill.sampling.rows import response_row

REQUIRED = {"messages": "messages", "model": "text", "text": "text"}
OPTIONAL = {
    "draw": "integer",
    "finish_reason": "text",
    "reasoning": "text",
    "n_input_tokens": "integer",
    "n_output_tokens": "integer",
    "source_row": "integer",
    "score": "",
}
FINISH_REASONS = ("stop", "length", "recorded")


@dataclass
class Tally:
    """What became of the rows of a recorded source; they add up to `rows`."""

    rows: int = 0
    wanted: int = 0  # answers of prompts that are taken
    unmatched: int = 0  # of prompts that are not in the set, or not taken
    null_text: int = 0  # kept as refusals
    keys: Counter[str] = field(default_factory=Counter)  # answer keys by config_hash
    draws: dict[tuple[str, str, int], str] = field(default_factory=dict)


def statement_rows(
    project: Project,
    source: Resolved,
    sql_path: str,
    params: Mapping[str, Any],
    required: Mapping[str, str],
    optional: Mapping[str, str],
) -> Iterator[dict[str, Any]]:
    """Rows of a statement over a source's `raw`, its columns checked.

    `required` and `optional` are names and kinds, as `check_columns` takes them.
    """
    sql = project.sql(sql_path)
    with opened(source) as con:
        load_macros(con, project)
        values = prepare(con, sql, sql_path, params)
        try:
            result = con.execute(sql, values)
            names = check_columns(
                sql_path, result.description or [], required, optional
            )
            while rows := result.fetchmany(200):
                for row in rows:
                    yield dict(zip(names, row, strict=True))
        except UNBOUND as error:
            hint = f"columns of the source: {columns(con)}"
            raise sql_error(sql_path, error, hint) from None
        except duckdb.Error as error:
            raise statement_failed(con, source, sql_path, error) from None


def answers(
    project: Project,
    block: RecordedAnswers,
    source: Resolved,
    wanted: set[str],
    by_name: Mapping[str, Config],
    tally: Tally,
) -> Iterator[dict[str, Any]]:
    """Response rows of the recorded answers to the prompts in `wanted`.

    Raises SourceError for an unknown model, an unknown finish reason, and two texts
    under one explicit draw.
    """
    occurrences: Counter[str] = Counter()
    rows = statement_rows(project, source, block.sql, block.params, REQUIRED, OPTIONAL)
    for row in rows:
        tally.rows += 1
        config = by_name.get(row["model"])
        if config is None:
            raise SourceError(
                f"{block.sql}: row {tally.rows}: unknown model {row['model']!r}; the "
                f"builder maps {', '.join(sorted(by_name))}. Map it under "
                "`answers.models`, or leave its rows out in the statement"
            )
        messages = row["messages"]
        if not messages or any(m is None or m["content"] is None for m in messages):
            tally.unmatched += 1
            continue
        prompt = ids.prompt_id(messages)
        if prompt not in wanted:
            tally.unmatched += 1
            continue
        tally.wanted += 1
        text = row["text"]
        tally.null_text += text is None
        draw = row.get("draw")
        if draw is None:
            key = ids.H("occurrence", prompt, config.config_hash, text)
            draw = ids.recorded_draw(text, occurrences[key])
            occurrences[key] += 1
            tally.keys[config.config_hash] += 1
        else:
            _check_draw(block, prompt, config, draw, text, tally)
        yield _response(block, row, prompt, config, draw, tally.rows)


def _check_draw(
    block: RecordedAnswers,
    prompt: str,
    config: Config,
    draw: int,
    text: str | None,
    tally: Tally,
) -> None:
    """One draw has one text; a repeated row is harmless, another text is not."""
    text_id = "" if text is None else ids.text_id(text)
    key = (prompt, config.config_hash, draw)
    tally.keys[config.config_hash] += key not in tally.draws
    if tally.draws.setdefault(key, text_id) != text_id:
        raise SourceError(
            f"{block.sql}: row {tally.rows}: prompt {prompt}, model {config.model}, "
            f"draw {draw} came before with another text. Give each answer a draw of "
            "its own, or leave `draw` out: then it is made of the text"
        )


def _response(
    block: RecordedAnswers,
    row: Mapping[str, Any],
    prompt: str,
    config: Config,
    draw: int,
    number: int,
) -> dict[str, Any]:
    text = row["text"]
    reason = row.get("finish_reason") or "recorded"
    if reason not in FINISH_REASONS:
        raise SourceError(
            f"{block.sql}: row {number}: finish_reason {reason!r}; expected one of "
            f"{', '.join(FINISH_REASONS)}, or null"
        )
    return response_row(
        prompt,
        config.config_hash,
        draw,
        text,
        model=config.model,
        reasoning=row.get("reasoning"),
        finish_reason=reason,
        n_input_tokens=row.get("n_input_tokens"),
        n_output_tokens=row.get("n_output_tokens"),
        engine="recorded",
        error="null text in the source" if text is None else None,
    )

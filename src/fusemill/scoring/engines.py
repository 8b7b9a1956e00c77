"""The scoring engines: each brings (prompt_id, text_id, score) for what is missing.

`missing` is a temporary table (prompt_id, text_id, response_id) on a read-only
connection to the snapshot.
"""

import math
import sys
import traceback
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb

from fusemill import ids
from fusemill.errors import DeclarationError, EngineError
from fusemill.fill import Row
from fusemill.identity import checker_hash
from fusemill.project.columns import check_columns
from fusemill.project.models import (
    Builder,
    PythonScorer,
    RecordedScorer,
    Scorer,
    SqlScorer,
)
from fusemill.project.project import Project
from fusemill.project.statement import load_macros, prepare, sql_error
from fusemill.prompts.sources import resolve
from fusemill.sampling.recorded import statement_rows
from fusemill.scoring.rewards.engine import reward_scores


def scored(
    project: Project,
    builder: Builder,
    scorer: Scorer,
    con: duckdb.DuckDBPyConnection,
) -> Iterable[list[Row]]:
    """Batches of (prompt_id, text_id, score) for the rows of temp table `missing`.

    Reward models say status and objectives too.
    """
    if isinstance(scorer, RecordedScorer):
        return _recorded(project, builder, scorer, con)
    if isinstance(scorer, SqlScorer):
        return _sql(project, builder, scorer, con)
    if isinstance(scorer, PythonScorer):
        return _python(project, builder, scorer, con)
    return reward_scores(project, builder, scorer, con)


def _recorded(
    project: Project,
    builder: Builder,
    scorer: RecordedScorer,
    con: duckdb.DuckDBPyConnection,
) -> Iterator[list[Row]]:
    """Scores written beside texts: found by conversation and text.

    Where one text has several recorded scores the smaller one counts; a text without
    any has none (not_finite).
    """
    where = f"{project.builder_path(builder)}: scores.{scorer.name}.source"
    source = resolve(scorer.source, project, where)
    required = {"messages": "messages", "text": "text", "score": ""}
    optional = {"model": "text", "draw": "integer", "source_row": "integer"}
    found: dict[tuple[str, str], float] = {}
    rows = statement_rows(
        project, source, scorer.sql, scorer.params, required, optional
    )
    for row in rows:
        if row["text"] is None or row["score"] is None or not row["messages"]:
            continue
        value = _number(
            row["score"], f"{scorer.sql}: source row with text {row['text'][:40]!r}"
        )
        key = (ids.prompt_id(row["messages"]), ids.text_id(row["text"]))
        if math.isfinite(value) and value < found.get(key, math.inf):
            found[key] = value
    for batch in _missing(con, "select prompt_id, text_id from missing"):
        yield [
            {**row, "score": found.get((row["prompt_id"], row["text_id"]))}
            for row in batch
        ]


def _number(value: object, where: str) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        return math.inf  # an integer beyond any double
    except (TypeError, ValueError):
        raise EngineError(
            f"{where}: expected a number as score, found {value!r}"
        ) from None


def _sql(
    project: Project,
    builder: Builder,
    scorer: SqlScorer,
    con: duckdb.DuckDBPyConnection,
) -> Iterator[list[Row]]:
    """Scores by a statement over the snapshot: prompt_id, text_id, score.

    It may ask for $checker, the hash of the builder's checker: older checkers' verdicts
    stay in the warehouse.
    """
    load_macros(con, project)
    sql = project.sql(scorer.sql)
    offered = {"checker": checker_hash(builder)}
    params = prepare(con, sql, scorer.sql, scorer.params, offered)
    try:
        con.execute(f"create temp table stated as {sql.rstrip().rstrip(';')}", params)
    except duckdb.Error as error:
        raise sql_error(scorer.sql, error) from None
    stated = con.execute("from stated limit 0").description or []
    required = {"prompt_id": "text", "text_id": "text", "score": "number"}
    check_columns(scorer.sql, stated, required, {})
    twice = con.execute(
        "select prompt_id, text_id from stated group by all having count(*) > 1 limit 1"
    ).fetchone()
    if twice:
        raise DeclarationError(
            f"{scorer.sql}: two scores for prompt {twice[0]}, text {twice[1]}; "
            "expected one row a prompt and text"
        )
    yield from _missing(
        con,
        "select prompt_id, text_id, stated.score from missing "
        "left join stated using (prompt_id, text_id)",
    )


def _python(
    project: Project,
    builder: Builder,
    scorer: PythonScorer,
    con: duckdb.DuckDBPyConnection,
) -> Iterator[list[Row]]:
    """Scores by a function of the project: `score(rows, **params) -> list[float]`.

    A row has prompt_id, text_id, messages, text, gold and tags.
    """
    function = load_function(project, scorer)
    query = """
        select m.prompt_id, m.text_id, p.messages, t.text, prompts.gold, prompts.tags
        from missing as m
        inner join response_texts as t using (response_id)
        inner join plan on plan.prompt_id = m.prompt_id and plan."set" = $set
            and plan.status = 'ready'
        inner join prompt_texts as p using ("set", source_row)
        inner join prompts using ("set", source_row)
    """
    for batch in _missing(con, query, {"set": builder.set}, size=200):
        try:
            values = list(function([dict(row) for row in batch], **scorer.params))
        except (Exception, SystemExit) as error:
            first = batch[0]
            raise EngineError(
                f"{scorer.function}{_line(error, scorer)}: {type(error).__name__}: "
                f"{error} (in a batch of {len(batch)} from prompt "
                f"{first['prompt_id']})"
            ) from error
        if len(values) != len(batch):
            raise EngineError(
                f"{scorer.function}: returned {len(values)} scores for {len(batch)} "
                f"rows from prompt {batch[0]['prompt_id']}; expected one a row, in "
                "order"
            )
        yield [
            {**row, "score": _returned(scorer, row, value)}
            for row, value in zip(batch, values, strict=True)
        ]


def _line(error: BaseException, scorer: PythonScorer) -> str:
    """`, line n` of the function's file where the error was raised."""
    path = scorer.function.partition(":")[0]
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if f.filename.endswith(path)]
    return f", line {lines[-1]}" if lines else ""


def _returned(scorer: PythonScorer, row: Row, value: object) -> float | None:
    where = f"{scorer.function}: prompt {row['prompt_id']}"
    return None if value is None else _number(value, where)


def load_function(project: Project, scorer: PythonScorer) -> Callable[..., Any]:
    """The project's scoring function; DeclarationError where there is none."""
    path, _, name = scorer.function.partition(":")
    module = types.ModuleType(f"project_scorer_{Path(path).stem}")
    module.__file__ = str(project.root / path)
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        # Compiled here, not imported: a cached .pyc may be older than the file whose
        # digest names the scores, and nothing is written into the project's folder.
        source = (project.root / path).read_bytes()
        exec(compile(source, module.__file__, "exec"), vars(module))  # noqa: S102
    except (Exception, SystemExit) as error:
        raise DeclarationError(f"{path}: {type(error).__name__}: {error}") from error
    function = getattr(module, name, None)
    if not callable(function):
        raise DeclarationError(f"{path}: no function named `{name}`")
    return function  # type: ignore[no-any-return]


def _missing(
    con: duckdb.DuckDBPyConnection,
    query: str,
    params: Mapping[str, Any] | None = None,
    size: int = 2_000,
) -> Iterator[list[Row]]:
    result = con.execute(query, dict(params or {}))
    names = [column[0] for column in result.description or []]
    while rows := result.fetchmany(size):
        yield [dict(zip(names, row, strict=True)) for row in rows]

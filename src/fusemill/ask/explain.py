"""`explain`: from an answer or a prompt back to the request and the raw row.

What an explanation holds: the conversation, the raw source row where its file is at
hand, every answer with request parameters, scores and verdict, the outcome and why,
and the releases it is in.
"""

import json
from dataclasses import dataclass
from typing import Any

import duckdb

from fusemill.ask.sides import sql_of
from fusemill.ask.why import why
from fusemill.errors import FusemillError
from fusemill.identity import (
    checker_hash,
    configs,
    current_selection,
    scorer_hash,
    scorer_named,
)
from fusemill.project.models import Builder
from fusemill.project.project import Project
from fusemill.prompts.reading import reading_of
from fusemill.prompts.sources import opened


@dataclass(frozen=True)
class Explanation:
    """Everything known of one prompt in one set, and of the answer asked about."""

    asked: str
    kind: str  # "prompt" or "response"
    set: str
    source_row: int
    source: str
    raw_row: dict[str, Any] | None  # None: the source is not at hand
    prompt_id: str
    messages: list[dict[str, str]]
    gold: str | None
    outcome: str | None  # None: not selected yet
    why: str
    answers: list[dict[str, Any]]  # without texts, best score first
    answer: dict[str, Any] | None  # the one asked about, with text and request
    releases: list[dict[str, Any]]
    n_duplicates: int  # further rows of this set with the same conversation
    retracted: str | None  # why and by whom, where the id asked about was taken back


def explain(project: Project, id_: str) -> list[Explanation]:
    """One explanation for each set the prompt is in, the ones that kept it first.

    FusemillError where no answer and no prompt has this id.
    """
    with project.warehouse.connect() as con:
        row = con.execute(
            "select prompt_id from responses where response_id = ? union all "
            "select prompt_id from retracted_responses where response_id = ?",
            [id_, id_],
        ).fetchone()
        prompt_id = row[0] if row else id_
        places = con.execute(
            """
            select "set", source_row, status,
                count(*) over (partition by "set") - 1 as n_duplicates
            from plan where prompt_id = ?
            qualify row_number() over (
                partition by "set" order by status = 'duplicate', source_row
            ) = 1
            order by status <> 'ready', "set"
            """,
            [prompt_id],
        ).fetchall()
        if not places:
            raise FusemillError(
                f"{id_}: no answer and no prompt has this id in "
                f"{project.warehouse.link}; ids are 32 hex digits, as in `fusemill sql "
                "'select response_id from responses limit 5'`"
            )
        kind = "response" if row else "prompt"
        return [
            _explain(project, con, kind, id_, prompt_id, place[:3], place[3])
            for place in places
        ]


def _explain(
    project: Project,
    con: duckdb.DuckDBPyConnection,
    kind: str,
    id_: str,
    prompt_id: str,
    place: tuple[str, int, str],
    n_duplicates: int,
) -> Explanation:
    set_, source_row, planned = place
    builder = project.builders[set_]
    selection = current_selection(project, builder, con)
    found = con.execute(
        'select outcome from outcomes where selection_id = ? and "set" = ? '
        "and source_row = ?",
        [selection, set_, source_row],
    ).fetchone()
    outcome = found[0] if found else (None if planned == "ready" else planned)
    messages, gold, source, revision = con.execute(
        "select m.messages, p.gold, p.source, p.revision from prompt_texts as m "
        'inner join prompts as p using ("set", source_row) '
        'where p."set" = ? and p.source_row = ?',
        [set_, source_row],
    ).fetchall()[0]
    answers = _answers(project, con, builder, prompt_id, selection)
    return Explanation(
        asked=id_,
        kind=kind,
        set=set_,
        source_row=source_row,
        source=f"{source}@{revision}" if revision else str(source),
        raw_row=_raw_row(project, con, builder, source_row),
        prompt_id=prompt_id,
        messages=messages,
        gold=gold,
        outcome=outcome,
        why=why(project, con, builder, place, outcome, answers),
        answers=answers,
        answer=_one(con, id_) if kind == "response" else None,
        releases=_releases(project, set_, prompt_id),
        n_duplicates=n_duplicates,
        retracted=_retracted(con, id_, prompt_id),
    )


def _answers(
    project: Project,
    con: duckdb.DuckDBPyConnection,
    builder: Builder,
    prompt_id: str,
    selection: str | None,
) -> list[dict[str, Any]]:
    """The prompt's answers by this builder's models, with score, verdict and use."""
    scorer = None
    if builder.select.score is not None:
        declared = scorer_named(builder, builder.select.score)
        try:
            scorer = scorer_hash(project, builder, declared, con)
        except FusemillError:
            scorer = None
    result = con.execute(
        sql_of("answers"),
        {
            "scorer": scorer,
            "checker": checker_hash(builder),
            "set": builder.set,
            "selection": selection,
            "prompt": prompt_id,
            "configs": [c.config_hash for c in configs(project, builder)],
        },
    )
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _one(con: duckdb.DuckDBPyConnection, response_id: str) -> dict[str, Any] | None:
    """One answer with its text, its request, and every score it ever had."""
    result = con.execute(
        "select r.*, t.text, t.reasoning, c.config from responses as r "
        "left join response_texts as t using (response_id) "
        "left join configs as c using (config_hash) where r.response_id = ?",
        [response_id],
    )
    names = [column[0] for column in result.description or []]
    row = result.fetchone()
    if row is None:
        return None  # retracted
    answer = dict(zip(names, row, strict=True))
    answer["config"] = json.loads(answer["config"] or "null")
    answer["scores"] = con.execute(
        "select distinct scorer, scorer_hash, score, status from scores "
        "where prompt_id = ? and text_id = ? order by all",
        [answer["prompt_id"], answer["text_id"]],
    ).fetchall()
    return {k: v for k, v in answer.items() if k not in ("part", "part_row")}


def _retracted(con: duckdb.DuckDBPyConnection, id_: str, prompt_id: str) -> str | None:
    row = con.execute(
        "select key, reason, who from retractions where key in (?, ?) "
        "order by key <> ? limit 1",
        [id_, prompt_id, id_],
    ).fetchone()
    if row is None:
        return None
    what = "" if row[0] == id_ else "its prompt, "
    return f"{what}by {row[2]}: {row[1]}"


def _raw_row(
    project: Project, con: duckdb.DuckDBPyConnection, builder: Builder, source_row: int
) -> dict[str, Any] | None:
    """The raw row as it was read; None where the source is not at hand, or changed."""
    stored = con.execute(
        'select reading_id from prompts where "set" = ? and source_row = ?',
        [builder.set, source_row],
    ).fetchone()
    try:
        reading = reading_of(project, builder)
        if stored is None or reading.reading_id != stored[0]:
            return None
        with opened(reading.source) as raw:
            result = raw.execute("select * from raw where source_row = ?", [source_row])
            names = [column[0] for column in result.description or []]
            row = result.fetchone()
    except FusemillError:
        return None
    return None if row is None else dict(zip(names, row, strict=True))


def _releases(project: Project, set_: str, prompt_id: str) -> list[dict[str, Any]]:
    """Releases on disk that hold the set's prompt: version, file and row number."""
    found = []
    base = project.workdir / "releases" / project.file.release.name
    files = sorted(base.glob("[!.]*/lineage/*_*.parquet"))
    with duckdb.connect() as con:
        for path in files:
            rows = con.execute(
                "select file_row_number from read_parquet(?) "
                "where set = ? and prompt_id = ?",
                [str(path), set_, prompt_id],
            ).fetchall()
            config, _, split = path.stem.partition("_")
            found += [
                {
                    "release": base.name,
                    "version": path.parent.parent.name,
                    "file": f"{config}/{split}.parquet",
                    "row": row[0],
                }
                for row in rows
            ]
    return found

"""How far each set of a project is."""

import json
import re
from dataclasses import dataclass

import duckdb

from fusemill.identity import current_selection
from fusemill.project.models import Builder
from fusemill.project.project import Project
from fusemill.release.registry import numbers
from fusemill.selection.select import in_order


@dataclass(frozen=True)
class SetStatus:
    """One set: rows by outcome of its current selection.

    Before there is one, rows that take part are `pending`.
    """

    set: str
    n_rows: int
    n_answers: int
    state: str  # "not selected yet", "selected", "promoted", or "trial"
    rows: dict[str, int]


@dataclass(frozen=True)
class Status:
    """How far a project is."""

    project: str
    snapshot: str
    n_parts: int
    trial: str | None  # what --limit left of the prompts, where the last run was one
    sets: list[SetStatus]
    releases: list[str]


def status(project: Project) -> Status:
    """How far each declared set is, from the current snapshot."""
    with project.warehouse.connect() as con:
        trial = con.execute("select value from meta where key = 'trial'").fetchall()
        sets = [_set_status(project, b, con) for b in project.builders.values()]
        n_parts = con.execute("select count(*) from parts").fetchall()[0][0]
    folder = project.workdir / "releases" / project.file.release.name
    found = [p.name for p in folder.glob("*")]
    releases = [name for name in found if re.fullmatch(r"\d+\.\d+\.\d+", name)]
    return Status(
        project.file.name,
        project.warehouse.current().name,
        int(n_parts),
        trial[0][0] if trial else None,
        sets,
        [f"{project.file.release.name} {v}" for v in sorted(releases, key=numbers)],
    )


def _set_status(
    project: Project, builder: Builder, con: duckdb.DuckDBPyConnection
) -> SetStatus:
    set_ = builder.set
    marks = dict(
        con.execute(
            "select suite, details from audits where selection_id = ?",
            [current_selection(project, builder, con)],
        ).fetchall()
    )
    n_answers = con.execute(
        "select count(*) from responses where text_id is not null and prompt_id in "
        "(select prompt_id from plan where \"set\" = ? and status = 'ready')",
        [set_],
    ).fetchall()[0][0]
    if "selection" in marks:
        rows = json.loads(marks["selection"])["outcomes"]
        state = "promoted" if "promoted" in marks else "selected"
        state = "trial" if _is_bounded(con, builder) else state
    else:
        query = (
            "select if(status = 'ready', 'pending', status), count(*) from plan "
            'where "set" = ? group by 1'
        )
        rows = dict(con.execute(query, [set_]).fetchall())
        state = "not selected yet"
    n_rows = sum(rows.values())
    return SetStatus(set_, n_rows, int(n_answers), state, in_order(rows))


def _is_bounded(con: duckdb.DuckDBPyConnection, builder: Builder) -> bool:
    """Whether the snapshot was made with --limit, and takes fewer than declared."""
    rows = con.execute(
        "select d.n_prompts is distinct from $declared and meta.value is not null "
        "from declared_sets as d, meta where d.set = $set and meta.key = 'trial'",
        {"declared": builder.prompts.n_prompts, "set": builder.set},
    ).fetchall()
    return bool(rows and rows[0][0])

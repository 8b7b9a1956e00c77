"""Stage `select`: one named outcome for every row, by a SQL file.

A rule reads two tables made here for one builder, `plan` and `candidates`, and says
per row of the plan what becomes of it; sql/select/*.sql state the interface.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import duckdb

from fusemill.durable import point
from fusemill.errors import DeclarationError
from fusemill.fill import ALL
from fusemill.identity import (
    checker_hash,
    configs,
    made_of,
    scorer_hash,
    scorer_named,
    selection_id,
)
from fusemill.project.models import Builder
from fusemill.project.project import Project
from fusemill.project.statement import prepare, sql_error
from fusemill.prompts.reading import EXCLUSIONS, require_read
from fusemill.sampling.missing import find_missing
from fusemill.sampling.replays import is_unread

COLUMNS = {
    "set": "VARCHAR",
    "source_row": "BIGINT",
    "prompt_id": "VARCHAR",
    "outcome": "VARCHAR",
    "response_id": "VARCHAR",
    "chosen_id": "VARCHAR",
    "rejected_id": "VARCHAR",
    "score": "DOUBLE",
    "gap": "DECIMAL(18,6)",
}
OUTCOMES = (
    "sft",
    "dpo",
    "pending",
    "not_sampled",
    "duplicate",
    *EXCLUSIONS,
    "no_response",
    "truncated",
    "no_score",
    "no_pair_in_window",
    "all_incorrect",
    "retracted",
)


@dataclass(frozen=True)
class Selection:
    """One builder's selection and how its rows came out."""

    set: str
    selection_id: str
    outcomes: dict[str, int]
    is_new: bool

    def __str__(self) -> str:
        """Outcomes in the documented order."""
        said = ", ".join(f"{name} {n:,}" for name, n in self.outcomes.items())
        return f"{self.set}: {said}"


def make_inputs(
    con: duckdb.DuckDBPyConnection, project: Project, builder: Builder
) -> None:
    """Make the temporary tables `plan` and `candidates` that a rule reads.

    `plan` shadows the snapshot's: one builder's rows, with `pending` and `retracted`
    told apart from `ready`.
    """
    con.execute("drop table if exists temp.plan")  # of the builder before
    con.execute(
        "create or replace temp table builder_configs "
        "(config_hash varchar, model varchar)"
    )
    ours = configs(project, builder)
    for c in ours:
        con.execute(
            "insert into builder_configs values (?, ?)", [c.config_hash, c.model]
        )
    find_missing(con, builder, [c for c in ours if c.draws is not None], ALL)
    scorer = None
    if builder.select.score is not None:
        declared = scorer_named(builder, builder.select.score)
        scorer = scorer_hash(project, builder, declared, con)
    params: dict[str, Any] = {
        "set": builder.set,
        "scorer": scorer or "",  # no hash is empty: nothing matches
        "checker": checker_hash(builder) or "",
        "unread": is_unread(project, con, builder),
    }
    for name in ("answered", "readiness", "candidates"):
        sql = resources.files("fusemill.selection").joinpath(f"{name}.sql").read_text()
        used = con.extract_statements(sql)[0].named_parameters
        con.execute(
            f"create or replace temp table {name} as {sql}",
            {key: params[key] for key in used},
        )
    con.execute("create or replace temp table plan as from readiness")


def run_rule(
    con: duckdb.DuckDBPyConnection,
    project: Project,
    builder: Builder,
    changed: Mapping[str, Any] | None = None,
) -> None:
    """Run the builder's rule over plan and candidates into temp table `selected`.

    Raises DeclarationError where its columns or its grain are not as documented.
    """
    where = builder.select.sql
    sql = project.sql(where)
    declared = {**builder.select.params, **(changed or {})}
    offered = {"split_seed": project.file.split_seed}
    params = prepare(con, sql, where, declared, offered)
    try:
        statement = sql.rstrip().rstrip(";")
        con.execute(f"create or replace temp table selected as {statement}", params)
    except duckdb.Error as error:
        raise sql_error(where, error) from None
    found = {row[0]: row[1] for row in con.execute("describe selected").fetchall()}
    if list(found) != list(COLUMNS):
        raise DeclarationError(
            f"{where}: returns columns {', '.join(found)}; expected, in this order, "
            f"{', '.join(COLUMNS)}"
        )
    _check_rows(con, where)


def _check_rows(con: duckdb.DuckDBPyConnection, where: str) -> None:
    """Every row of the plan once; outcomes known; what they need is there."""
    known = ", ".join(f"'{name}'" for name in OUTCOMES)
    checks = {
        "rows of the plan that did not come out": "plan anti join selected "
        'using ("set", source_row)',
        "rows that are not in the plan": "selected anti join plan "
        'using ("set", source_row)',
        "rows that came out twice": '(select "set", source_row from selected '
        "group by all having count(*) > 1)",
        "unknown outcomes": "selected "
        f"where outcome is null or outcome not in ({known})",
        "sft rows without an answer": "selected where outcome = 'sft' "
        "and response_id is null",
        "dpo rows without a pair": "selected where outcome = 'dpo' "
        "and (chosen_id is null or rejected_id is null)",
    }
    counts = ", ".join(f"(select count(*) from {rows})" for rows in checks.values())
    found = con.execute(f"select {counts}").fetchall()[0]
    for what, n in zip(checks, found, strict=True):
        if n:
            raise DeclarationError(f"{where}: {n} {what}; nothing was recorded")


def select_builder(project: Project, builder: Builder) -> Selection:
    """Select for one builder over the current snapshot, unless that is done."""
    with project.warehouse.connect() as con:
        require_read(con, builder)
        id_ = selection_id(project, builder, con)
        done = recorded(con, id_)
        if done is not None:
            return Selection(builder.set, id_, done, False)
        make_inputs(con, project, builder)
        run_rule(con, project, builder)
        outcomes = counts(con)
        _record(project, builder, con, id_, outcomes)
    return Selection(builder.set, id_, outcomes, True)


def recorded(
    con: duckdb.DuckDBPyConnection, selection_id: str
) -> dict[str, int] | None:
    """Outcomes of a selection that is in the snapshot, None where it is not whole.

    Where parts of it were taken away since, it is made and recorded again.
    """
    row = con.execute(
        "select details from audits where selection_id = ? and suite = 'selection'",
        [selection_id],
    ).fetchone()
    if row is None:
        return None
    details = json.loads(row[0])
    for table, n_rows in details["rows"].items():
        query = f"select count(*) from {table} where selection_id = ?"
        if con.execute(query, [selection_id]).fetchall()[0][0] != n_rows:
            return None
    return in_order(details["outcomes"])


def counts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many rows of `selected` have each outcome, in the documented order."""
    rows = con.execute("select outcome, count(*) from selected group by outcome")
    return in_order(dict(rows.fetchall()))


def in_order(outcomes: Mapping[str, int]) -> dict[str, int]:
    """Counts in the documented order of outcomes."""
    return {name: outcomes[name] for name in OUTCOMES if name in outcomes}


def _record(
    project: Project,
    builder: Builder,
    con: duckdb.DuckDBPyConnection,
    id_: str,
    outcomes: dict[str, int],
) -> None:
    """Write the selection's parts; its audits row comes last and makes it count."""
    rows = {
        "outcomes": 'select $id as selection_id, "set", source_row, outcome, '
        'prompt_id from selected order by "set", source_row',
        "sft": "select $id as selection_id, prompt_id, response_id, score "
        "from selected where outcome = 'sft' order by prompt_id",
        "dpo": "select $id as selection_id, prompt_id, if(outcome = 'dpo', 'train', "
        "'test') as split, chosen_id, rejected_id, "
        "(select max(score) from candidates where response_id = chosen_id) as score, "
        "gap from selected where chosen_id is not null order by prompt_id",
    }
    n_rows = {}
    for table, query in rows.items():
        point("selection.started")
        data = con.sql(query, params={"id": id_}).to_arrow_table()
        project.warehouse.write_arrow(table, data)
        n_rows[table] = data.num_rows
    details = {
        "set": builder.set,
        "sql": builder.select.sql,
        "params": {**builder.select.params, "split_seed": project.file.split_seed},
        "outcomes": outcomes,
        "rows": n_rows,
        "made_of": made_of(project, builder, con),
    }
    mark = {
        "selection_id": id_,
        "suite": "selection",
        "success": True,
        "details": json.dumps(details, sort_keys=True),
    }
    point("selection.marking")
    project.warehouse.write("audits", [mark])
    point("selection.recorded")

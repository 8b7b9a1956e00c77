"""What-if: a builder's rule run with other parameters, beside as it is declared."""

from collections.abc import Mapping
from typing import Any

import duckdb
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from fusemill.ask.diff import Difference, compare
from fusemill.ask.sides import MadeOf, Side, measure
from fusemill.errors import FusemillError
from fusemill.identity import made_of
from fusemill.project.models import Builder
from fusemill.project.parameters import check_parameters
from fusemill.project.project import Project
from fusemill.prompts.reading import require_read
from fusemill.selection.select import make_inputs, run_rule

_USED = """
    create or replace temp table used as
    select
        "set", source_row, prompt_id, outcome, response_id,
        if(outcome = 'dpo', chosen_id, null) as chosen_id,
        if(outcome = 'dpo', rejected_id, null) as rejected_id,
        score, if(outcome = 'dpo', gap, null) as gap
    from selected
"""


def parse_changes(texts: list[str]) -> dict[str, Any]:
    """`name=value` texts as parameters; a value is read as YAML.

    >>> parse_changes(["gap_max=0.2", "rejected_statuses=[failed, timeout]"])
    {'gap_max': 0.2, 'rejected_statuses': ['failed', 'timeout']}
    """
    changes = {}
    for text in texts:
        name, found, value = text.partition("=")
        try:
            changes[name.strip()] = YAML(typ="safe", pure=True).load(value)
        except YAMLError:
            found = ""
        if not found or not name.strip():
            raise FusemillError(
                f"--set {text}: expected name=value, for example gap_max=0.2"
            )
    return changes


def whatif(
    project: Project, changes: Mapping[str, Any], most_rows: int
) -> list[Difference]:
    """The active sets' selections as declared beside those with changed parameters.

    Only sets whose rule takes one of them are compared, all where nothing is changed.
    Nothing is written. FusemillError where no rule takes a parameter.
    """
    sides: tuple[dict[str, MadeOf], dict[str, MadeOf]] = ({}, {})
    taken: set[str] = set()
    with project.warehouse.connect() as con:
        for builder in project.active:
            ours = _taken(con, project, builder, changes)
            taken |= ours.keys()
            if changes and not ours:
                continue
            _check(builder, ours)
            require_read(con, builder)
            make_inputs(con, project, builder)
            for side, table, values in zip(
                sides, ("side_a", "side_b"), ({}, ours), strict=True
            ):
                run_rule(con, project, builder, values)
                con.execute(_USED)
                measure(con, table, append=bool(side))
                side[builder.set] = _changed(project, builder, con, values)
            con.execute("drop table temp.plan")  # the next one looks at the snapshot's
        unknown = sorted(changes.keys() - taken)
        if unknown:
            raise FusemillError(
                f"--set {unknown[0]}: no rule of {_names(project)} has this parameter"
            )
        first, second = Side("as declared", sides[0]), Side("what if", sides[1])
        return compare(con, first, second, {}, most_rows)


def _check(builder: Builder, changes: Mapping[str, Any]) -> None:
    try:
        check_parameters({**builder.select.params, **changes})
    except ValueError as error:
        raise FusemillError(f"--set: {builder.set}: {error}") from None


def _names(project: Project) -> str:
    return ", ".join(builder.set for builder in project.active)


def _taken(
    con: duckdb.DuckDBPyConnection,
    project: Project,
    builder: Builder,
    changes: Mapping[str, Any],
) -> dict[str, Any]:
    sql = project.sql(builder.select.sql)
    names = con.extract_statements(sql)[0].named_parameters
    return {name: value for name, value in changes.items() if name in names}


def _changed(
    project: Project,
    builder: Builder,
    con: duckdb.DuckDBPyConnection,
    values: Mapping[str, Any],
) -> MadeOf:
    of = made_of(project, builder, con)
    parameters = dict(of["parameters"])
    seed = values.get("split_seed", parameters["split_seed"])
    others = {k: v for k, v in values.items() if k != "split_seed"}
    parameters |= {"params": {**parameters["params"], **others}, "split_seed": seed}
    return {**of, "parameters": parameters}

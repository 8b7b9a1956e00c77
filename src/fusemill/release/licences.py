"""Licences of what is released, and the policy that is applied to them."""

from dataclasses import dataclass

import duckdb

from fusemill.errors import ReleaseError
from fusemill.identity import configs
from fusemill.project.project import Project
from fusemill.release.data import Released


@dataclass(frozen=True)
class Licence:
    """What the project declares of the prompts of a set, or of a model's answers."""

    of: str  # "prompts" or "answers"
    name: str
    licence: str
    url: str | None  # of a model's licence, where it is declared


def allowed_licences(
    project: Project, con: duckdb.DuckDBPyConnection, released: list[Released]
) -> list[Licence]:
    """Of every prompt and model in a release: all answers are in it, chosen or not.

    ReleaseError where one is not among `release.allowed_licences`.
    """
    licences = _licences(project, con, released)
    allowed = project.file.release.allowed_licences
    for one in licences:
        if one.licence not in allowed:
            raise ReleaseError(
                f"{one.of} {one.name}: licence `{one.licence}` is not among "
                f"release.allowed_licences of fusemill.yaml ({', '.join(allowed)})"
            )
    return licences


def _licences(
    project: Project, con: duckdb.DuckDBPyConnection, released: list[Released]
) -> list[Licence]:
    rows = []
    models: dict[tuple[str, str], str | None] = {}
    for one in released:
        found = con.execute(
            "select distinct p.licence from plan "
            'inner join prompts as p using ("set", source_row) '
            "where plan.\"set\" = ? and plan.status = 'ready' order by 1",
            [one.builder.set],
        ).fetchall()
        rows += [Licence("prompts", one.builder.set, row[0], None) for row in found]
        for config in configs(project, one.builder):
            model = project.models[config.model]
            models[model.model, model.licence] = model.licence_url
    return rows + [
        Licence("answers", name, licence, models[name, licence])
        for name, licence in sorted(models)
    ]

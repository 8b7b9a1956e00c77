"""What a release follows from: its id, and what `lineage/lineage.json` says of it."""

from importlib.metadata import version as installed
from typing import Any

import duckdb

from fusemill import __version__, ids
from fusemill.identity import configs, made_of, read_by
from fusemill.project.project import Project
from fusemill.release.data import Released
from fusemill.warehouse.schema import SCHEMA_VERSION

LIBRARIES = ("duckdb", "pyarrow", "polars", "great-expectations")


def release_id(
    project: Project, con: duckdb.DuckDBPyConnection, released: list[Released]
) -> str:
    """What the data files are a function of."""
    spec = {
        "schema": SCHEMA_VERSION,
        "fusemill": __version__,
        "selections": [one.selection_id for one in released],
        "content": [_content(project, con, one) for one in released],
        "libraries": {name: installed(name) for name in LIBRARIES},
        "builders": {r.builder.set: r.builder.model_dump_json() for r in released},
        "models": _models(project, released),
        # Where it is published changes no row.
        "release": project.file.release.model_dump_json(exclude={"hub"}),
    }
    return ids.H("release", spec)


def _models(project: Project, released: list[Released]) -> dict[str, str]:
    """What is declared of the models whose answers are released, but for remarks."""
    names = {c.model for one in released for c in configs(project, one.builder)}
    remarks = {"price", "notes"}
    return {n: project.models[n].model_dump_json(exclude=remarks) for n in names}


def _content(
    project: Project, con: duckdb.DuckDBPyConnection, one: Released
) -> dict[str, str]:
    """Digests of what is released of a set, with the scores of all its scorers."""
    return read_by(project, one.builder, one.builder.scores, con)


def lineage(
    project: Project,
    con: duckdb.DuckDBPyConnection,
    released: list[Released],
) -> dict[str, Any]:
    """What is released and what it is made of, set by set."""
    sources = _sources(con, released)
    return {
        "name": project.file.release.name,
        "version": project.file.release.version,
        "fusemill": __version__,
        "schema_version": SCHEMA_VERSION,
        "libraries": {name: installed(name) for name in LIBRARIES},
        "sets": [_lineage_of(project, con, one, sources) for one in released],
    }


def _sources(
    con: duckdb.DuckDBPyConnection, released: list[Released]
) -> dict[str, str]:
    found = {}
    for one in released:
        source, revision = con.execute(
            "select any_value(source), any_value(revision) from prompts "
            'where "set" = ?',
            [one.builder.set],
        ).fetchall()[0]
        found[one.builder.set] = f"{source}@{revision}" if revision else str(source)
    return found


def _lineage_of(
    project: Project,
    con: duckdb.DuckDBPyConnection,
    one: Released,
    sources: dict[str, str],
) -> dict[str, Any]:
    suites = con.execute(
        "select suite, success from audits where selection_id = ? order by suite",
        [one.selection_id],
    ).fetchall()
    reading = con.execute(
        'select any_value(reading_id) from prompts where "set" = ?', [one.builder.set]
    ).fetchall()
    return {
        "set": one.builder.set,
        "source": sources[one.builder.set],
        "reading_id": reading[0][0],
        "selection_id": one.selection_id,
        "content": _content(project, con, one),
        "made_of": made_of(project, one.builder, con),
        "outcomes": one.outcomes,
        "configs": [
            {"model": c.model, "config_hash": c.config_hash, "config": c.config}
            for c in configs(project, one.builder)
        ],
        "audits": {suite: bool(success) for suite, success in suites},
    }

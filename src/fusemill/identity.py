"""What the declarations name: scorers, checkers and selections, each as a hash.

A hash changes exactly when the thing would say something else; a changed scorer or
rule never reuses old results, and old results are never lost.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from fusemill import ids
from fusemill.durable import sha256_file
from fusemill.errors import (
    DeclarationError,
    FusemillError,
    WarehouseError,
)
from fusemill.project.models import (
    Builder,
    LiveAnswers,
    PythonScorer,
    RecordedScorer,
    Scorer,
    SqlScorer,
)
from fusemill.project.project import Project
from fusemill.prompts.reading import reading_of
from fusemill.prompts.sources import resolve
from fusemill.sampling.replays import is_unread
from fusemill.scoring.rewards.weights import identity as reward_identity
from fusemill.warehouse.snapshot import Declared, DeclaredSet


@dataclass(frozen=True)
class Config:
    """One source model as a builder asks it."""

    model: str  # its name in registry/models.yaml
    config_hash: str
    config: dict[str, Any]
    draws: int | None  # None: recorded, as many as there are


def configs(project: Project, builder: Builder) -> list[Config]:
    """The configurations whose answers belong to a builder, in declared order."""
    found: dict[str, Config] = {}
    for block in builder.answers:
        if isinstance(block, LiveAnswers):
            names, seed, draws = block.models, project.file.sampling_seed, block.draws
        else:
            names, seed, draws = tuple(block.models.values()), None, None
        for name in names:
            config = project.models[name].config(seed)
            hash_ = ids.config_hash(config)
            found.setdefault(hash_, Config(name, hash_, config, draws))
    return list(found.values())


def scorer_named(builder: Builder, name: str) -> Scorer:
    """The scorer of that name; the declaration has been checked to have it."""
    return next(scorer for scorer in builder.scores if scorer.name == name)


def scorer_hash(
    project: Project,
    builder: Builder,
    scorer: Scorer,
    con: duckdb.DuckDBPyConnection,
) -> str:
    """Id of what a scorer says; one written in SQL is another over other answers."""
    spec: dict[str, Any] = {"engine": scorer.engine}
    if isinstance(scorer, RecordedScorer):
        where = f"{project.builder_path(builder)}: scores.{scorer.name}.source"
        source = resolve(scorer.source, project, where)
        spec["source"] = [
            list(i) if isinstance(i, tuple) else i for i in source.identity
        ]
        spec |= {"sql": project.sql(scorer.sql), "params": scorer.params}
        spec["macros"] = project.macros()
    elif isinstance(scorer, SqlScorer):
        spec |= {"sql": project.sql(scorer.sql), "params": scorer.params}
        # It may read any of this; `of` is what kind of rows.
        query = "select * from content where of <> 'scores' order by of, set, key"
        spec["reads"] = [list(row) for row in con.execute(query).fetchall()]
        spec["checker"] = checker_hash(builder)
    elif isinstance(scorer, PythonScorer):
        path, _, function = scorer.function.partition(":")
        file = project.root / path
        if not file.is_file():
            raise DeclarationError(
                f"{project.builder_path(builder)}: scores.{scorer.name}.function: "
                f"no such file: {file}"
            )
        spec |= {"function": function, "sha256": sha256_file(file)}
        spec["params"] = scorer.params
    else:
        spec |= reward_identity(project, scorer)
    return ids.H("scorer", spec)


def checker_hash(builder: Builder) -> str | None:
    """Id of the checker of a builder, None where nothing is checked."""
    if builder.checker is None:
        return None
    spec: dict[str, Any] = {"checker": builder.checker}
    if builder.code_checker is not None:
        from fusemill.verify.code import CHECKER_VERSION

        spec |= builder.code_checker.model_dump()  # limits change verdicts
    else:
        from fusemill.verify.mathematics import CHECKER_VERSION

    return ids.H("checker", {**spec, "version": CHECKER_VERSION})


def read_by(
    project: Project,
    builder: Builder,
    scorers: Sequence[Scorer],
    con: duckdb.DuckDBPyConnection,
) -> dict[str, str]:
    """Digests of the rows that a builder reads with these scorers, by what they are.

    What else a warehouse holds (other sets, older scorers, a trial) is not among them.
    """
    asked = [config.config_hash for config in configs(project, builder)]
    keys: dict[str, list[str | None]] = {
        "plan": [""],
        "responses": [*asked],
        "retracted_responses": [*asked],
        "scores": [scorer_hash(project, builder, s, con) for s in scorers],
        "verdicts": [checker_hash(builder)],
    }
    rows = con.execute(
        "select of, key, digest from content where set = ? order by of, key",
        [builder.set],
    ).fetchall()
    return {f"{of} {key}".strip(): d for of, key, d in rows if key in keys[of]}


def made_of(
    project: Project, builder: Builder, con: duckdb.DuckDBPyConnection
) -> dict[str, Any]:
    """What a selection follows from: `sql`, `parameters`, `content`, `unread`."""
    name = builder.select.score
    scorers = [] if name is None else [scorer_named(builder, name)]
    return {
        "sql": project.sql(builder.select.sql),
        "parameters": {
            "set": builder.set,
            "params": builder.select.params,
            "split_seed": project.file.split_seed,
            "scorers": [scorer_hash(project, builder, s, con) for s in scorers],
            "checker": checker_hash(builder),
            "configs": [config.config_hash for config in configs(project, builder)],
        },
        "content": read_by(project, builder, scorers, con),
        "unread": is_unread(project, con, builder),
    }


def selection_id(
    project: Project, builder: Builder, con: duckdb.DuckDBPyConnection
) -> str:
    """H("selection", SQL text, parameters, digest of what it reads of the snapshot)."""
    of = made_of(project, builder, con)
    snapshot = ids.H("snapshot", of["content"], of["unread"])
    return ids.H("selection", of["sql"], of["parameters"], snapshot)


def current_selection(
    project: Project, builder: Builder, con: duckdb.DuckDBPyConnection
) -> str | None:
    """The selection that the declarations name over this snapshot.

    Where a source is not at hand, the one that was found when the snapshot was made.
    """
    try:
        return selection_id(project, builder, con)
    except FusemillError:
        query = "select selection_id from selections where set = ? and is_current"
        row = con.execute(query, [builder.set]).fetchone()
        return row[0] if row else None


def declared(project: Project) -> Declared:
    """What a snapshot needs to know of the project.

    A set that is not worked on now and whose source is not at hand keeps the reading
    that the current snapshot has of it.
    """
    before = _declared_before(project)
    sets = []
    for position, builder in enumerate(project.builders.values()):
        try:
            reading_id = reading_of(project, builder).reading_id
        except FusemillError:
            if builder in project.active and builder.set not in before:
                raise
            reading_id = before.get(builder.set, "")
        if reading_id:
            n_prompts = project.n_prompts(builder)
            sets.append(DeclaredSet(builder.set, position, reading_id, n_prompts))

    def selections(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
        rows = []
        for builder in project.builders.values():
            try:
                rows.append((builder.set, selection_id(project, builder, con)))
            except FusemillError:
                continue  # its source or engine is not at hand: no current selection
        return rows

    key = ids.H(
        "declared",
        [asdict(s) for s in sets],
        {b.set: b.model_dump_json() for b in project.builders.values()},
        {b.set: project.sql(b.select.sql) for b in project.builders.values()},
        {name: model.model_dump_json() for name, model in project.models.items()},
        {name: reward.model_dump_json() for name, reward in project.rewards.items()},
        project.file.split_seed,
    )
    seed = project.file.sampling_seed
    return Declared(tuple(sets), seed, selections, key, project.bounds)


def _declared_before(project: Project) -> dict[str, str]:
    warehouse = project.warehouse
    if not warehouse.link.exists():
        return {}
    try:
        with warehouse.connect(anywhere=True) as con:
            query = 'select "set", reading_id from declared_sets'
            return dict(con.execute(query).fetchall())
    except WarehouseError:
        return {}  # not readable: as if there were none

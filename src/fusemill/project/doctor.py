"""`doctor`: check a project without running it.

Files parse and references resolve (loading did that), SQL is one statement with the
parameters it is given, remote things are pinned or listed, and published figures add
up or are recorded not to.
"""

import os
from collections.abc import Iterator
from glob import glob
from pathlib import Path
from typing import Any

import duckdb

from fusemill.audit.suites import load_suites
from fusemill.errors import DeclarationError, FusemillError
from fusemill.project.compositions import (
    arithmetic,
    composition_names,
    load_composition,
)
from fusemill.project.endpoints import FILE, declared_endpoint, where_of
from fusemill.project.findings import Finding
from fusemill.project.models import (
    Answers,
    Builder,
    LiveAnswers,
    PythonScorer,
    RecordedScorer,
    RewardScorer,
    SqlScorer,
)
from fusemill.project.project import Project, sources
from fusemill.project.results import check as check_results
from fusemill.project.results import load_results
from fusemill.project.reward_findings import reward_findings
from fusemill.project.statement import load_macros, prepare
from fusemill.prompts.faults import bad_footer
from fusemill.prompts.sources import local_pattern
from fusemill.sampling.vllm.declared import examined_here, is_served
from fusemill.sampling.weights import examined
from fusemill.train.findings import target_findings

ORDER = ("error", "inconsistent", "unpinned", "known", "note")


def examine(project: Project) -> list[Finding]:
    """Everything a check of the declarations brings up, the worst first."""
    findings: list[Finding] = []
    builders = list(project.builders.values())
    for builder in builders:
        findings += _sql(project, builder)
        findings += _sources(project, builder)
        findings += _engines(project, builder)
    findings += _licences(project, builders)
    findings += _models(project)
    findings += _endpoints(project)
    findings += _checkpoints(project)
    findings += _sandbox(project)
    findings += _strays(project)
    findings += _suites(project)
    findings += _compositions(project)
    findings += target_findings(project)
    results = load_results(project.root)
    findings += check_results(results) if results else []
    return sorted(findings, key=lambda f: ORDER.index(f.severity))


def require_runnable(project: Project) -> None:
    """DeclarationError for what would stop a run of the active builders later on.

    Before anything is read or paid for: statements with their parameters, functions
    and, where a release is to come, licences.
    """
    found: list[Finding] = []
    for builder in project.active:
        found += _sql(project, builder)
        found += _engines(project, builder)
    if not project.is_trial:
        found += _licences(project, project.active)
    errors = [f"{f.where}: {f.text}" for f in found if f.severity == "error"]
    if errors:
        raise DeclarationError("\n".join(errors))


def _sandbox(project: Project) -> Iterator[Finding]:
    """Which layers isolate code here, where a set has code to run."""
    sets = [b.set for b in project.builders.values() if b.code_checker is not None]
    if not sets:
        return
    from fusemill.sandbox import Sandbox, layers

    said = f"active: {', '.join(layers())}"
    where = f"sandbox (for {', '.join(sets)})"
    try:
        with Sandbox(workers=1):
            yield Finding("note", where, said)
    except FusemillError as error:
        yield Finding("error", where, f"{error}; {said}")


def _where(project: Project, builder: Builder) -> str:
    return str(project.builder_path(builder).relative_to(project.root))


def _sql(project: Project, builder: Builder) -> Iterator[Finding]:
    """Each statement parses, and takes exactly the parameters it is given."""
    seed = {"split_seed": project.file.split_seed}
    checker = {"checker": None}
    none: dict[str, Any] = {}
    statements = [(builder.prompts.sql, builder.prompts.params, none)]
    statements.append((builder.select.sql, builder.select.params, seed))
    statements += [
        (block.sql, block.params, none)
        for block in builder.answers
        if not isinstance(block, LiveAnswers)
    ]
    statements += [
        (scorer.sql, scorer.params, checker if isinstance(scorer, SqlScorer) else none)
        for scorer in builder.scores
        if isinstance(scorer, RecordedScorer | SqlScorer)
    ]
    with duckdb.connect() as con:
        try:
            load_macros(con, project)
        except FusemillError as error:
            yield Finding("error", "sql/macros", str(error))
        for path, params, offered in statements:
            try:
                prepare(con, project.sql(path), path, params, offered)
            except FusemillError as error:
                yield Finding("error", _where(project, builder), str(error))


def _sources(project: Project, builder: Builder) -> Iterator[Finding]:
    """Hub sets are pinned; local files are there, where `${data}` is known."""
    for key, source in sources(builder):
        where = f"{_where(project, builder)}: {key}"
        if source.hub is not None:
            if source.revision is None:
                text = f"{source.hub} has no revision; a run refuses it"
                yield Finding("unpinned", where, text)
            continue
        patterns = (source.files,) if isinstance(source.files, str) else source.files
        for pattern in patterns:
            if "${data}" in pattern and project.data is None:
                yield Finding(
                    "note", where, f"{pattern}: not looked for without --data"
                )
                continue
            try:
                path = local_pattern(pattern, project, where)
            except FusemillError as error:
                yield Finding("error", where, str(error))
                continue
            found = [Path(name) for name in glob(str(path), recursive=True)]
            if not found:
                yield Finding("error", where, f"no file matches {path}")
            if source.format == "parquet":
                problems = ((file, bad_footer(file)) for file in found)
                for file, problem in problems:
                    if problem:
                        yield Finding("error", where, f"{file}: {problem}")


def _engines(project: Project, builder: Builder) -> Iterator[Finding]:
    """What scorers need is declared and there."""
    where = _where(project, builder)
    for scorer in builder.scores:
        if isinstance(scorer, RewardScorer):
            yield from reward_findings(project, scorer)
        if isinstance(scorer, PythonScorer):
            path = scorer.function.partition(":")[0]
            if not (project.root / path).is_file():
                yield Finding("error", where, f"{path}: no such file")


def _endpoints(project: Project) -> Iterator[Finding]:
    """Every model that is asked has an endpoint; whether it answers is not tried."""
    asked = {
        scorer.model
        for builder in project.builders.values()
        for scorer in builder.scores
        if scorer.engine == "http"
    }
    asked.update(_live(project, "openai"))
    asked.update(n for n in _live(project, "vllm") if is_served(project, n))
    for name in sorted(asked):
        try:
            endpoint = declared_endpoint(project.endpoints, name)
        except FusemillError as error:
            yield Finding("error", FILE, str(error))
            continue
        for variable in endpoint.variables():
            if not os.environ.get(variable, "").strip():
                text = f"environment variable {variable} is not set; a run needs it"
                yield Finding("note", where_of(name), text)


def _checkpoints(project: Project) -> Iterator[Finding]:
    """Models that run here have known sampling keys, and weights that are pinned."""
    for name in _live(project, "transformers"):
        yield from examined(project, name, "transformers")
    for name in _live(project, "vllm"):
        yield from examined_here(project, name)


def _live(project: Project, engine: str) -> list[str]:
    """The models that builders ask by this engine."""
    return sorted(
        {
            name
            for builder in project.builders.values()
            for block in builder.answers
            if isinstance(block, LiveAnswers) and block.engine == engine
            for name in block.models
        }
    )


def _licences(project: Project, builders: list[Builder]) -> Iterator[Finding]:
    """Licences of prompts, and of the models that answer them, are allowed."""
    carried = {_where(project, builder): builder.licence for builder in builders}
    for builder in builders:
        for block in builder.answers:
            for name in _asked(block):
                licence = project.models[name].licence
                carried[f"registry/models.yaml: models.{name}"] = licence
    for where, licence in carried.items():
        if licence not in project.file.release.allowed_licences:
            text = f"licence `{licence}` is not among release.allowed_licences"
            yield Finding("error", where, text)


def _asked(block: Answers) -> tuple[str, ...]:
    """The models of a block of answers, as registry/models.yaml has them."""
    if isinstance(block, LiveAnswers):
        return block.models
    return tuple(block.models.values())


def _models(project: Project) -> Iterator[Finding]:
    """Models that can be pinned are."""
    for name, model in project.models.items():
        reward = project.rewards.get(name)
        is_local = reward is not None and reward.weights is not None
        is_pinned = bool(model.revision or model.weights_sha256)
        if not (is_pinned or model.hosted or is_local):
            where = f"registry/models.yaml: models.{name}"
            text = f"{model.model} has no revision, so its answers cannot be made again"
            yield Finding("unpinned", where, text)


def _strays(project: Project) -> Iterator[Finding]:
    """Builders that fusemill.yaml does not name are never run."""
    for path in sorted((project.root / "builders").glob("*.yaml")):
        if path.stem not in project.builders:
            text = "not among `sets` of fusemill.yaml, so it is never run"
            yield Finding("note", f"builders/{path.name}", text)


def _suites(project: Project) -> Iterator[Finding]:
    try:
        suites = load_suites(project.root)
    except FusemillError as error:
        yield Finding("error", "validation", str(error))
        return
    if not suites:
        yield Finding(
            "note", "validation", "no suite: nothing is checked before release"
        )


def _compositions(project: Project) -> Iterator[Finding]:
    """Each composition adds up, or is recorded not to; the contract names one."""
    for name in composition_names(project.root):
        yield from arithmetic(load_composition(project.root, name))
    contract = project.file.contract
    if contract is None:
        return
    composition = load_composition(project.root, contract.composition)
    where = "fusemill.yaml: contract"
    for name in composition.sets:
        if name not in project.builders:
            text = (
                f"composition {contract.composition} has set {name}, which is not built"
            )
            yield Finding("note", where, text)

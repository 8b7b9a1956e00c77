"""Stage `audit`: run suites and contract on the current selections, then promote.

A selection is promoted by one row in `audits`. Only promoted selections are released.
"""

import json
from dataclasses import asdict, dataclass

import duckdb

from fusemill import ids
from fusemill.audit.frames import frame
from fusemill.audit.suites import Failure, Suite, load_suites, validate
from fusemill.durable import point
from fusemill.errors import (
    AuditFailure,
    DeclarationError,
    FusemillError,
    ReleaseError,
)
from fusemill.identity import selection_id
from fusemill.project.compositions import (
    Comparison,
    arithmetic,
    compare,
    load_composition,
)
from fusemill.project.models import Builder
from fusemill.project.project import Project
from fusemill.selection.select import make_inputs, recorded


@dataclass(frozen=True)
class Audited:
    """One suite on one selection."""

    set: str
    suite: str
    failures: list[Failure]


def audit_selections(project: Project) -> list[Audited]:
    """Check the active builders' current selections and promote those that hold.

    None is promoted while the contract is not met. Raises AuditFailure that lists
    every failed expectation with rows; what failed is recorded too.
    """
    suites = load_suites(project.root)
    audited: list[Audited] = []
    sound: list[tuple[Builder, str]] = []
    with project.warehouse.connect() as con:
        for builder in project.active:
            id_ = selection_id(project, builder, con)
            _require_selection(con, builder, id_)
            results = _audit_one(project, con, builder, id_, suites)
            audited += results
            if not any(result.failures for result in results):
                sound.append((builder, id_))
        deviations = contract(project, con)
        for builder, id_ in [] if deviations else sound:
            _promote(project, con, builder, id_)
    problems = [_describe(result) for result in audited if result.failures]
    problems += [_describe_deviations(project, deviations)] if deviations else []
    if problems:
        raise AuditFailure("\n".join(problems))
    return audited


def _require_selection(
    con: duckdb.DuckDBPyConnection, builder: Builder, id_: str
) -> None:
    if recorded(con, id_) is None:
        raise FusemillError(
            f"{builder.set}: no selection over the warehouse as it is now; run "
            "`fusemill select` first"
        )


def _audit_one(
    project: Project,
    con: duckdb.DuckDBPyConnection,
    builder: Builder,
    id_: str,
    suites: list[Suite],
) -> list[Audited]:
    """Run what has not been run on this selection; recorded results are read back."""
    done = dict(
        con.execute(
            "select suite, details from audits where selection_id = ?", [id_]
        ).fetchall()
    )
    results: list[Audited] = []
    rows: list[dict[str, object]] = []
    for suite in suites:
        if suite.key in done:
            before = [Failure(**f) for f in json.loads(done[suite.key])["failures"]]
            results.append(Audited(builder.set, suite.suite, before))
            continue
        if not rows:
            make_inputs(con, project, builder)
        data = frame(con, suite.frame, id_)
        failures = validate(suite, builder.category, data)
        results.append(Audited(builder.set, suite.suite, failures))
        details = {
            "set": builder.set,
            "rows": len(data),
            "failures": [asdict(f) for f in failures],
        }
        rows.append(
            {
                "selection_id": id_,
                "suite": suite.key,
                "success": not failures,
                "details": json.dumps(details, sort_keys=True, default=str),
            }
        )
    point("audit.checked")
    project.warehouse.write("audits", rows)
    return results


def _promote(
    project: Project, con: duckdb.DuckDBPyConnection, builder: Builder, id_: str
) -> None:
    query = "select 1 from audits where selection_id = ? and suite = 'promoted'"
    if con.execute(query, [id_]).fetchone():
        return
    point("audit.promoting")
    row = {
        "selection_id": id_,
        "suite": "promoted",
        "success": True,
        "details": json.dumps({"set": builder.set}),
    }
    project.warehouse.write("audits", [row])
    point("audit.promoted")


def require_sound(
    project: Project, con: duckdb.DuckDBPyConnection, builder: Builder, id_: str
) -> None:
    """Whether the selection is promoted and passed the suites as they are now.

    AuditFailure where one of them failed, ReleaseError where something was not run.
    """
    marks = dict(
        con.execute(
            "select suite, success from audits where selection_id = ?", [id_]
        ).fetchall()
    )
    for suite in load_suites(project.root):
        if marks.get(suite.key) is False:
            raise AuditFailure(
                f"{builder.set}: suite {suite.suite} failed; `fusemill audit` shows "
                "the rows"
            )
        if suite.key not in marks:
            marks.pop("promoted", None)  # promoted before this suite was as it is
    if "promoted" not in marks or recorded(con, id_) is None:
        raise ReleaseError(
            f"{builder.set}: no audited selection over the warehouse as it is now; run "
            "`fusemill select` and `fusemill audit`"
        )


def require_contract(project: Project, con: duckdb.DuckDBPyConnection) -> None:
    """AuditFailure where the selections leave the declared composition."""
    deviations = contract(project, con)
    if deviations:
        raise AuditFailure(_describe_deviations(project, deviations))


def held(project: Project) -> str:
    """What an audit that passed says of the contract."""
    declared = project.file.contract
    if declared is None:
        return ""
    if project.is_trial:
        return f"; a trial is not held to composition {declared.composition}"
    return f"; composition {declared.composition} at scale {declared.scale:g} is met"


def contract(project: Project, con: duckdb.DuckDBPyConnection) -> list[Comparison]:
    """Where the selections leave the declared composition; none without a contract.

    A trial (--only, --limit) is not held to the contract. DeclarationError where the
    composition contradicts itself.
    """
    declared = project.file.contract
    if declared is None or project.is_trial:
        return []
    composition = load_composition(project.root, declared.composition)
    wrong = [f for f in arithmetic(composition) if f.severity == "inconsistent"]
    if wrong:
        raise DeclarationError(
            f"{wrong[0].where}: {wrong[0].text}; a composition that contradicts itself "
            "is no contract: mend it, or record it under `known_inconsistencies`"
        )
    rows = compare(
        composition, declared.scale, declared.tolerance, counts(project, con)
    )
    return [row for row in rows if not row.ok]


def counts(
    project: Project, con: duckdb.DuckDBPyConnection
) -> dict[str, tuple[int, int, int]]:
    """(selected, sft, dpo) of each set's current selection."""
    found = {}
    for builder in project.builders.values():
        id_ = selection_id(project, builder, con)
        n_sft, n_dpo = con.execute(
            "select count(*) filter (outcome = 'sft'), "
            "count(*) filter (outcome = 'dpo') from outcomes where selection_id = ?",
            [id_],
        ).fetchall()[0]
        found[builder.set] = (n_sft + n_dpo, n_sft, n_dpo)
    return found


def _describe(result: Audited) -> str:
    lines = [f"{result.set}: suite {result.suite} failed"]
    for failure in result.failures:
        lines.append(f"  {failure.expectation}: {failure.found} ({failure.why})")
        lines += [f"    {ids.canonical_json(row)}" for row in failure.rows]
        if failure.n_rows > len(failure.rows) > 0:
            lines.append(f"    and {failure.n_rows - len(failure.rows)} more")
    if any("source_row" in row for failure in result.failures for row in failure.rows):
        query = f"from prompts where set = '{result.set}' and excluded_why is not null"
        lines.append(f'  why: fusemill sql "select source_row, excluded_why {query}"')
    return "\n".join(lines)


def _describe_deviations(project: Project, deviations: list[Comparison]) -> str:
    assert project.file.contract is not None
    declared = project.file.contract
    lines = [
        f"composition {declared.composition} at scale {declared.scale:g}, "
        f"tolerance {declared.tolerance:.0%}: not met"
    ]
    lines += [
        f"  {row.set} {row.split}: expected {row.expected:,.0f} ± {row.allowed:,.0f}, "
        f"found {row.found:,}{f' ({row.note})' if row.note else ''}"
        for row in deviations
    ]
    return "\n".join(lines)

"""`fusemill run` and a command for each stage."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fusemill.cli.common import (
    AllowPendingOption,
    DataOption,
    DryRunOption,
    EstimateOption,
    ExplainOption,
    JsonOption,
    LimitOption,
    OnlyOption,
    ProjectOption,
    PublishDryRunOption,
    RowsOption,
    SandboxMode,
    SandboxOption,
    SetOption,
    ShardOption,
    ToOption,
    WorkdirOption,
    app,
    open_project,
)

if TYPE_CHECKING:
    from fusemill.project.project import Project


def _command() -> str:
    return " ".join(["fusemill", *sys.argv[1:]])


@app.command()
def run(
    project: ProjectOption = Path(),
    data: DataOption = None,
    workdir: WorkdirOption = None,
    only: OnlyOption = None,
    limit: LimitOption = None,
    allow_pending: AllowPendingOption = False,
    sandbox: SandboxOption = SandboxMode.STRICT,
) -> None:
    """Run every stage to the release; run it again after any stop and it goes on.

    --only and --limit make a trial: everything but the release.
    """
    from fusemill import pipeline
    from fusemill.progress import Progress

    opened = open_project(project, data, workdir, only, limit, sandbox)
    with opened.warehouse.lock(_command(), "sample", "verify", "score"):
        pipeline.run(opened, Progress(), allow_pending=allow_pending)


@app.command()
def prompts(
    project: ProjectOption = Path(),
    data: DataOption = None,
    workdir: WorkdirOption = None,
    only: OnlyOption = None,
    limit: LimitOption = None,
    sandbox: SandboxOption = SandboxMode.STRICT,
    explain: ExplainOption = False,
    rows: RowsOption = 3,
    as_json: JsonOption = False,
) -> None:
    """Read the prompt sets, every row, excluded ones with the reason.

    With --explain nothing is read: what became of the rows is shown, with examples.
    """
    from fusemill import pipeline
    from fusemill.progress import Progress

    opened = open_project(project, data, workdir, only, limit, sandbox)
    if explain:
        from fusemill.ask.reasons import reasons
        from fusemill.cli.show_reasons import show_reasons

        show_reasons(reasons(opened, rows), as_json)
        return
    with opened.warehouse.lock(_command()):
        pipeline.prompts(opened, Progress())


@app.command()
def sample(
    project: ProjectOption = Path(),
    data: DataOption = None,
    workdir: WorkdirOption = None,
    only: OnlyOption = None,
    limit: LimitOption = None,
    shard: ShardOption = "0/1",
    dry_run: EstimateOption = False,
    as_json: JsonOption = False,
) -> None:
    """Bring the answers that are missing.

    With --dry-run nothing is asked: what it would take is shown, model by model.
    """
    opened = open_project(project, data, workdir, only, limit)
    if not dry_run:
        _fill("sample", opened, shard)
        return
    from fusemill.cli.show_estimate import show_estimates
    from fusemill.fill import Shard
    from fusemill.sampling.estimate import estimate

    with opened.warehouse.lock(_command()):
        found = estimate(opened, Shard.parse(shard))
    show_estimates(found, as_json)


@app.command()
def verify(
    project: ProjectOption = Path(),
    data: DataOption = None,
    workdir: WorkdirOption = None,
    only: OnlyOption = None,
    limit: LimitOption = None,
    shard: ShardOption = "0/1",
    sandbox: SandboxOption = SandboxMode.STRICT,
) -> None:
    """Check the answers that have no verdict; code is run in a sandbox."""
    opened = open_project(project, data, workdir, only, limit, sandbox)
    _fill("verify", opened, shard)


@app.command()
def score(
    project: ProjectOption = Path(),
    data: DataOption = None,
    workdir: WorkdirOption = None,
    only: OnlyOption = None,
    limit: LimitOption = None,
    shard: ShardOption = "0/1",
) -> None:
    """Score the answers that have no score."""
    _fill("score", open_project(project, data, workdir, only, limit), shard)


def _fill(stage: str, opened: "Project", shard: str) -> None:
    """One of the three stages of the loop, all of it or a shard."""
    from fusemill import pipeline
    from fusemill.fill import ALL, Shard
    from fusemill.progress import Progress

    ours, warehouse = Shard.parse(shard), opened.warehouse
    with (
        warehouse.lock(_command(), stage)
        if ours == ALL
        else warehouse.share(_command(), stage, ours.index, ours.count)
    ):
        getattr(pipeline, stage)(opened, Progress(), ours)


@app.command()
def select(
    project: ProjectOption = Path(),
    data: DataOption = None,
    workdir: WorkdirOption = None,
    only: OnlyOption = None,
    limit: LimitOption = None,
    set_: SetOption = None,
    dry_run: DryRunOption = False,
    rows: RowsOption = 5,
    as_json: JsonOption = False,
) -> None:
    """Choose by each builder's SQL file: one named outcome for every row.

    With --dry-run nothing is written: what --set would change is shown.
    """
    from fusemill import pipeline
    from fusemill.progress import Progress

    if set_ and not dry_run:
        raise typer.BadParameter(
            "--set needs --dry-run; to keep a value, write it into the builder's YAML"
        )
    opened = open_project(project, data, workdir, only, limit)
    if dry_run:
        from fusemill.ask.whatif import parse_changes, whatif
        from fusemill.cli.show_diff import show_differences

        found = whatif(opened, parse_changes(set_ or []), rows)
        show_differences(found, ("as declared", "what if"), as_json)
        return
    with opened.warehouse.lock(_command()):
        pipeline.select(opened, Progress())


@app.command()
def audit(
    project: ProjectOption = Path(),
    data: DataOption = None,
    workdir: WorkdirOption = None,
    only: OnlyOption = None,
    limit: LimitOption = None,
) -> None:
    """Run suites and composition contract; promote the selections that hold."""
    from fusemill import pipeline
    from fusemill.progress import Progress

    opened = open_project(project, data, workdir, only, limit)
    with opened.warehouse.lock(_command()):
        pipeline.audit(opened, Progress())


@app.command()
def release(
    project: ProjectOption = Path(),
    data: DataOption = None,
    workdir: WorkdirOption = None,
    allow_pending: AllowPendingOption = False,
    to: ToOption = None,
    dry_run: PublishDryRunOption = False,
) -> None:
    """Write the declared version from promoted selections; never overwrite one.

    With --to hub it is also published where `release.hub` says, and read back.
    """
    from fusemill import pipeline
    from fusemill.progress import Progress
    from fusemill.release.publish import candidate, destination, plan

    if dry_run and to is None:
        raise typer.BadParameter("--dry-run needs --to hub; it is about publishing")
    opened = open_project(project, data, workdir)
    if to is not None:
        destination(opened)  # or it is said before a version is written
    progress = Progress()
    with opened.warehouse.lock(_command()):
        written = pipeline.release(opened, progress, allow_pending=allow_pending)
        if dry_run:
            progress.say("publish", plan(candidate(opened, written)))
        elif to is not None:
            pipeline.publish(opened, progress, written)

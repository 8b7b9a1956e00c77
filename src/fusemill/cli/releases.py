"""`fusemill releases` and `yank`: the registry of released versions."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from fusemill.cli.common import (
    JsonOption,
    ProjectOption,
    WorkdirOption,
    app,
    open_project,
)


@app.command()
def releases(
    asked: Annotated[
        str | None, typer.Argument(metavar="NAME@VERSION", help="Show this one whole.")
    ] = None,
    project: ProjectOption = Path(),
    workdir: WorkdirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Which versions are registered, and what changed; or what one is made of."""
    from fusemill.ask.releases import describe
    from fusemill.ask.releases import releases as ask
    from fusemill.cli.show_releases import show_described, show_releases

    where = (workdir or project).absolute()
    if asked is None:
        show_releases(ask(where), as_json)
    else:
        show_described(describe(where, asked), as_json)


@app.command()
def yank(
    asked: Annotated[str, typer.Argument(metavar="NAME@VERSION", help="The version.")],
    reason: Annotated[str | None, typer.Option("--reason", help="Why.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the mark away.")] = False,
    project: ProjectOption = Path(),
    workdir: WorkdirOption = None,
) -> None:
    """Mark a version that nobody should begin with; its pin keeps working."""
    from fusemill.ask.releases import parse
    from fusemill.release import yank as marks

    if undo == (reason is not None):
        raise typer.BadParameter("give --reason TEXT, or --undo")
    if reason is not None and not reason.strip():
        raise typer.BadParameter("--reason is empty: say why, for whoever pinned it")
    name, version = parse(asked)
    opened = open_project(project, None, workdir)
    entry = opened.workdir / "registry" / "releases" / name / f"{version}.yaml"
    with opened.warehouse.lock(" ".join(["fusemill", *sys.argv[1:]])):
        if reason is None:
            marks.undo(entry)
        else:
            marks.yank(entry, reason)
    typer.echo(f"{asked}: {'no longer yanked' if undo else 'yanked'}, in {entry}")

"""`fusemill sql`, `status`, `explain` and `diff`: questions to the warehouse."""

from pathlib import Path
from typing import Annotated

import typer

from fusemill.cli.common import (
    DataOption,
    JsonOption,
    OnlyOption,
    ProjectOption,
    RowsOption,
    WorkdirOption,
    app,
    open_project,
)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One statement; it can only read.")],
    project: ProjectOption = Path(),
    data: DataOption = None,
    workdir: WorkdirOption = None,
    as_json: JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    parquet: Annotated[
        Path | None, typer.Option("--parquet", help="Write a Parquet file.")
    ] = None,
) -> None:
    """Ask the warehouse in SQL: `select outcome, count(*) from outcomes group by 1`.

    Tables: prompts, plan, configs, responses, scores, verdicts, selections, outcomes,
    sft, dpo, audits, retractions. Texts: prompt_texts, response_texts, answers.
    """
    from fusemill.ask.query import query as ask
    from fusemill.cli.show import show_table

    if sum((as_json, csv, parquet is not None)) > 1:
        raise typer.BadParameter("choose one of --json, --csv and --parquet")
    opened = open_project(project, data, workdir)
    if parquet is not None:
        opened.warehouse.refuse_inside(parquet)
    with opened.warehouse.connect(locked=True) as con:
        table = ask(con, query)
        show_table(table, as_json=as_json, csv=csv, parquet=parquet)


@app.command()
def status(
    project: ProjectOption = Path(),
    data: DataOption = None,
    workdir: WorkdirOption = None,
    as_json: JsonOption = False,
) -> None:
    """How far each set is, and what became of its rows."""
    from fusemill.ask.status import status as ask
    from fusemill.cli.show import show_status

    show_status(ask(open_project(project, data, workdir)), as_json)


@app.command()
def explain(
    id_: Annotated[str, typer.Argument(metavar="ID", help="response_id or prompt_id.")],
    project: ProjectOption = Path(),
    data: DataOption = None,
    workdir: WorkdirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Where an answer or a prompt came from, and what became of it and why."""
    from fusemill.ask.explain import explain as ask
    from fusemill.cli.show import show_explanation

    show_explanation(ask(open_project(project, data, workdir), id_), as_json)


@app.command()
def diff(
    a: Annotated[str, typer.Argument(help="A selection_id, a release, or `current`.")],
    b: Annotated[str, typer.Argument(help="What it is compared with.")],
    project: ProjectOption = Path(),
    data: DataOption = None,
    workdir: WorkdirOption = None,
    only: OnlyOption = None,
    rows: RowsOption = 5,
    as_json: JsonOption = False,
) -> None:
    """Two selections or releases: rows, sources, lengths, gaps, what moved and why.

    Two releases that are named NAME@VERSION, or by their folders, need no project.
    """
    from fusemill.ask.diff import diff as ask
    from fusemill.ask.diff import diff_releases
    from fusemill.ask.sides import find_release
    from fusemill.cli.show_diff import show_differences
    from fusemill.progress import Progress

    where = workdir or project
    first, second = (find_release(where, name, Progress()) for name in (a, b))
    if first is not None and second is not None:
        found = diff_releases((a, first), (b, second), rows, only or ())
    else:
        found = ask(open_project(project, data, workdir, only), a, b, rows)
    show_differences(found, (a, b), as_json)

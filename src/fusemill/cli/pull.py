"""`fusemill pull`: from a pin to verified files."""

import json
from pathlib import Path
from typing import Annotated

import typer

from fusemill.cli.common import JsonOption, ProjectOption, WorkdirOption, app


@app.command()
def pull(
    pin: Annotated[str, typer.Argument(help="NAME@VERSION, or NAME@ and 40 hex.")],
    project: ProjectOption = Path(),
    workdir: WorkdirOption = None,
    entry: Annotated[
        Path | None,
        typer.Option("--entry", help="Registry entry of the version, without project."),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option("--cache", help="Where pulled releases are kept."),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Hash unchanged files again, too.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring a published version into a verified folder that is never changed.

    The folder's path is printed; what is there already is verified again, offline too.
    """
    from fusemill.progress import Progress
    from fusemill.release.pins import find_pin
    from fusemill.release.pull import pull as bring

    where = workdir or project
    folder = bring(
        pin,
        workdir=where,
        entry=entry,
        cache=cache,
        verify=verify,
        progress=Progress(),
    )
    if not as_json:
        typer.echo(folder)
        return
    found = find_pin(pin, where, entry)
    said = {
        "folder": str(folder),
        "name": found.name,
        "version": found.version,
        "commit": folder.name,
        "files": len(found.files),
        "bytes": found.n_bytes,
        "yanked": found.yanked,
    }
    typer.echo(json.dumps(said, indent=2))

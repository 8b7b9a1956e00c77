"""`fusemill hub …`: serve, token, fsck."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fusemill.cli.common import app

group = typer.Typer(help="A Hub of one's own, for Hub clients.", no_args_is_help=True)
app.add_typer(group, name="hub")

FolderOption = Annotated[Path, typer.Option("--folder", help="The Hub's folder.")]


class Rights(StrEnum):
    """What a token allows."""

    READ = "read"
    WRITE = "write"


@group.command()
def serve(
    folder: FolderOption = Path("hub"),
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = (
        "127.0.0.1"
    ),
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0: any free port.")
    ] = 8383,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", help="Take this Host header too; NAME:PORT."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Log no requests.")] = False,
) -> None:
    """Serve a folder as a Hub until stopped; prints what clients set."""
    from fusemill.hub.serve import serve as run

    run(folder, host, port, tuple(allow_host or ()), quiet)


@group.command()
def token(
    folder: FolderOption = Path("hub"),
    name: Annotated[str, typer.Option("--name", help="The user it stands for.")] = (
        "local"
    ),
    rights: Annotated[
        Rights, typer.Option("--rights", help="What it allows.")
    ] = Rights.READ,
    show: Annotated[bool, typer.Option("--list", help="Show who has tokens.")] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove the tokens of this user.")
    ] = False,
) -> None:
    """Make a token and print it, once; or list, or remove those of a user."""
    from fusemill.errors import HubError
    from fusemill.hub.objects import require_hub
    from fusemill.hub.tokens import Tokens

    require_hub(folder.absolute())
    tokens = Tokens(folder.absolute())
    if show:
        for one in tokens.list():
            typer.echo(f"{one.name}\t{one.rights}\t{one.created}")
    elif remove:
        n_removed = tokens.remove(name)
        if not n_removed:
            raise HubError(f"{folder}: {name} has no tokens; --list shows who has some")
        typer.echo(f"{n_removed} tokens of {name} removed")
    else:
        typer.echo(tokens.add(name, rights.value))


@group.command()
def fsck(
    folder: FolderOption = Path("hub"),
    repair: Annotated[
        bool, typer.Option("--repair", help="Remove what killed uploads left.")
    ] = False,
) -> None:
    """Check every commit and every large file. Exit code 1 where one is off."""
    from fusemill.hub.fsck import fsck as check

    found = check(folder.absolute(), repair)
    for problem in found.problems:
        typer.echo(problem, err=True)
    for line in found.leftovers:
        typer.echo(line)
    typer.echo(found.summary())
    if found.problems:
        raise typer.Exit(1)

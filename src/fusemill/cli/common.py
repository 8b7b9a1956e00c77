"""What the commands share: application, options, opening a project, safe output."""

import unicodedata
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fusemill.project.project import Project

app = typer.Typer(
    help="Build fine-tuning and preference datasets by implicit model fusion.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

ProjectOption = Annotated[
    Path, typer.Option("--project", help="Folder with fusemill.yaml.")
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Folder that ${data} stands for in declarations."),
]
WorkdirOption = Annotated[
    Path | None,
    typer.Option(
        "--workdir", help="Where warehouse/ and releases/ live. Default: the project."
    ),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", help="Work on this builder only; may be repeated."),
]
LimitOption = Annotated[
    int | None,
    typer.Option("--limit", min=1, help="Take at most so many prompts a set."),
]
ShardOption = Annotated[
    str, typer.Option("--shard", help="Do part i of n of the work: i/n, from 0/n.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="name=value: another value of a rule's parameter."),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be chosen, write nothing.")
]
EstimateOption = Annotated[
    bool,
    typer.Option("--dry-run", help="Show what would be asked and cost, ask nothing."),
]
ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Show what became of the rows, read nothing.")
]
RowsOption = Annotated[
    int, typer.Option("--rows", min=0, help="Show so many rows as examples.")
]


class SandboxMode(StrEnum):
    """How code that models wrote is isolated."""

    STRICT = "strict"
    WEAK = "weak"


SandboxOption = Annotated[
    SandboxMode,
    typer.Option(
        "--sandbox", help="weak: run code although the kernel cannot isolate it."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AllowPendingOption = Annotated[
    bool,
    typer.Option("--allow-pending", help="Release although prompts are pending."),
]


class Destination(StrEnum):
    """Where a release is published."""

    HUB = "hub"


ToOption = Annotated[
    Destination | None,
    typer.Option("--to", help="hub: publish the version where `release.hub` says."),
]
PublishDryRunOption = Annotated[
    bool,
    typer.Option("--dry-run", help="Show what would be published, send nothing."),
]


def open_project(
    project: Path,
    data: Path | None = None,
    workdir: Path | None = None,
    only: list[str] | None = None,
    limit: int | None = None,
    sandbox: SandboxMode = SandboxMode.STRICT,
) -> "Project":
    """The project these options name."""
    from fusemill.project.project import Project

    weak = sandbox is SandboxMode.WEAK
    return Project.load(project, data, workdir, limit, tuple(only or ()), weak)


def printable(text: str) -> str:
    """Text that cannot steer a terminal: control and format characters are escaped.

    >>> printable("a\\x1b[31m")
    'a\\\\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(c if _is_harmless(c) else repr(c)[1:-1] for c in text)


def _is_harmless(c: str) -> bool:
    return c.isprintable() or c == "\n" or unicodedata.category(c) == "Zs"

"""`fusemill train …`: sft, dpo."""

import os
import runpy
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fusemill.cli.common import ProjectOption, WorkdirOption, app, open_project

if TYPE_CHECKING:
    from fusemill.train.run import Stage

group = typer.Typer(help="Train a target on a pinned release.", no_args_is_help=True)
app.add_typer(group, name="train")

TargetOption = Annotated[
    str, typer.Option("--target", help="Name in training/targets/, or a YAML file.")
]
PinOption = Annotated[
    str, typer.Option("--data", help="The release: NAME@VERSION or NAME@COMMIT.")
]
OutputOption = Annotated[
    Path, typer.Option("--output", help="Folder for weights, checkpoints and curves.")
]
ModelOption = Annotated[
    Path | None,
    typer.Option("--model", help="Weights to start from. Default: the registry's."),
]
LoraOption = Annotated[bool, typer.Option("--lora", help="Train adapters only.")]
PushOption = Annotated[
    str | None, typer.Option("--push-to", help="Publish as this model repository.")
]
ScriptOption = Annotated[
    Path | None,
    typer.Option("--script", help="Another trainer than the project's."),
]


@group.command()
def sft(
    target: TargetOption,
    data: PinOption,
    output: OutputOption,
    project: ProjectOption = Path(),
    workdir: WorkdirOption = None,
    model: ModelOption = None,
    lora: LoraOption = False,
    push_to: PushOption = None,
    script: ScriptOption = None,
) -> None:
    """Supervised fine-tuning; run it again after any stop and it goes on."""
    _train("sft", target, data, output, project, workdir, model, lora, push_to, script)


@group.command()
def dpo(
    target: TargetOption,
    data: PinOption,
    output: OutputOption,
    project: ProjectOption = Path(),
    workdir: WorkdirOption = None,
    model: ModelOption = None,
    lora: LoraOption = False,
    push_to: PushOption = None,
    script: ScriptOption = None,
) -> None:
    """Preference training; run it again after any stop and it goes on."""
    _train("dpo", target, data, output, project, workdir, model, lora, push_to, script)


def _train(
    stage: "Stage",
    target: str,
    data: str,
    output: Path,
    project: Path,
    workdir: Path | None,
    model: Path | None,
    lora: bool,
    push_to: str | None,
    script: Path | None,
) -> None:
    # TRL still says `gradient_checkpointing`, which transformers is about to rename.
    warnings.filterwarnings("ignore", ".*gradient_checkpointing", FutureWarning)
    # TRL and transformers draw bars beside ours; read when tqdm is imported.
    os.environ.setdefault("TQDM_DISABLE", "1")
    from fusemill.progress import Progress
    from fusemill.project.starter import trainer
    from fusemill.train.hub import push
    from fusemill.train.run import Asked, Run

    opened = open_project(project, None, workdir)
    asked = Asked(stage, target, data, output, model, lora)
    run = Run(opened, asked, Progress())
    path = script or trainer(opened.root, stage)
    with run.alone():
        if run.is_finished:
            run.say(f"{run.output} is finished, and left as it is")
        else:
            # Trackers print where results are expected.
            with redirect_stdout(sys.stderr):
                runpy.run_path(str(path))["train"](run)
        if run.is_main_process:
            if push_to is not None:
                run.say(f"{push_to}: commit {push(run, push_to)}")
            typer.echo(run.output)

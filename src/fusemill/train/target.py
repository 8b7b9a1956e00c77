"""training/targets/<name>.yaml: a model to train and every number it is trained by.

model: llama-3.1-8b-instruct
dpo: {learning_rate: 8.0e-7, epochs: 1, beta: 10, loss_type: sigmoid_norm, …}
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from fusemill.errors import TrainError
from fusemill.project.declaration import Declaration, load
from fusemill.project.models import Name
from fusemill.project.project import Project

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]


class Template(Declaration):
    """What the model's chat template must write; checked before training starts."""

    opening: str  # everything before the user's first words
    end: str  # the token that ends an answer
    values: dict[str, str]  # variables of the template, set in the one that is saved


class Steps(Declaration):
    """How a step of either stage is made."""

    batch: Count  # rows a step, over all devices
    per_device: Count  # rows a forward pass
    scheduler: Literal["cosine", "linear", "constant_with_warmup"]
    warmup_ratio: Share
    optimizer: Literal["adamw_torch", "adamw_torch_fused"]
    weight_decay: Annotated[float, Field(ge=0)]
    max_grad_norm: Positive
    group_by_length: bool
    save_every: Count  # steps
    log_every: Count  # steps

    @model_validator(mode="after")
    def _comes_out_even(self) -> Self:
        if self.batch % self.per_device:
            raise ValueError(
                f"batch {self.batch} is no multiple of per_device {self.per_device}"
            )
        return self


class Sft(Declaration):
    """Supervised fine-tuning."""

    learning_rate: Positive
    epochs: Positive
    padding_free: bool  # rows end to end, without padding: needs FlashAttention


class Dpo(Declaration):
    """Preference training."""

    learning_rate: Positive
    epochs: Positive
    beta: Positive
    loss_type: Literal["sigmoid_norm", "sigmoid"]  # with or without |y|
    precompute_reference: bool  # log-probabilities once, kept for other runs
    choose_among: Annotated[int, Field(ge=0)]  # last checkpoints at the interval


class Lora(Declaration):
    """Low-rank adapters, where `--lora` asks for them."""

    rank: Count
    alpha: Count
    dropout: Share
    modules: str | tuple[str, ...]
    learning_rate_factor: Positive  # times the learning rate of full fine-tuning


class Target(Declaration):
    """A target of training."""

    model: Name  # in registry/models.yaml
    seed: Annotated[int, Field(ge=0)]
    precision: Literal["bfloat16", "float32"]
    gradient_checkpointing: bool
    max_length: Annotated[int, Field(ge=2)]  # tokens of prompt and answer
    too_long: Literal["drop", "truncate"]
    template: Template
    steps: Steps
    sft: Sft
    dpo: Dpo
    lora: Lora
    report_to: tuple[Literal["tensorboard", "trackio", "wandb"], ...]


def load_target(project: Project, named: str) -> Target:
    """The target of a name in training/targets/, or of a path to a YAML file.

    TrainError where there is none, or where the registry does not know its model.
    """
    folder = project.root / "training" / "targets"
    path = Path(named) if named.endswith(".yaml") else folder / f"{named}.yaml"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in folder.glob("*.yaml"))) or "none"
        raise TrainError(f"{path}: no such target; in {folder} there are: {there}")
    target = load(path, Target)
    unknown = why_unknown(project, target)
    if unknown:
        raise TrainError(f"{path}: {unknown}")
    return target


def why_unknown(project: Project, target: Target) -> str | None:
    """What is wrong where the registry does not know a target's model, else None."""
    known = [n for n, model in project.models.items() if model.role == "target"]
    if target.model in known:
        return None
    return (
        f"key `model`: '{target.model}' is no target of registry/models.yaml; there "
        f"are: {', '.join(sorted(known)) or 'none'}"
    )

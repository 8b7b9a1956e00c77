"""registry/checkpoints.yaml: how models that this machine samples from are run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from fusemill.errors import DeclarationError
from fusemill.project.declaration import Declaration, load
from fusemill.project.models import Model, Name

FILE = "registry/checkpoints.yaml"


class Vllm(Declaration):
    """How vLLM runs a model in this process; vLLM's own names, null is its default."""

    tensor_parallel_size: Annotated[int, Field(ge=1)] = 1  # GPUs that share a layer
    pipeline_parallel_size: Annotated[int, Field(ge=1)] = 1  # GPUs that share layers
    max_model_len: Annotated[int, Field(ge=1)] | None = None  # null: what the model has
    max_num_seqs: Annotated[int, Field(ge=1)] | None = None  # draws at once
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] | None = None
    enforce_eager: bool = False


class Checkpoint(Declaration):
    """How one model is run; nothing here is part of its identity."""

    # Local checkpoint, `${data}` allowed; null: the Hub, at the model's revision.
    weights: str | None = None
    # Engine `transformers`: tokens remembered at once, all rows.
    batch_tokens: Annotated[int, Field(ge=1)] = 32768
    vllm: Vllm | None = None  # engine `vllm` in this process


class Checkpoints(Declaration):
    """registry/checkpoints.yaml: by the model's name in registry/models.yaml."""

    checkpoints: dict[Name, Checkpoint]


def where_of(model: str) -> str:
    """Place of a checkpoint's declaration, for messages."""
    return f"{FILE}: checkpoints.{model}"


def load_checkpoints(root: Path, models: Mapping[str, Model]) -> dict[str, Checkpoint]:
    """The declared checkpoints by model; none where there is no such file."""
    path = root / FILE
    if not path.exists():
        return {}
    found = load(path, Checkpoints).checkpoints
    for name in found:
        if name not in models:
            raise DeclarationError(
                f"{path}: key `checkpoints.{name}`: no such model in "
                f"registry/models.yaml; there are: {', '.join(sorted(models))}"
            )
    return found

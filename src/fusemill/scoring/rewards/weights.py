"""Where a reward model's weights are, and what makes its scores another scorer's."""

import glob
from pathlib import Path
from typing import Any

from fusemill.errors import DeclarationError, EngineError
from fusemill.project.models import RewardScorer
from fusemill.project.project import Project
from fusemill.project.rewards import FILE
from fusemill.prompts.sources import digest, local_pattern

# Raised when an engine of ours would say another score of the same weights.
VERSIONS = {"armorm": 1, "classifier": 1, "http": 1}
# What of a checkpoint is read.
PATTERNS = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt")


def where_of(model: str) -> str:
    """Place of a reward model's declaration, for messages."""
    return f"{FILE}: rewards.{model}"


def local_folder(project: Project, model: str) -> Path | None:
    """The declared folder of weights, None where they are the Hub's.

    DeclarationError where there is no such folder.
    """
    declared = project.rewards[model].weights
    if declared is None:
        return None
    where = f"{where_of(model)}.weights"
    pattern = str(local_pattern(declared, project, where))
    found = [Path(path) for path in glob.glob(pattern) if Path(path).is_dir()]
    if len(found) != 1:
        raise DeclarationError(f"{where}: no such folder: {declared}")
    return found[0]


def identity(project: Project, scorer: RewardScorer) -> dict[str, Any]:
    """What a scorer's hash is taken over, beside its engine.

    Weights are known by the model's revision, or else by the sha256 of their files.
    """
    model, reward = project.models[scorer.model], project.rewards[scorer.model]
    spec: dict[str, Any] = {
        "model": model.model,
        "revision": model.revision,
        "precision": reward.precision,
        "max_tokens": reward.max_tokens,
        "label": reward.label,
        "version": VERSIONS[scorer.engine],
    }
    if model.revision is None and scorer.engine != "http":
        spec["weights"] = _digests(project, scorer.model)
    return spec


def _digests(project: Project, model: str) -> list[list[str]]:
    folder = local_folder(project, model)
    if folder is None:
        raise DeclarationError(
            f"registry/models.yaml: models.{model}: no revision; it must be the full "
            f"commit (40 hex digits) of the weights, or {where_of(model)}.weights a "
            "local folder"
        )
    files = sorted({path for p in PATTERNS for path in folder.glob(p)})
    return [[path.name, digest(str(path), where_of(model))] for path in files]


def located(project: Project, model: str) -> Path:
    """The folder of a reward model's weights: the local one, or the Hub's, downloaded.

    What has been downloaded is found without the Hub. EngineError where it is not.
    """
    folder = local_folder(project, model)
    if folder is not None:
        return folder
    from huggingface_hub import snapshot_download

    declared = project.models[model]
    try:
        return Path(
            snapshot_download(
                declared.model,
                revision=declared.revision,
                allow_patterns=list(PATTERNS),
            )
        )
    except Exception as error:  # the client's transport errors have no common base
        said = " ".join(str(error).split())
        raise EngineError(
            f"registry/models.yaml: models.{model}: {declared.model}@"
            f"{str(declared.revision)[:8]} cannot be had: {type(error).__name__}: "
            f"{said}. Check name, revision, network, and HF_TOKEN where it is gated; "
            f"or let {where_of(model)}.weights name a local copy"
        ) from error

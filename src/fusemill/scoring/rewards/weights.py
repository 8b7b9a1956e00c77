"""Where a reward model's weights are, and what makes its scores another scorer's."""

from pathlib import Path
from typing import Any

from fusemill.checkpoints import folders
from fusemill.errors import DeclarationError
from fusemill.project.models import RewardScorer
from fusemill.project.project import Project
from fusemill.project.rewards import FILE
from fusemill.prompts.sources import digest

# Raised when an engine of ours would say another score of the same weights.
VERSIONS = {"armorm": 1, "classifier": 1, "http": 1}


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
    return folders.local_folder(project, declared, where)


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
    return [
        [path.name, digest(str(path), where_of(model))]
        for path in folders.files(folder)
    ]


def located(project: Project, model: str) -> Path:
    """The folder of a reward model's weights: the local one, or the Hub's, downloaded.

    What has been downloaded is found without the Hub. EngineError where it is not.
    """
    folder = local_folder(project, model)
    if folder is not None:
        return folder
    return folders.from_hub(project.models[model], model, f"{where_of(model)}.weights")

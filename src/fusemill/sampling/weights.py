"""Weights of models that run here: which are declared, and where they are."""

from collections.abc import Iterator
from pathlib import Path

from fusemill.checkpoints.conversations import Local
from fusemill.checkpoints.folders import from_hub, local_folder, sha256_folder
from fusemill.errors import DeclarationError, FusemillError
from fusemill.project.checkpoints import Checkpoint, where_of
from fusemill.project.findings import Finding
from fusemill.project.project import Project
from fusemill.sampling.local.parameters import Parameters


def examined(project: Project, name: str, engine: str) -> Iterator[Finding]:
    """What is wrong with the declarations of a model, without reading its weights."""
    try:
        parameters(project, name, engine)
        _require_pin(project, name)
    except FusemillError as error:
        where = _where(name)
        yield Finding("error", where, str(error).removeprefix(f"{where}: "))


def pinned(project: Project, name: str) -> Local:
    """The model in the folder of its weights.

    Raises DeclarationError where they are not pinned or not the declared ones, and
    EngineError where they lack.
    """
    model = project.models[name]
    return Local(
        name,
        _checked(project, name),
        model.precision,
        model.template,
        model.reasoning,
        _where(name),
    )


def declared(project: Project, name: str) -> Checkpoint:
    """How the model is run here."""
    return project.checkpoints.get(name, Checkpoint())


def parameters(project: Project, name: str, engine: str) -> Parameters:
    """Its sampling keys; DeclarationError where one is not known to engines here."""
    sampling = project.models[name].sampling or {}
    return Parameters.of(sampling, f"{_where(name)}.sampling", engine)


def _where(name: str) -> str:
    return f"registry/models.yaml: models.{name}"


def _folder(project: Project, name: str) -> Path | None:
    """The declared folder of weights, None where they are the Hub's."""
    weights = declared(project, name).weights
    if weights is None:
        return None
    return local_folder(project, weights, f"{where_of(name)}.weights")


def _require_pin(project: Project, name: str) -> None:
    """DeclarationError where nothing says which weights answer."""
    model, folder = project.models[name], _folder(project, name)
    if model.revision is not None:
        return
    if folder is None:
        raise DeclarationError(
            f"{_where(name)}: no revision; it must be the full commit (40 hex digits) "
            f"of the weights, or {where_of(name)}.weights a local folder"
        )
    if model.weights_sha256 is None:
        raise DeclarationError(
            f"{_where(name)}: no weights_sha256, so that other weights would be the "
            f"same configuration; write {sha256_folder(folder)}, which is that of "
            f"{folder}"
        )


def _checked(project: Project, name: str) -> Path:
    """The folder of the weights; DeclarationError where they are not the declared."""
    _require_pin(project, name)
    model = project.models[name]
    folder = _folder(project, name)
    if folder is None:
        folder = from_hub(model, name, f"{where_of(name)}.weights")
    if model.weights_sha256 is None:
        return folder
    found = sha256_folder(folder)
    if found != model.weights_sha256:
        raise DeclarationError(
            f"{_where(name)}.weights_sha256: found {found} in {folder}; expected "
            f"{model.weights_sha256}. Bring the declared weights back, or declare "
            "these: then they are another configuration, and asked anew"
        )
    return folder

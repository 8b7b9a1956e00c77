"""The engine for models as the project declares them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fusemill.errors import EngineError
from fusemill.project.project import Project
from fusemill.sampling.weights import declared, parameters, pinned

if TYPE_CHECKING:
    from fusemill.sampling.local.engine import Asked, TransformersEngine


def locally(project: Project, models: Sequence[str]) -> "TransformersEngine":
    """An engine that runs these models here.

    Raises DeclarationError where one samples with a key that is not known or its
    weights are not pinned, and EngineError where they, torch or transformers lack.
    """
    try:
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise EngineError(
            f"engine `transformers` needs torch and transformers ({error}): "
            "pip install 'fusemill[train]'"
        ) from error
    from fusemill.sampling.local.engine import TransformersEngine

    return TransformersEngine([_asked(project, name) for name in models])


def _asked(project: Project, name: str) -> "Asked":
    from fusemill.sampling.local.engine import Asked

    keys = parameters(project, name, "transformers")
    return Asked(pinned(project, name), keys, declared(project, name).batch_tokens)

"""The engine for models as the project declares them."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from fusemill.errors import EngineError
from fusemill.project.checkpoints import Vllm, where_of
from fusemill.project.endpoints import FILE
from fusemill.project.findings import Finding
from fusemill.project.project import Project
from fusemill.sampling.weights import declared, examined, parameters, pinned

if TYPE_CHECKING:
    from fusemill.sampling.vllm.engine import VllmEngine

MISSING = (
    "vLLM is not installed here: sample in an environment of its own, made with "
    "`pip install 'fusemill[vllm]'`, and go on with the same project in this one"
)


def is_served(project: Project, name: str) -> bool:
    """Whether a model of engine `vllm` is asked at servers: it has an endpoint."""
    return name in project.endpoints


def in_process(project: Project, models: Sequence[str]) -> "VllmEngine":
    """An engine that runs these models here.

    Raises DeclarationError where one samples with a key that is not known or its
    weights are not pinned, and EngineError where they or vLLM lack.
    """
    if find_spec("vllm") is None:
        raise EngineError(
            f"engine `vllm` is to run {', '.join(models)} in this process. {MISSING}; "
            f"or serve it and declare its base URL in {FILE}"
        )
    from fusemill.sampling.vllm.engine import Asked, VllmEngine

    return VllmEngine(
        [
            Asked(
                pinned(project, name),
                parameters(project, name, "vllm"),
                declared(project, name).vllm or Vllm(),
            )
            for name in models
        ]
    )


def examined_here(project: Project, name: str) -> Iterator[Finding]:
    """Which way a model of engine `vllm` goes, and what is wrong with it."""
    if is_served(project, name):
        if name in project.checkpoints:
            text = f"not read: {name} is asked at its endpoint in {FILE}"
            yield Finding("note", where_of(name), text)
        return
    where = f"registry/models.yaml: models.{name}"
    said = f"vLLM runs it in this process, since it has no endpoint in {FILE}"
    problems = list(examined(project, name, "vllm"))
    yield from (Finding(p.severity, p.where, f"{p.text}; {said}") for p in problems)
    if not problems:
        missing = f". {MISSING}" if find_spec("vllm") is None else ""
        yield Finding("note", where, said + missing)

"""The engine for models as the project declares them."""

from collections.abc import Sequence

from fusemill.errors import DeclarationError
from fusemill.project.endpoints import declared_endpoint, where_of
from fusemill.project.project import Project
from fusemill.sampling.openai.chat import Served
from fusemill.sampling.openai.engine import Asked, OpenAIEngine

# What the engine itself sends, or what a server would answer in another form.
RESERVED = {"model", "messages", "n", "seed", "stream", "reasoning_effort"}


def over_http(project: Project, models: Sequence[str]) -> OpenAIEngine:
    """An engine that asks these models at their declared endpoints.

    Raises DeclarationError where one has none, or samples with a reserved key, and
    EngineError where an environment variable is not set.
    """
    return OpenAIEngine([_asked(project, name) for name in models])


def _asked(project: Project, name: str) -> Asked:
    model, where = project.models[name], where_of(name)
    endpoint = declared_endpoint(project.endpoints, name)
    sampling = dict(model.sampling or {})
    if reserved := sorted(RESERVED & set(sampling)):
        raise DeclarationError(
            f"registry/models.yaml: models.{name}.sampling: `{reserved[0]}` is not a "
            "sampling key here: draws and seeds follow from the builder and "
            "`sampling_seed`, `reasoning_effort` is the model's `reasoning`"
        )
    served_as = endpoint.served_as or model.model
    served = Served(
        name,
        served_as,
        endpoint.answers_as or served_as,
        sampling,
        model.reasoning,
        endpoint.send_seed,
    )
    urls, key = tuple(endpoint.urls(where)), endpoint.key(where)
    return Asked(served, endpoint, urls, key, model.price)

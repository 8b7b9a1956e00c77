"""Running the engine `openai` against a fault server, without a project."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fusemill.project.endpoints import Endpoint
from fusemill.project.models import Price
from fusemill.sampling.engine import Answer, Request
from fusemill.sampling.openai.chat import Served
from fusemill.sampling.openai.engine import Asked, OpenAIEngine

SEED = 1_000


def asked(
    *urls: str, name: str = "m", price: Price | None = None, **endpoint: Any
) -> Asked:
    """One model at these base URLs."""
    served_as = endpoint.pop("served_as", name)
    served = Served(name, served_as, endpoint.pop("answers_as", served_as), {})
    key = endpoint.pop("key", None)
    declared = Endpoint(base_urls=urls, **endpoint)
    return Asked(served, declared, urls, key, price)


def requests(
    n_prompts: int, draws: int = 1, model: str = "m", text: str = "prompt {}"
) -> list[Request]:
    """A request a prompt, with seeds that tell prompts and draws apart."""
    return [
        Request(
            model,
            "c" * 32,
            f"{i:032x}",
            ({"role": "user", "content": text.format(i)},),
            0,
            draws,
            SEED * (i + 1),
        )
        for i in range(n_prompts)
    ]


def pages(requests: Sequence[Request], size: int = 50) -> Iterator[Sequence[Request]]:
    return (requests[i : i + size] for i in range(0, len(requests), size))


def all_answers(engine: OpenAIEngine, wanted: Iterable[Request]) -> list[Answer]:
    """Everything the engine brings for these requests."""
    by_model: dict[str, list[Request]] = {}
    for request in wanted:
        by_model.setdefault(request.model, []).append(request)
    drawn = {model: pages(own) for model, own in by_model.items()}
    return [a for batch in engine.answers(drawn) for a in batch]


def keys(answers: Iterable[Answer]) -> list[tuple[str, int]]:
    return sorted((a.request.prompt_id, a.draw) for a in answers)


def wanted_keys(requests: Iterable[Request]) -> list[tuple[str, int]]:
    return sorted(
        (r.prompt_id, draw) for r in requests for draw in range(r.first, r.first + r.n)
    )

"""Running the engine `transformers` on tiny models, without a project."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fusemill.checkpoints.conversations import Local
from fusemill.sampling.engine import Answer, Request
from fusemill.sampling.local.engine import Asked, TransformersEngine
from fusemill.sampling.local.parameters import Parameters

WHERE = "registry/models.yaml: models.m"
LENGTHS = [3, 11, 1, 7, 19, 7, 2, 14]


def request(
    messages: Sequence[dict[str, str]], n: int = 1, first: int = 0, seed: int = 100
) -> Request:
    """Draws of one prompt, which its text tells apart from others."""
    key = f"{abs(hash(str(messages))):032x}"
    return Request("m", "c" * 32, key, tuple(messages), first, n, seed)


def engine(folder: Path, batch_tokens: int = 4096, **sampling: Any):
    """The engine for the model `m` in this folder."""
    local = Local(
        "m",
        folder,
        sampling.pop("precision", None),
        sampling.pop("template", None),
        None,
        WHERE,
    )
    keys = Parameters.of(sampling, f"{WHERE}.sampling", "transformers")
    return TransformersEngine([Asked(local, keys, batch_tokens)])


def answers(
    folder: Path, requests: Sequence[Request], batch_tokens: int = 4096, **sampling: Any
) -> list[Answer]:
    """All answers, in order of requests and draws."""
    made = engine(folder, batch_tokens, **sampling)
    found = [a for batch in made.answers({"m": iter([requests])}) for a in batch]
    place = {id(request): i for i, request in enumerate(requests)}
    return sorted(found, key=lambda a: (place[id(a.request)], a.draw))

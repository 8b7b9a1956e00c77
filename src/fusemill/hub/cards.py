"""The metadata of a card: the YAML between `---` lines at the top of a README.md.

Anyone who may write commits it and everyone who looks at the repository has it read, so
that it is bounded: in length, and in how many values it says once aliases are followed
(nine lines of nine aliases each are a billion).
"""

import functools
import math
from datetime import date
from itertools import accumulate
from typing import Any

from ruamel.yaml import YAML

LONGEST = 100_000  # characters; a second or two of parsing
MOST_VALUES = 50_000
DEEPEST = 50
MOST_OPEN = 100  # brackets; the parser looks at each of them with every further one


@functools.lru_cache(maxsize=64)
def card_metadata(card: str) -> dict[str, Any]:
    """The metadata as JSON can say it; empty where there is none.

    Dates and keys are texts, and so are numbers that are none (.nan). ValueError where
    it is no mapping, too long, too deep, or says too much. Callers do not change it.
    """
    head, *rest = card.removeprefix("\ufeff").splitlines() or [""]
    if head.rstrip() != "---":
        return {}
    lines = [line.rstrip() for line in rest]
    if "---" not in lines:
        return {}
    block = "\n".join(rest[: lines.index("---")])
    if len(block) > LONGEST:
        raise ValueError(f"metadata of over {LONGEST} characters")
    if _most_open(block) > MOST_OPEN:
        raise ValueError(f"metadata: over {MOST_OPEN} brackets within each other")
    try:
        found = YAML(typ="safe").load(block)
    except Exception as error:  # the parser has errors of many kinds for what it is fed
        raise ValueError(f"metadata is not YAML: {error}") from None
    if found is not None and not isinstance(found, dict):
        raise ValueError(f"metadata: expected a mapping, found {type(found).__name__}")
    plain: dict[str, Any] = _Plain().said(found or {}, 0)
    return plain


def _most_open(block: str) -> int:
    steps = (1 if c in "[{" else -1 for c in block if c in "[]{}")
    return max(accumulate(steps), default=0)


class _Plain:
    """Turns YAML into what JSON can say, and counts."""

    def __init__(self) -> None:
        self._n_values = 0

    def said(self, value: Any, depth: int) -> Any:
        """A value in JSON's terms. ValueError past MOST_VALUES of them, or DEEPEST."""
        self._n_values += 1
        if self._n_values > MOST_VALUES or depth > DEEPEST:
            raise ValueError(
                f"metadata: over {MOST_VALUES} values, or deeper than {DEEPEST}"
            )
        if isinstance(value, dict):
            return {_text(k): self.said(v, depth + 1) for k, v in value.items()}
        if isinstance(value, list | tuple | set):
            return [self.said(inner, depth + 1) for inner in value]
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
        if isinstance(value, bool | int | float | None):
            return value
        return _text(value)


def _text(value: Any) -> str:
    """A key, or a value that is a text or a date; no half of a surrogate pair."""
    if isinstance(value, str | int | float | bool | date | bytes | None):
        return str(value).encode(errors="replace").decode()
    raise ValueError(f"metadata: a {type(value).__name__} where a text is expected")

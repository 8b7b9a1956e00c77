"""Sampling keys, with the names, ranges and meaning that vLLM gives them."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator

from fusemill.errors import DeclarationError
from fusemill.project.declaration import Declaration

COLDEST = 0.01  # vLLM's: a lower temperature that is not 0 overflows


class Parameters(Declaration):
    """How the next token is chosen and when an answer ends.

    What is not written is off; a model's own `generation_config.json` gives no values.
    """

    temperature: Annotated[float, Field(ge=0)] = 1.0  # 0: the likeliest token
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    top_k: Annotated[int, Field(ge=-1)] = 0  # 0 and -1: all
    min_p: Annotated[float, Field(ge=0, le=1)] = 0.0
    repetition_penalty: Annotated[float, Field(gt=0)] = 1.0  # prompt and answer
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.0  # answer only
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.0  # answer only
    max_tokens: Annotated[int, Field(ge=1)] | None = None  # None: up to the context
    stop: tuple[str, ...] = ()  # an answer ends before any of them

    @field_validator("stop", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        found = (value,) if isinstance(value, str) else value
        if isinstance(found, list | tuple):
            if "" in found:
                raise ValueError("an empty text would stop every answer")
            return tuple(found)
        return found

    @classmethod
    def of(cls, sampling: Mapping[str, Any], where: str, engine: str) -> "Parameters":
        """From the declared keys; DeclarationError names what does not fit."""
        try:
            return cls.model_validate(dict(sampling))
        except ValidationError as error:
            raise DeclarationError(
                "; ".join(_said(one, where, engine) for one in error.errors())
            ) from None

    @property
    def is_greedy(self) -> bool:
        """Whether the likeliest token is always taken."""
        return self.temperature == 0

    @property
    def softness(self) -> float:
        """What logits are divided by.

        >>> Parameters(temperature=0.001).softness
        0.01
        """
        return max(self.temperature, COLDEST)

    @property
    def counts_repeats(self) -> bool:
        """Whether tokens that came before change what comes next."""
        return self.repetition_penalty != 1 or self.counts_answer

    @property
    def counts_answer(self) -> bool:
        """Whether it matters how often an answer has a token."""
        return self.presence_penalty != 0 or self.frequency_penalty != 0


def _said(error: Any, where: str, engine: str) -> str:
    key = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        known = ", ".join(Parameters.model_fields)
        return (
            f"{where}.{key}: engine `{engine}` has no such sampling key; it has {known}"
        )
    return f"{where}.{key}: found {error['input']!r}: {error['msg']}"

"""What a reward model is asked and says: a conversation with its answer, a score.

Pair(messages=({"role": "user", "content": "What is 2+2?"},), text="4")
Scored(status="ok", score=0.1128, objectives=(0.66, 0.67, …))
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Status = Literal["ok", "no_pattern", "too_long", "not_finite"]


@dataclass(frozen=True)
class Pair:
    """A conversation that ends in a user turn, and the text that answers it."""

    messages: Sequence[Mapping[str, str]]  # role and content
    text: str

    @property
    def conversation(self) -> list[dict[str, str]]:
        """All turns, the answer as the assistant's last."""
        turns = [{"role": m["role"], "content": m["content"]} for m in self.messages]
        return [*turns, {"role": "assistant", "content": self.text}]


@dataclass(frozen=True)
class Scored:
    """What a reward model says of a pair; `score` is None unless the status is ok."""

    status: Status
    score: float | None = None
    objectives: tuple[float, ...] | None = None  # None: the model has one number only

    @classmethod
    def of(cls, score: float, objectives: Sequence[float] | None = None) -> "Scored":
        """Status ok, or not_finite for NaN and infinity.

        >>> Scored.of(0.5)
        Scored(status='ok', score=0.5, objectives=None)
        >>> Scored.of(float("nan")).status
        'not_finite'
        """
        if not math.isfinite(score):
            return cls("not_finite")
        return cls("ok", score, None if objectives is None else tuple(objectives))


class RewardModel(Protocol):
    """A reward model that is ready to score."""

    def scores(self, pairs: Sequence[Pair]) -> Iterator[list[tuple[int, Scored]]]:
        """(index of the pair, what the model says), in batches, each index once.

        The batches come as they are done, in no promised order.
        """

    def misread(self, pair: Pair) -> str | None:
        """What is wrong with how the model is given a pair, None where nothing is."""

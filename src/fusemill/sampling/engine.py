"""What an engine that asks models is given, and what it gives back.

    Request  prompt 1f52…  model gemma-2-27b-it  messages as sent  draws 0 to 4
    Answer   draw 3  text "4"  reasoning None  stop  14 + 2 tokens  0.31 s

An engine knows nothing of the warehouse. What is asked, and what becomes of answers, is
the business of `sampling.live`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Request:
    """Draws `first` to `first + n - 1` of one prompt by one model.

    Draw i is to be made with seed `seed + i - first`.
    """

    model: str  # its name in registry/models.yaml
    config_hash: str
    prompt_id: str
    messages: tuple[Mapping[str, str], ...]  # role and content, as sent
    first: int
    n: int
    seed: int  # of the first draw

    def part(self, first: int, n: int) -> "Request":
        """Some of its draws, with the same seeds."""
        seed = self.seed + first - self.first
        return Request(
            self.model,
            self.config_hash,
            self.prompt_id,
            self.messages,
            first,
            n,
            seed,
        )


@dataclass(frozen=True)
class Answer:
    """One draw: a text, or a refusal (`text` None, `error` says why)."""

    request: Request
    draw: int
    text: str | None
    reasoning: str | None = None
    finish_reason: str | None = None  # `stop` or `length`; None of a refusal
    n_input_tokens: int | None = None  # of the prompt
    n_output_tokens: int | None = None  # of this answer
    asked_at: datetime | None = None
    latency_s: float | None = None  # of the request that brought it
    error: str | None = None


@dataclass
class Tally:
    """What an engine has done for one model so far; counts of this run."""

    n_texts_before: int = 0  # texts of the same configuration from earlier runs
    requests: int = 0  # sent, tries that failed too
    answers: int = 0  # draws that came, refusals too
    refused: int = 0
    left: int = 0  # draws given up for this run
    n_input_tokens: int = 0
    n_output_tokens: int = 0
    faults: Counter[str] = field(default_factory=Counter)  # tries that failed, by kind
    last_fault: str = ""  # of a request that was given up
    limit: str | None = None  # the declared limit that stopped it

    @property
    def has_answered(self) -> bool:
        """Whether the model takes what it is asked: refusals are the prompts' then."""
        return self.n_texts_before + self.answers > 0

    def usd(self, input_usd: float, output_usd: float) -> float:
        """What the tokens cost at these prices for a million.

        >>> Tally(n_input_tokens=2_000_000, n_output_tokens=1_000_000).usd(0.5, 2)
        3.0
        """
        cost = self.n_input_tokens * input_usd + self.n_output_tokens * output_usd
        return cost / 1_000_000


class Engine(Protocol):
    """What brings answers of models."""

    @property
    def tallies(self) -> Mapping[str, Tally]:
        """What it has done so far, by model."""

    def draws_a_request(self, model: str) -> int:
        """How many draws of a prompt a request to this model may ask for."""

    def answers(
        self, requests: Mapping[str, Iterator[Sequence[Request]]]
    ) -> Iterator[Sequence[Answer]]:
        """Answers as they come, of all models; requests are drawn as they are needed.

        At least twice a second something is yielded, an empty list where nothing came,
        so that who records them can keep its own times. A model that is slow holds no
        other one up. Raises EngineError where going on is of no use; answers that were
        under way by then have been yielded before.
        """


def runs(draws: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Ascending draws as (first, n) of unbroken runs of at most `most`.

    >>> runs([0, 1, 2, 4, 5], 2)
    [(0, 2), (2, 1), (4, 2)]
    """
    found: list[tuple[int, int]] = []
    for draw in draws:
        if found and draw == sum(found[-1]) and found[-1][1] < most:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((draw, 1))
    return found

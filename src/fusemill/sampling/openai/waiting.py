"""Refusals that wait for a text: where nothing else comes, the mistake is ours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fusemill.errors import EngineError
from fusemill.sampling.engine import Answer, Request

PROMPTS = 20  # refused in a row: it is not these prompts


def refusals(request: Request, why: str) -> list[Answer]:
    """A refusal for each draw of a request."""
    now = datetime.now(UTC)
    return [
        Answer(request, draw, text=None, asked_at=now, error=why)
        for draw in range(request.first, request.first + request.n)
    ]


@dataclass
class Waiting:
    """Refusals, a list a request, that are answers once a text shows that one can ask.

    `rejection` is what the server found wrong with the last request that it rejected,
    None where it gave another reason for all of them.
    """

    refusals: list[Sequence[Answer]] = field(default_factory=list)
    rejection: str | None = None

    def add(self, found: Sequence[Answer], rejection: str | None) -> None:
        """One request's refusals."""
        self.refusals.append(found)
        self.rejection = rejection or self.rejection

    def taken(self) -> Iterator[Sequence[Answer]]:
        """All of them, which wait no longer."""
        while self.refusals:
            yield self.refusals.pop(0)
        self.rejection = None

    def are_many(self) -> bool:
        """Whether so many prompts were refused that the run should stop."""
        return len({found[0].request.prompt_id for found in self.refusals}) >= PROMPTS

    def error(self, where: str) -> EngineError:
        """What to do where nothing but refusals came."""
        n = len({found[0].request.prompt_id for found in self.refusals})
        if self.rejection is not None:
            return EngineError(
                f"{where}: the server rejects what it is asked (prompts in a row: "
                f"{n}): {self.rejection}; check `sampling` of the model in "
                "registry/models.yaml, and what the server logs. The next run asks "
                "them again"
            )
        return EngineError(
            f"{where}: the answers to the first {n} prompts are all refusals, the last "
            f"one: {self.refusals[-1][0].error}; they are not kept. Check that "
            "`max_tokens` leaves room for a prompt in the server's window"
        )

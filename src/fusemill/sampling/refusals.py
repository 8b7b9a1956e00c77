"""Refusals of a model that runs here: kept once a text has come, in whichever run.

A model that refuses everything is declared wrongly; then it is not the prompts' fault.
"""

from datetime import UTC, datetime

from fusemill.errors import EngineError
from fusemill.sampling.engine import Answer, Request, Tally

ALL_REFUSED = 20  # prompts refused before any text


class Refusals:
    """The refusals of one model that wait, and its tally of answers."""

    def __init__(self, tally: Tally, where: str) -> None:
        self._tally, self._where = tally, where
        self._waiting: list[Answer] = []

    def add(self, request: Request, why: str) -> None:
        """All draws of a request are refused."""
        now = datetime.now(UTC)
        self._waiting += [
            Answer(request, draw, text=None, asked_at=now, error=why)
            for draw in range(request.first, request.first + request.n)
        ]

    def require_some(self) -> None:
        """EngineError where twenty prompts are refused and there is no text."""
        refused = {answer.request.prompt_id for answer in self._waiting}
        if self._tally.has_answered or len(refused) < ALL_REFUSED:
            return
        raise EngineError(
            f"{self._where}: the first {len(refused)} prompts are all refused, the "
            f"last one: {self._waiting[-1].error}; that is not kept. "
            "Check the model's `system_role`, and that prompts fit its context"
        )

    def with_texts(self, found: list[Answer]) -> list[Answer]:
        """These answers, and the refusals that have waited for a text to come."""
        if found or self._tally.has_answered:
            return self._counted([*self._taken(), *found])
        return []

    def rest(self) -> list[Answer]:
        """The refusals that still wait when all is asked."""
        return self._counted(self._taken())

    def _taken(self) -> list[Answer]:
        taken, self._waiting = self._waiting, []
        return taken

    def _counted(self, found: list[Answer]) -> list[Answer]:
        self._tally.answers += len(found)
        self._tally.refused += sum(a.text is None for a in found)
        self._tally.n_output_tokens += sum(a.n_output_tokens or 0 for a in found)
        return found

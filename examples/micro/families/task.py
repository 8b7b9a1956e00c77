"""One task: a prompt, the right answer, and the answers of models with a bad habit."""

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Task:
    """`habits` holds an answer for each bad habit of the family.

    Where a habit does no harm it gives the right answer, as it would in a model.
    """

    prompt: str
    answer: str
    habits: Mapping[str, str]
    gold: str | None = None  # the final answer, of mathematics
    tests: tuple[str, ...] = ()  # assertions, of code
    entry_point: str | None = None  # what they call

    def answered(self, answer: str) -> "Task":
        """The same task with another answer."""
        return replace(self, answer=answer)

"""What a rule of comparison may ask: the other rules, and algebra."""

from collections.abc import Callable
from typing import Protocol

from fusemill.verify.mathematics.written import Written

Prove = Callable[[str, str], bool]
"""(answer, gold), cleaned formulas → whether algebra finds them equal."""


class NeedsProof(Exception):
    """No exact rule can tell; algebra might."""


class Judge(Protocol):
    """Compares parts of answers for the rules that take answers apart."""

    def same(self, answer: str, gold: str) -> bool:
        """Whether the two are equal. Raises NeedsProof where only algebra can tell."""

    def surely(self, answer: str, gold: str) -> bool:
        """Whether the two are equal by an exact rule."""

    def proven(self, answer: Written, gold: Written) -> bool:
        """Whether algebra finds the two formulas equal. Raises NeedsProof without."""


Compare = Callable[[Written, Written, Judge], bool | None]
"""A rule: (answer, gold, judge) → True, False, or None when it cannot tell."""

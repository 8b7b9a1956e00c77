"""What an extractor gives: tests of a prompt, or why there are none."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Extracted:
    """Tests of one prompt, before its own reference has passed them.

    tests: texts of Python, each stands alone. entry_point: what they call. stub: what a
    bare continuation continues, and whose imports and classes any answer may use, or
    None. reference: code of the set's own solution. lost: why others were left out.
    """

    tests: tuple[str, ...]
    entry_point: str
    stub: str | None
    reference: str
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class NoTests:
    """Why a prompt has no tests; `why` is for people, and for counting."""

    why: str

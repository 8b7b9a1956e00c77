"""Tests of code prompts, extracted from what a set has: statements or responses.

A prompts statement gives the raw texts, an extractor makes tests of them, and the set's
own reference decides in the sandbox whether they are kept (`fusemill.prompts.tested`).
Extractors are pure: the same texts give the same tests.
"""

from dataclasses import dataclass
from typing import Literal

from fusemill.prompts.tests.extracted import Extracted, NoTests
from fusemill.prompts.tests.responses import response_tests
from fusemill.prompts.tests.scopes import is_mentioned
from fusemill.prompts.tests.worked import worked_tests

__all__ = ["EXTRACTOR_VERSION", "Extracted", "Extractor", "NoTests", "Raw", "extract"]

Extractor = Literal["worked_examples", "response_assertions"]

EXTRACTOR_VERSION = 2
"""Part of a reading's id: raised with every change, so that sets are read again."""

MAX_TEXT = 100_000
"""Characters of a statement or reference; LeetCode's longest have about 10,000."""


@dataclass(frozen=True)
class Raw:
    """What a prompts statement gives of one row.

    `statement` holds worked examples or assertions, `reference` the set's own solution,
    `prompt` what is asked, all turns. `entry_point` and `stub` where the statement says
    them, else None: then they follow from the reference.
    """

    statement: str | None
    reference: str | None
    prompt: str
    entry_point: str | None = None
    stub: str | None = None


def extract(extractor: Extractor, raw: Raw) -> Extracted | NoTests:
    """Tests of one row, or why there are none.

    >>> raw = Raw("Input: n = 2\\nOutput: 4", "def f(n): return 2 * n", "Write f(n).")
    >>> extract("worked_examples", raw).tests
    ('assert f(2) == 4',)
    """
    for name, text in (("statement", raw.statement), ("reference", raw.reference)):
        if not (text or "").strip():
            return NoTests(f"no {name}")
        if len(text or "") > MAX_TEXT:
            return NoTests(f"the {name} has more than {MAX_TEXT:,} characters")
    try:
        return _extract(extractor, raw)
    except RecursionError:
        return NoTests("code that is nested too deeply")


def _extract(extractor: Extractor, raw: Raw) -> Extracted | NoTests:
    statement, reference = raw.statement or "", raw.reference or ""
    if extractor == "response_assertions":
        return response_tests(statement, reference, raw.entry_point, raw.prompt)
    found = worked_tests(statement, reference, raw.entry_point, raw.stub)
    if isinstance(found, Extracted):
        name = found.entry_point.removeprefix("Solution().")
        if not is_mentioned(name, raw.prompt):
            return NoTests(f"the prompt does not name `{name}`")
    return found

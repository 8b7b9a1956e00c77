"""Tests of code prompts, made or given: the set's own reference decides.

statement "Input: n = 2 …"  →  tests ["assert f(2) == 4"]  →  the reference passes: kept
                            or tests as they are given     →  else reference_failed
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fusemill.errors import DeclarationError
from fusemill.fill import batches
from fusemill.project.models import Builder, CodeChecker
from fusemill.prompts.tests import EXTRACTOR_VERSION, Extracted, Raw, extract

if TYPE_CHECKING:
    from fusemill.sandbox import Sandbox

Row = dict[str, Any]

ROWS_A_BATCH = 2_000
MAX_WHY = 500
"""Characters of a reason that are kept."""


@dataclass(frozen=True)
class _Reference:
    """A set's own solution, and the tests that it has to pass."""

    text: str
    tests: tuple[str, ...]
    entry_point: str | None
    stub: str | None


def identity(builder: Builder) -> dict[str, Any] | None:
    """What the tests of a reading follow from; None where no reference is run."""
    declared = builder.code_checker
    if builder.prompts.tests is None or declared is None:
        return None
    from fusemill.verify.code import CHECKER_VERSION

    return {
        "extractor": builder.prompts.tests,
        "version": EXTRACTOR_VERSION,
        "checker": CHECKER_VERSION,
        "limits": declared.model_dump(),
    }


@contextmanager
def opened_sandbox(declared: CodeChecker, *, weak: bool) -> Iterator["Sandbox"]:
    """The sandbox within the declared limits; SandboxError where it cannot isolate."""
    from fusemill.sandbox import Limits, Sandbox

    limits = Limits(
        cpu_s=declared.cpu_s,
        memory_mb=declared.memory_mb,
        scratch_mb=declared.scratch_mb,
    )
    with Sandbox(limits, packages=declared.packages, weak=weak) as sandbox:
        yield sandbox


@contextmanager
def tested(
    rows: Iterator[Row], builder: Builder, *, weak: bool
) -> Iterator[Iterator[Row]]:
    """The rows of a prompts statement, in their order, with tests where it declares so.

    A row that the statement did not exclude has or gets `tests`, `entry_point` and
    `stub`, which its reference passes, or is excluded as `no_tests` or
    `reference_failed`, with `excluded_why`.
    """
    if builder.prompts.tests is None or builder.code_checker is None:
        yield rows
        return
    with opened_sandbox(builder.code_checker, weak=weak) as sandbox:
        yield _tested(rows, builder, sandbox)


def _tested(rows: Iterator[Row], builder: Builder, sandbox: "Sandbox") -> Iterator[Row]:
    for batch in batches(rows, ROWS_A_BATCH):
        made = [_with_tests(dict(row), builder) for row in batch]
        _run_references(made, sandbox)
        yield from (row for row, _ in made)


def _with_tests(row: Row, builder: Builder) -> tuple[Row, _Reference | None]:
    """A row with its tests, and what has to pass them; None where nothing has to."""
    if row.get("excluded") is not None:
        return row, None
    if builder.prompts.tests == "given":
        return _as_given(row)
    assert builder.prompts.tests is not None
    if row.get("tests") is not None:
        raise DeclarationError(
            f"{builder.prompts.sql}: source_row {row['source_row']}: returned `tests`, "
            f"which `prompts.tests: {builder.prompts.tests}` makes; leave one of them"
        )
    messages = row.get("messages") or []
    raw = Raw(
        statement=row.get("statement"),
        reference=row.get("reference"),
        prompt="\n".join(m["content"] or "" for m in messages if m),
        entry_point=row.get("entry_point"),
        stub=row.get("stub"),
    )
    found = extract(builder.prompts.tests, raw)
    if not isinstance(found, Extracted):
        return _excluded(row, "no_tests", found.why), None
    row["tests"] = list(found.tests)
    row["entry_point"], row["stub"] = found.entry_point, found.stub
    return row, _Reference(found.reference, found.tests, found.entry_point, found.stub)


def _as_given(row: Row) -> tuple[Row, _Reference | None]:
    """A row whose tests are the set's own; without any it is left out later."""
    tests, reference = row.get("tests") or [], row.get("reference") or ""
    if not all(test and test.strip() for test in tests) or not tests:
        return row, None
    if not reference.strip():
        return _excluded(row, "no_tests", "no reference"), None
    entry_point, stub = row.get("entry_point"), row.get("stub")
    return row, _Reference(reference, tuple(tests), entry_point, stub)


def _run_references(
    made: Iterable[tuple[Row, _Reference | None]], sandbox: "Sandbox"
) -> None:
    """Exclude the rows whose own reference does not pass their tests."""
    from fusemill.verify.code import CodeRow, check_many

    found = {i: (row, one) for i, (row, one) in enumerate(made) if one is not None}
    to_run = (
        CodeRow(i, one.text, one.tests, one.entry_point, one.stub)
        for i, (_, one) in found.items()
    )
    for key, verdict in check_many(to_run, sandbox):
        assert isinstance(key, int)
        if verdict.status != "passed":
            # Our own error says nothing of the reference: nobody can run these tests.
            outcome = "no_tests" if verdict.status == "error" else "reference_failed"
            why = f"{verdict.status}: {verdict.reason}"
            _excluded(found[key][0], outcome, why)


def _excluded(row: Row, outcome: str, why: str) -> Row:
    """The row, left out; tests that do not hold are not kept as such."""
    shown = why if len(why) <= MAX_WHY else why[: MAX_WHY - 1] + "…"
    row.update(excluded=outcome, excluded_why=shown, tests=None)
    return row

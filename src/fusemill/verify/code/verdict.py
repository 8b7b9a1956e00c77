"""What outcomes of the sandbox mean: a verdict's status and its reason.

Example: the report of a run whose third test saw ``9`` where ``8`` was expected becomes
status ``failed``, reason ``test 3 of 7, assert f(2) == 8: expected 8, got 9``. Reports
of processes in which an answer ran are not trusted: whatever is in them, no exception,
and never a pass that the status does not carry.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from fusemill.sandbox.jobs import Outcome
from fusemill.verify.code.changes import Mark
from fusemill.verify.code.forms import Pair, Suite

MAX_REASON = 600
"""Characters of a reason."""


@dataclass(frozen=True)
class Finding:
    """What one run, or none, has shown. status: as of table verdicts."""

    status: str
    reason: str | None


_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{4,16}")

PASSED = Finding("passed", None)
OTHER_ORDER = Finding("failed", "passes the tests in no other order")
AGAIN = Finding("failed", "a test that passed fails when run again")
NOT_REACHED = "a test was left out"

_SIDES = {
    "Eq": "expected {0}, got {1}",
    "NotEq": "expected another value than {0}, got {1}",
    "Is": "expected {0}, got {1}",
    "IsNot": "expected another object than {0}, got {1}",
}


def of_run(outcome: Outcome, tests: Suite, absent: Collection[str]) -> Finding:
    """What a run of tests has shown: of `inside`, or of `tester` where it reported.

    absent: packages that code or tests import and that are not here.
    """
    if outcome.status != "done":
        return of_end(outcome)
    report = outcome.report if isinstance(outcome.report, dict) else {}
    if report.get("passed") is True:
        return PASSED
    error = _text(report.get("error")) or "a report without a reason"
    if (package := _missing_package(error, absent)) is not None:
        return Finding("error", f"needs the package {package}, which is not here")
    if report.get("stage") == "answer":
        return Finding("failed", f"before the tests: {error}"[:MAX_REASON])
    label = tests.label(_place(report.get("place")))
    return Finding("failed", f"{label}: {_said(report, error)}"[:MAX_REASON])


def of_end(outcome: Outcome, answered: bool = True) -> Finding:
    """What it means that a process ended without a report of its driver.

    answered: an answer ran in it. Then an error of the driver's is the answer's doing:
    it has patched what the driver uses, or reported an error in its name.
    """
    reason = _text(outcome.reason) or outcome.status
    if outcome.attempts:
        tried = ", ".join(outcome.attempts[:5])
        if tried not in reason:
            reason = f"{reason}; tried {tried}"
    if outcome.status == "forbidden" and (
        "clone (thread)" in outcome.attempts or "can't start new thread" in reason
    ):
        reason = f"{reason}; threads are denied by design, see docs/security.md"
    reason = reason[:MAX_REASON]
    if outcome.status == "exited":
        return Finding("failed", f"left before the tests had ended: {reason}")
    if outcome.status == "killed":
        return Finding("failed", reason)
    if outcome.status == "error" and outcome.exit_code is not None and answered:
        said = f"broke the process that runs it: {reason}"
        return Finding("failed", said[:MAX_REASON])
    if outcome.status == "done":  # its report does not matter here
        return Finding("failed", "the answer's process ended first")
    return Finding(outcome.status, reason)


def of_two(
    tester: Outcome, answer: Outcome, tests: Suite, absent: Collection[str]
) -> Finding:
    """What a run in two processes has shown."""
    report = tester.report if isinstance(tester.report, dict) else {}
    if tester.status == "done" and not report.get("gone"):
        found = of_run(tester, tests, absent)
        if found.status == "passed":
            if answer.status != "done":
                return of_end(answer)
            if not report.get("n_calls"):
                return Finding("error", "the tests call nothing of the answer")
        return found
    if answer.status != "done":
        return of_end(answer)
    if tester.status == "exited":
        return Finding("error", f"the tests leave early: {_text(tester.reason)}")
    return of_end(tester, answered=False)


def of_changed(outcome: Outcome, marks: Mapping[str, Mark], alone: bool) -> Finding:
    """What the second run has shown: changed assertions must fall, others hold.

    Certain ones must have been reached. OTHER_ORDER: unchanged ones fell, or changed
    ones held, and only in the half in which tests change places; not where it ran
    `alone`, unchanged. (What one call must not give, another may.)
    """
    if outcome.status != "done":
        found = of_end(outcome)
        return Finding(found.status, f"in the second run: {found.reason}"[:MAX_REASON])
    report = outcome.report if isinstance(outcome.report, dict) else {}
    counts = {name: _counts(report, name) for name in marks}
    firm = {n: c for n, c in counts.items() if alone or n.startswith("a")}
    for name, mark in marks.items():
        said = _against(mark, *counts[name], name in firm)
        if said == NOT_REACHED:
            said = f"in the second run: {_text(report.get('error')) or said}"
        if said:
            return Finding("failed", said[:MAX_REASON])
    # Of a changed one, that it held; of the others, that they fell.
    lost = {n for n, m in marks.items() if not m.ours and counts[n][not m.changed]}
    if lost:
        return OTHER_ORDER if lost.isdisjoint(firm) else AGAIN
    own = [name for name, mark in marks.items() if mark.changed and not mark.ours]
    fell = any(counts[name][1] for name in own)
    return PASSED if fell else Finding("failed", "no changed test was reached")


def _against(mark: Mark, n_held: int, n_fell: int, is_firm: bool) -> str | None:
    """What one assertion says against the answer, whatever the others do.

    is_firm: it was tried in the order in which the tests stand.
    """
    if mark.changed and n_held and is_firm and not mark.ours:
        return "it also passes tests that expect something else"
    if mark.certain and not n_held + n_fell:
        return NOT_REACHED
    if mark.ours and bool(n_fell) != mark.changed:
        return "a report that was made up"
    return None


def _counts(report: Mapping[str, Any], name: str) -> tuple[int, int]:
    counts = report.get("counts")
    found = counts.get(name) if isinstance(counts, dict) else None
    if isinstance(found, list) and len(found) == 2:
        held, fell = found
        if type(held) is int and type(fell) is int and held >= 0 and fell >= 0:
            return held, fell
    return 0, 0


def of_program(
    outcome: Outcome, pair: Pair, number: int, n_pairs: int, absent: Collection[str]
) -> Finding:
    """What a program printed, compared with what it must print."""
    label = f"test {number} of {n_pairs}"
    if outcome.status != "done":
        found = of_end(outcome)
        return Finding(found.status, f"{label}: {found.reason}"[:MAX_REASON])
    report = outcome.report if isinstance(outcome.report, dict) else {}
    if report.get("passed") is not True:
        error = _text(report.get("error"))
        if (package := _missing_package(error, absent)) is not None:
            return Finding("error", f"needs the package {package}, which is not here")
        return Finding("failed", f"{label}: {error}"[:MAX_REASON])
    got = outcome.stdout.decode("utf-8", "replace")
    expected_lines, got_lines = printed(pair.stdout), printed(got)
    if expected_lines == got_lines:
        return PASSED
    for line in range(max(len(expected_lines), len(got_lines))):
        expected = _line(expected_lines, line)
        found_line = _line(got_lines, line)
        if expected != found_line:
            said = f"line {line + 1}: expected {expected}, got {found_line}"
            return Finding("failed", f"{label}, {said}"[:MAX_REASON])
    return Finding("failed", label)


def printed(text: str) -> list[str]:
    """The lines of an output, without white space at their ends or empty last lines.

    >>> printed("1 2 \\n3\\n\\n") == printed("1 2\\r\\n3")
    True
    """
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _line(lines: list[str], number: int) -> str:
    return repr(lines[number])[:120] if number < len(lines) else "no such line"


def _said(report: dict[str, Any], error: str) -> str:
    seen = report.get("seen")
    if not (isinstance(seen, list) and len(seen) == 3):
        return error
    name, expected, got = map(_text, seen)
    pattern = _SIDES.get(name, "got {1} beside {0}")
    said = pattern.format(expected, got)
    message = error.removeprefix("AssertionError").lstrip(": ")
    return f"{said} ({message})" if message else said


def _place(place: object) -> tuple[int, int]:
    if isinstance(place, list) and len(place) == 2:
        text, line = place
        if isinstance(text, int) and isinstance(line, int):
            return text, line
    return -1, -1


def storable(text: str) -> str:
    """The text as a reason: one line, not too long, no lone surrogates, and no address
    in memory, which would differ from run to run."""
    clean = text[: 2 * MAX_REASON].encode("utf-8", "backslashreplace").decode()
    clean = _ADDRESS.sub("", clean)
    return " ".join(clean.split())[:MAX_REASON]


def _text(value: object) -> str:
    return storable(value) if isinstance(value, str) else ""


def _missing_package(error: str, absent: Collection[str]) -> str | None:
    """The absent package that an import did not find, else None.

    Any code can raise such an error; that a package is not here is known without it.
    """
    head = "ModuleNotFoundError: No module named '"
    name = error.removeprefix(head).partition("'")[0]
    return name if error.startswith(head) and name in absent else None

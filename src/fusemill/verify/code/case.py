"""One answer's code with one check, on its way through its runs.

The runs of each form: a program runs once for each pair of input and output, until one
is wrong. Assertions run across a channel; where it can't carry them, as the others. A
pass there is confirmed too where more than values crossed: operators of the answer's
own decided, or it defines names that the tests use beside what they test.
The others run in one process; a pass there is confirmed by changed tests that must
fail (where the order of tests matters, once more without changing it), or, where
nothing can be changed, across the channel.
"""

import sys
from collections.abc import Hashable
from dataclasses import dataclass, field, replace

from fusemill.sandbox.jobs import Limits, Outcome, Role
from fusemill.verify.code import verdict
from fusemill.verify.code.forms import Pair
from fusemill.verify.code.plan import Plan
from fusemill.verify.code.program import Program
from fusemill.verify.code.verdict import PASSED, Finding
from fusemill.verify.verdict import Verdict


@dataclass(eq=False)
class Case:
    """One program with one check, on its way through its runs."""

    rule: str
    program: Program
    plan: Plan
    second_runs: bool
    packages: frozenset[str]  # that the sandbox has
    stage: str = ""
    pair: int = 0
    passed_inside: bool = False
    cpu_s: float = 0.0
    finding: Finding | None = None
    keys: list[tuple[Hashable, str]] = field(default_factory=list)  # with each's `how`

    def __post_init__(self) -> None:
        form = self.plan.tests.form
        if form == "stdio":
            self.stage = "script"
        elif form == "assertions" and not self.plan.needs_one_process(self.program):
            self.stage = "across"
        else:
            self.stage = "inside"

    @property
    def digest(self) -> bytes:
        """The same for the same program with the same check."""
        return self.program.digest + self.plan.digest

    @property
    def how(self) -> str:
        """What decides: the extraction rule and the form of the tests."""
        return f"{self.rule}/{self.plan.tests.form}"

    def roles(self) -> tuple[Role, ...]:
        """The roles of the next run."""
        if self.stage == "script":
            return self.plan.script(self.program, self._pair().stdin)
        if self.stage == "across":
            return self.plan.across(self.program)
        if self.stage in ("changed", "alone"):
            return self.plan.changed(self.program, self.stage == "alone")
        return self.plan.inside(self.program)

    def limits(self, usual: Limits) -> Limits | None:
        """More output where more is expected, more time where all tests run twice."""
        if self.stage == "changed":
            return replace(usual, cpu_s=2 * usual.cpu_s)
        if self.stage != "script":
            return None
        n_kb = len(self._pair().stdout.encode("utf-8", "replace")) // 1024 + 2
        return replace(usual, output_kb=n_kb) if n_kb > usual.output_kb else None

    def take(self, outcomes: tuple[Outcome, ...]) -> None:
        """Note what a run has shown: `finding` is set, or the next stage."""
        self.cpu_s += sum(outcome.cpu_s for outcome in outcomes)
        tests = self.plan.tests
        if self.stage == "script":
            n_pairs = len(tests.pairs)
            found = verdict.of_program(
                outcomes[0], self._pair(), self.pair + 1, n_pairs, self._absent
            )
            self.pair += 1
            if found != PASSED or self.pair == n_pairs:
                self.finding = found
        elif self.stage == "across":
            self._take_two(*outcomes)
        elif self.stage in ("changed", "alone"):
            alone = self.stage == "alone"
            marks = self.plan.marks(alone)
            self.finding = verdict.of_changed(outcomes[0], marks, alone)
            if self.finding == verdict.OTHER_ORDER:
                self.stage, self.finding = "alone", None
        else:
            found = verdict.of_run(outcomes[0], tests, self._absent)
            self.passed_inside = found == PASSED
            if not self.passed_inside or not self.second_runs:
                self.finding = found
            elif self.plan.marks():
                self.stage = "changed"
            else:
                self.stage = "across"

    def verdict(self) -> Verdict:
        """The verdict when `finding` is set."""
        assert self.finding is not None
        status, reason = self.finding.status, self.finding.reason
        cpu_s = round(self.cpu_s, 3)
        return Verdict(status, reason, self.program.source, self.how, cpu_s)

    def _take_two(self, tester: Outcome, answer: Outcome) -> None:
        report = tester.report if tester.status == "done" else None
        if isinstance(report, dict) and report.get("unsupported"):
            self._fall_back(str(report["unsupported"]))
            return
        found = verdict.of_two(tester, answer, self.plan.tests, self._absent)
        if found == PASSED and self._is_doubtful(report):
            self.stage = "changed"
        else:
            self.finding = found

    def _fall_back(self, why: str) -> None:
        if not self.passed_inside:
            self.stage = "inside"
        else:  # it came from there: nothing could be changed, and no channel carries it
            said = f"a pass that nothing can confirm: {why}"
            self.finding = Finding("error", said)

    def _is_doubtful(self, report: object) -> bool:
        """Whether a pass across must be confirmed, and can be."""
        decided = isinstance(report, dict) and report.get("n_decided")
        doubtful = decided or self.plan.has_other_names(self.program)
        return bool(doubtful and self.second_runs and self.plan.marks())

    @property
    def modules(self) -> frozenset[str]:
        """First parts of all that answer, tests and prompt import."""
        return self.program.modules | self.plan.modules | self.plan.stub.modules

    @property
    def _absent(self) -> frozenset[str]:
        return self.modules - self.packages - sys.stdlib_module_names

    def _pair(self) -> Pair:
        return self.plan.tests.pairs[self.pair]

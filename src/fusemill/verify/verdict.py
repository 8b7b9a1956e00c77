"""What a check finds: one row of table verdicts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """One row of table verdicts (docs/contract.md, statuses).

    status: ``passed``; ``failed`` (another answer, or code that fails a test);
    ``unparsed`` (no answer in the text, or one of which nobody can tell); ``timeout``
    and ``memory`` (the check was stopped); ``forbidden`` (code that tried what the
    sandbox denies); ``error`` (a gold answer or tests that nobody can check with, or a
    package that is not here). A builder's `rejected_statuses` says which are wrong.
    reason: None when passed. extracted: the answer or the code that ran, as written;
    None if none was found.
    decided_by: for mathematics ``extraction rule/comparison rule``, with
    ``/math_verify`` where that rule asked it about a part, None unless passed or
    failed; for code ``extraction rule/form of the tests``, None where nothing ran.
    cpu_s: CPU seconds of all runs of code together; None where none was measured.
    """

    status: str
    reason: str | None
    extracted: str | None
    decided_by: str | None
    cpu_s: float | None = None

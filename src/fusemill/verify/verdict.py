"""What a check finds: one row of table verdicts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """One row of table verdicts (docs/contract.md, statuses).

    status: ``passed``, ``failed`` (another answer), ``unparsed`` (no final answer in
    the text, or one of which nobody can tell), ``timeout`` and ``memory`` (the check
    was stopped) or ``error`` (ours: a gold answer that cannot be compared with). Only
    ``failed`` is a negative.
    reason: None when passed. extracted: the answer as written, None if none was found.
    decided_by: ``extraction rule/comparison rule``, with ``/math_verify`` where that
    rule asked it about a part; None unless passed or failed.
    cpu_s: CPU seconds of a run, None where none was measured.
    """

    status: str
    reason: str | None
    extracted: str | None
    decided_by: str | None
    cpu_s: float | None = None

"""Code answers: find the code, run it against its tests, say what came of it."""

from fusemill.verify.code.check import (
    CHECKER,
    CHECKER_VERSION,
    CodeRow,
    Verdict,
    check_many,
)

__all__ = ["CHECKER", "CHECKER_VERSION", "CodeRow", "Verdict", "check_many"]

r"""Mathematics answers: find the final answer, compare it with the gold one.

Example row: ``check('… so 9 * 2 = 18.\n#### 18', '18')`` gives status ``passed``,
extracted ``18``, decided_by ``hash_marks/exact``.
"""

from fusemill.verify.mathematics.check import (
    CHECKER,
    CHECKER_VERSION,
    Verdict,
    check,
    gold_answer,
)
from fusemill.verify.mathematics.comparison import (
    COMPARISON_RULES,
    ComparisonRule,
    compare,
)
from fusemill.verify.mathematics.extraction import EXTRACTION_RULES, Rule, extract

__all__ = [
    "CHECKER",
    "CHECKER_VERSION",
    "COMPARISON_RULES",
    "EXTRACTION_RULES",
    "ComparisonRule",
    "Rule",
    "Verdict",
    "check",
    "compare",
    "extract",
    "gold_answer",
]

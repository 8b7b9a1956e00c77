r"""Mathematics answers: find the final answer, compare it with the gold one.

Example row: ``check('… so 9 * 2 = 18.\n#### 18', '18')`` gives status ``passed``,
extracted ``18``, decided_by ``hash_marks/exact``.

    check       the verdict on one text, or on many
    extraction  where a final answer stands: marked, fields, phrases, endings
    gold        the right answer
    comparison  when two answers are the same: single, several, words
    written     what was read of an answer: notation, numbers, units, numerals, lists
    values      formulas told apart by their values
    pool        processes (worker) that ask math-verify (symbolic)
"""

from fusemill.verify.mathematics.check import (
    CHECKER,
    CHECKER_VERSION,
    MathRow,
    check,
    check_many,
)
from fusemill.verify.mathematics.comparison import (
    COMPARISON_RULES,
    ComparisonRule,
    compare,
)
from fusemill.verify.mathematics.extraction import EXTRACTION_RULES, Rule, extract
from fusemill.verify.mathematics.gold import read_gold
from fusemill.verify.mathematics.judge import NeedsProof
from fusemill.verify.mathematics.pool import Pool
from fusemill.verify.verdict import Verdict

__all__ = [
    "CHECKER",
    "CHECKER_VERSION",
    "COMPARISON_RULES",
    "EXTRACTION_RULES",
    "ComparisonRule",
    "MathRow",
    "NeedsProof",
    "Pool",
    "Rule",
    "Verdict",
    "check",
    "check_many",
    "compare",
    "extract",
    "read_gold",
]

"""Numbers as other languages write them: ``0,5`` for 0.5, ``1.000.000`` for a million.

Only a gold answer tells that a comma is a decimal one: ``0,5`` may be two numbers.
"""

import re

from fusemill.verify.mathematics.judge import Judge
from fusemill.verify.mathematics.numbers import equal, quantity
from fusemill.verify.mathematics.written import Written

_GROUPED = re.compile(
    r"(-?[1-9][0-9]{0,2})([._])([0-9]{3}(?:\2[0-9]{3}){1,5})(?:,([0-9]{1,6}))?(?![0-9,._])"
)
_COMMA = re.compile(r"(-?[0-9]{1,9}),([0-9]{1,9})(?![0-9,._])")


def same_separated(answer: Written, gold: Written, _: Judge) -> bool | None:
    """The answer read with the other separators, where that is the gold number.

    A comma counts as decimal beside a gold answer with a fraction only; ``1,234`` is no
    1.234, since a comma before three digits separates thousands (not in ``0,125``).
    """
    right, plain = gold.quantity, answer.plain
    if right is None or answer.quantity is not None:
        return None
    if grouped := _GROUPED.match(plain):
        digits = grouped[1] + re.sub("[._]", "", grouped[3])
        point = "." + grouped[4] if grouped[4] else ""
        read = quantity(digits + point + plain[grouped.end() :])
    elif (comma := _COMMA.match(plain)) and right.number.denominator > 1:
        read = quantity(f"{comma[1]}.{comma[2]}{plain[comma.end() :]}")
    else:
        return None
    return True if read is not None and equal(read, right) else None

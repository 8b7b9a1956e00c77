r"""Algebra: whether math-verify finds two formulas equal.

Example row: ``prove('\\sqrt{12}', '2\\sqrt{3}')`` is True. This runs math-verify in the
process that calls it, where it may compute for hours or take all memory, its own limits
notwithstanding: only `worker` calls it, and tests.

Only its LaTeX reader is used. The other one evaluates text as Python expressions.
"""

import re
from functools import lru_cache
from typing import Any


class NoFormula(Exception):
    """math-verify reads no formula in the gold answer."""


def prove(answer: str, gold: str) -> bool:
    """Whether two cleaned formulas are equal; raises NoFormula.

    An answer that cannot be read is another one. Its own time limits are off: they
    measure the time of day, and verdicts must not depend on how busy a machine is.
    """
    from math_verify import verify

    right, given = _read(gold), _read(answer)
    if not right:
        raise NoFormula
    if not given:
        return False
    try:
        return bool(
            verify(
                [*right],
                [*given],
                allow_set_relation_comp=True,
                timeout_seconds=None,
                raise_on_error=True,
            )
        )
    except MemoryError:
        raise
    except Exception:
        # sympy raises all kinds of errors on formulas that it cannot compare
        return False


@lru_cache(maxsize=256)
def _read(plain: str) -> tuple[Any, ...]:
    """What math-verify reads, empty if nothing."""
    from math_verify.parser import LatexExtractionConfig, NormalizationConfig, parse

    # not its removal of units: it takes `ab` off `2ab`; those in words are gone by now
    usual = NormalizationConfig(malformed_operators=True, nits=True)
    read = parse(
        f"${latex(plain)}$",
        [LatexExtractionConfig(boxed_match_priority=0, normalization_config=usual)],
        fallback_mode="no_fallback",
        parsing_timeout=None,
    )
    return tuple(map(_complex, read))


def _complex(formula: Any) -> Any:
    """The formula with `i` as the imaginary unit, which math-verify takes for a name.

    >>> from sympy import Symbol
    >>> _complex(Symbol("i") ** 2), _complex("i")
    (-1, 'i')
    """
    from sympy import Expr, I

    if not isinstance(formula, Expr):
        return formula
    return formula.subs({name: I for name in formula.free_symbols if name.name == "i"})


_NAMES = re.compile(
    r"(?<![\\a-zA-Z])(sqrt|pi|sin|cos|tan|log|ln|infty|alpha|beta|theta)(?![a-zA-Z])"
)
_ROOT = re.compile(r"\\sqrt ?(?:([0-9]+|[a-zA-Z])|\(([^()]*)\))")
_DEGREES = re.compile(r"([0-9.]+) degrees\b")
_EXPONENT = re.compile(r"\^ ?(-?[0-9]{2,}|\(([^()]*)\))")


_MIXED = re.compile(r"([0-9]+) ?(\\frac ?\{([0-9]+)\} ?\{([0-9]+)\})")


def _sum(found: re.Match[str]) -> str:
    """A mixed number as a sum: math-verify multiplies where more follows."""
    proper = int(found[3][:20]) < int(found[4][:20])
    return f"({found[1]}+{found[2]})" if proper else found[0]


def latex(plain: str) -> str:
    r"""Plain text as LaTeX.

    >>> latex("sqrt(3)/2 + x^10"), latex("2 sqrt 5"), latex("3\\frac{1}{4}\\pi")
    ('\\sqrt{3}/2 + x^{10}', '2 \\sqrt{5}', '(3+\\frac{1}{4})\\pi')
    """
    text = _MIXED.sub(_sum, plain)
    text = _DEGREES.sub(r"(\1\\pi/180)", _NAMES.sub(r"\\\1", text))
    text = _ROOT.sub(lambda found: f"\\sqrt{{{found[1] or found[2]}}}", text)
    return _EXPONENT.sub(lambda found: f"^{{{found[2] or found[1]}}}", text)

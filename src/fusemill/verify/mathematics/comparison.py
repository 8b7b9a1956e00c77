r"""Whether two final answers are the same: an ordered table of rules.

Example row: ``compare('\\frac{1}{2}', '0.5')`` gives ``(True, 'number')``. A rule
answers True or False, or None when it cannot tell; the first that can decides. The last
one asks algebra (math-verify, in `symbolic`); without it NeedsProof is raised, and the
caller knows that no exact rule can tell.

The exact rules round nothing but decimals of six places or more.
"""

from dataclasses import dataclass

from fusemill.verify.mathematics.choices import same_choice
from fusemill.verify.mathematics.judge import Compare, NeedsProof, Prove
from fusemill.verify.mathematics.separators import same_separated
from fusemill.verify.mathematics.several import (
    same_list,
    same_matrix,
    same_range,
    same_shape,
    same_union,
)
from fusemill.verify.mathematics.single import (
    proven,
    same_equation,
    same_equations,
    same_measure,
    same_number,
    same_predicate,
    same_ratio,
    same_sentence,
    same_text,
    same_value,
    same_words,
)
from fusemill.verify.mathematics.written import Written, written


@dataclass(frozen=True)
class ComparisonRule:
    """One way of being equal, with (answer, gold, equal) examples it decides."""

    name: str
    compare: Compare
    examples: tuple[tuple[str, str, bool], ...]


class _Judge:
    """The whole table, for the rules that take answers apart."""

    def __init__(self, prove: Prove | None) -> None:
        self.prove = prove

    def same(self, answer: str, gold: str) -> bool:
        return compare(answer, gold, self.prove)[0]

    def surely(self, answer: str, gold: str) -> bool:
        try:
            return compare(answer, gold)[0]
        except NeedsProof:
            return False

    def proven(self, answer: Written, gold: Written) -> bool:
        if self.prove is None:
            raise NeedsProof
        return self.prove(answer.plain, gold.plain)


def compare(answer: str, gold: str, prove: Prove | None = None) -> tuple[bool, str]:
    """(whether they are the same answer, name of the rule that decided).

    Raises NeedsProof where only algebra can tell and there is no `prove`.

    >>> compare("5, 6", "56"), compare("1,000", "1000")
    ((False, 'list'), (True, 'number'))
    """
    one, other, judge = written(answer), written(gold), _Judge(prove)
    for rule in COMPARISON_RULES:
        if (same := rule.compare(one, other, judge)) is not None:
            return same, rule.name
    raise AssertionError("the last rule decides")


COMPARISON_RULES: tuple[ComparisonRule, ...] = (
    ComparisonRule("exact", same_text, (("\\frac{1}{2}", " \\frac{1}{2}", True),)),
    ComparisonRule(
        "number",
        same_number,
        (
            ("18.00", "18", True),
            ("118", "18", False),
            ("-5", "5", False),
            ("1.5", "15", False),
            ("1,250", "1250", True),
            ("$18", "18", True),
            ("\\$18.50 per day", "18.5", True),
            ("18 duck eggs", "18 eggs", True),
            ("5 hours", "5 minutes", False),
            ("5 p.m.", "5 a.m.", False),
            ("100\\text{ square units}", "100", True),
            ("12 cm^2", "12 square centimeters", True),
            ("48^\\circ", "48", True),
            ("\\frac{1}{2}", "0.5", True),
            ("\\dfrac12", "1/2", True),
            ("1/2", "12", False),
            ("1/3", "0.333", False),
            ("1 1/2", "1.5", True),
            ("2\\frac{1}{4}", "9/4", True),
            ("50%", "50", True),
            ("50%", "0.5", True),
            ("50", "0.5", False),
            ("2.5 million", "2,500,000", True),
            ("3 \\times 10^{4}", "30000", True),
            ("2^{10}", "1024", True),
            ("18元", "18", True),
            ("2 hours", "120 minutes", True),
            ("7 dozen", "7", True),
            ("twenty-one", "21", True),
            ("三分之一", "1/3", True),
            ("0.333333", "1/3", True),
        ),
    ),
    ComparisonRule(
        "separators",
        same_separated,
        (
            ("0,5", "0.5", True),
            ("0,125 km", "\\frac{1}{8}", True),
            ("1.000.000", "1000000", True),
            ("1.234.567,5", "1234567.5", True),
        ),
    ),
    ComparisonRule(
        "ratio",
        same_ratio,
        (
            ("4:6", "2:3", True),
            ("2:3", "\\frac{2}{3}", True),
            ("3:2", "2:3", False),
            ("13 out of 20", "0.65", True),
            ("1:2:3", "1:2", False),
        ),
    ),
    ComparisonRule(
        "choice",
        same_choice,
        (
            ("(B) 12", "B", True),
            ("C. 12", "B", False),
            ("B, C", "B", False),
            ("(B) 12", "12", True),
            ("(B)", "(B) 12", True),
            ("A and C", "AC", True),
        ),
    ),
    ComparisonRule(
        "matrix",
        same_matrix,
        (
            (
                "\\begin{bmatrix} 1 & 0.5 \\\\ 0 & 2 \\end{bmatrix}",
                "\\begin{pmatrix}1&\\frac12\\\\0&2\\end{pmatrix}",
                True,
            ),
            ("[[1, 2], [3, 4]]", "\\begin{pmatrix}1&2\\\\3&5\\end{pmatrix}", False),
            ("(1, 2)", "\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", True),
        ),
    ),
    ComparisonRule(
        "union",
        same_union,
        (
            ("(3, \\infty) \\cup (-\\infty, 2)", "(-\\infty,2)\\cup(3,\\infty)", True),
            ("(3,4) \\cup (5,6)", "(3,4) \\cup [5,6]", False),
        ),
    ),
    ComparisonRule(
        "range",
        same_range,
        (
            ("x > 5", "(5, \\infty)", True),
            ("x < 1 \\text{ or } x > 2", "(-\\infty,1)\\cup(2,\\infty)", True),
            ("\\{x \\mid 2 \\le x < 3\\}", "3 > x \\ge 2", True),
            ("x > 5", "[5, \\infty)", False),
            ("x > 5", "5", False),
        ),
    ),
    ComparisonRule(
        "list",
        same_list,
        (
            ("(1, 0.5)", "(1,\\frac{1}{2})", True),
            ("(2,1)", "(1,2)", False),
            ("[1,2)", "[1,2]", False),
            ("2 and 1", "1, 2", True),
            ("\\{1,2,3\\}", "3,2,1", True),
            ("x = 1 or x = 2", "1,2", True),
            ("1 \\pm \\sqrt{2}", "1-\\sqrt{2}, 1+\\sqrt{2}", True),
            ("Ann, Bob", "Bob, Ann", False),
            ("1,000, 2,000", "1000, 2000", True),
            ("1, 2", "(1,2)", True),
            ("\\frac12 or 0.5", "0.5", True),
            ("0.5 (or 1/2)", "1/2", True),
            ("thirteen (13)", "13", True),
            ("3,4", "34", False),
        ),
    ),
    ComparisonRule(
        "equation",
        same_equation,
        (
            ("x = 5", "5", True),
            ("5 * $14.00 = $70.00", "70", True),
            ("y = 2x + 3", "2x+3", True),
            ("x \\in [1,2]", "[1,2]", True),
            ("x = 6", "x = 5", False),
            ("x^2 + y^2 = 1", "1", False),
        ),
    ),
    ComparisonRule(
        "sentence",
        same_sentence,
        (
            ("He has 18 eggs and cookies", "18", True),
            ("It costs $12.00 for 5 apples if 3 are red", "12", True),
            ("There are 19 and no more", "18", False),
        ),
    ),
    ComparisonRule(
        "predicate",
        same_predicate,
        (("the largest $n$ is 34", "34", True), ("It is Friday", "Friday", True)),
    ),
    ComparisonRule(
        "measure",
        same_measure,
        (
            ("4:30 \\text{ p.m.}", "4:30 p.m.", True),
            ("2\\sqrt{3}\\text{ cm}", "2\\sqrt{3}", True),
            ("2\\sqrt{3}\\text{ cm}", "2\\sqrt{3}\\text{ inches}", False),
        ),
    ),
    ComparisonRule(
        "text",
        same_words,
        (
            ("EVELYN", "\\text{Evelyn}", True),
            ("2*sqrt(3)", "2\\sqrt{3}", True),
            ("√3/2", "\\frac{\\sqrt{3}}{2}", True),
            ("2π", "2\\pi", True),
            ("1010_2", "1010_{2}", True),
            ("On a Friday.", "\\text{Friday}", True),
            ("not Friday", "Friday", False),
            ("1112_3", "1112_{3}", True),
            ("1112", "1112_3", True),
            ("1112_4", "1112_3", False),
        ),
    ),
    ComparisonRule(
        "value",
        same_value,
        (
            ("7 * 7 * 7 * 7 * 4", "9604", True),
            ("2 \\cdot 3! \\cdot 4!", "288", True),
            ("5x", "5", False),
            ("5!", "5", False),
            ("3\\sqrt{2}", "2\\sqrt{3}", False),
            ("10^{999999999}", "10^{999999998}", False),
            ("x^{12}", "2x^{10}", False),
        ),
    ),
    ComparisonRule(
        "shape",
        same_shape,
        (
            ("[1, 2]", "\\sqrt{3}", False),
            ("12 - 4\\sqrt{2}", "(1, \\sqrt{2})", False),
        ),
    ),
    ComparisonRule(
        "equations",
        same_equations,
        (
            ("2x - y + 3 = 0", "y = 2x + 3", True),
            ("x^2 + 2y^2 = 4", "\\frac{x^2}{4} + \\frac{y^2}{2} = 1", True),
            ("x = 2", "y = 2", False),
            ("\\log_6(216) = 3", "\\log_2(8) = 3", False),
        ),
    ),
    ComparisonRule(
        "math_verify",
        proven,
        (
            ("2\\sqrt{3}", "\\sqrt{12}", True),
            ("(x+1)^2", "x^2+2x+1", True),
            ("\\sin(x)^2", "1 - \\cos(x)^2", True),
        ),
    ),
)
"""In order; the first that can tell decides. The examples are the tests' too."""

"""When two answers are the same: the rules' own examples and hand-written cases."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusemill.verify.mathematics import COMPARISON_RULES, NeedsProof, check, compare
from fusemill.verify.mathematics.symbolic import NoFormula, prove

# (answer, gold)
RIGHT = [
    ("18.0", "18"),
    ("5.", "5"),
    (".5", "0.5"),
    ("-0", "0"),
    ("−5", "-5"),
    ("２５", "25"),
    ("$1,250.50", "1250.5"),
    ("350$", "350"),
    ("\\$32,\\!348", "32348"),
    ("10{,}000", "10,000"),
    ("1 000 000", "1000000"),
    ("11,\\! 111,\\! 100", "11111100"),
    ("1e3", "1000"),
    ("10\\%", "10"),
    ("60%", "3/5"),
    ("75 cents", "75"),
    ("156kgs", "156"),
    ("12\\,\\text{cm}^2", "12"),
    ("10 meters per second", "10 m/s"),
    ("2:00 pm", "2"),
    ("6th", "6"),
    ("5个", "5"),
    ("5万", "50000"),
    ("18^{\\circ}", "18°"),
    ("-\\frac{1}{2}", "\\frac{-1}{2}"),
    ("$\\tfrac{3}{4}$", "0.75"),
    ("3½", "3.5"),
    ("x=\\frac{1}{2}", "0.5"),
    ("f(x) = 2x", "2x"),
    ("\\left( 1, 2 \\right)", "(1,2)"),
    ("[-2,7]", "x \\in [-2,7]"),
    ("(-∞, 2) ∪ (3, ∞)", "(-\\infty,2)\\cup(3,\\infty)"),
    ("8 \\text{ and } 9", "9, 8"),
    ("\\{0, 1\\}", "1,0"),
    ("(C)", "\\text{C}"),
    ("(A) 12", "A"),
    ("no solution.", "No solution"),
    ("**Paris**", "paris"),
    ("x²+1", "x^{2} + 1"),
    ("(x+2)/7", "\\frac{x+2}{7}"),
    ("π/6", "\\frac{\\pi}{6}"),
    ("3 * sqrt(13)", "3\\sqrt{13}"),
    (
        "\\begin{pmatrix}1\\\\2\\end{pmatrix}",
        "\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}",
    ),
    ("The house cost $90,000.", "90000"),
    # money, percent, units, measures
    ("US$18", "18"),
    ("USD 18", "18 dollars"),
    ("￥18", "18元"),
    ("18美元", "$18"),
    ("$1.50", "150 cents"),
    ("2 hours", "120 minutes"),
    ("1.5 km", "1500 m"),
    ("5厘米", "50毫米"),
    ("12平方厘米", "12\\text{ cm}^2"),
    ("3 dozen", "36"),
    ("28 percentage points", "28\\%"),
    ("2\\sqrt{3}\\text{ cm}", "2\\sqrt{3}"),
    ("12\\pi \\text{ square units}", "12\\pi"),
    # words
    ("twenty-one", "21"),
    ("three hundred and five", "305"),
    ("two and a half", "2.5"),
    ("3 and 1/2", "3.5"),
    ("three quarters", "0.75"),
    ("minus seven", "-7"),
    ("十八", "18"),
    ("两千零五个", "2005"),
    ("三分之二", "\\frac{2}{3}"),
    ("百分之五十", "50%"),
    ("三点五", "3.5"),
    ("It will be Friday.", "Friday"),
    ("the empty set", "\\emptyset"),
    ("all real numbers", "\\mathbb{R}"),
    ("7 (seven)", "7"),
    ("the largest n is 34", "34"),
    # rounding, no further than six places
    ("0.333333", "1/3"),
    ("17.999999999999996", "18"),
    ("0.30000000000000004", "0.3"),
    # lists, sets, points, intervals, unions, matrices
    ("\\{3, 1, 3\\}", "\\{1,3\\}"),
    ("\\{5\\}", "5"),
    ("{1,3}", "(1,3)"),
    ("y = 2, x = 1", "x=1, y=2"),
    ("\\pm 3", "3, -3"),
    ("(1, 2), (3, 4)", "(3,4), (1,2)"),
    ("\\sqrt{12}, 1", "1, 2\\sqrt{3}"),
    ("(3,\\infty) \\cup (-\\infty,2]", "(-\\infty, 2] \\cup (3, \\infty)"),
    ("[[1,2],[3,4]]", "\\begin{bmatrix}1&2\\\\3&4\\end{bmatrix}"),
    (
        "\\begin{pmatrix} \\sqrt{12} \\\\ 0 \\end{pmatrix}",
        "\\begin{pmatrix} 2\\sqrt{3} \\\\ 0 \\end{pmatrix}",
    ),
    # what only algebra can tell
    ("\\frac{\\sqrt{3}}{3}", "\\frac{1}{\\sqrt{3}}"),
    ("x^2 + 2x + 1", "(x+1)^2"),
    ("2x - y + 3 = 0", "y = 2x + 3"),
    ("x > 5", "(5, \\infty)"),
    ("\\frac{-3 - \\sqrt{5}}{2}", "-\\frac{3+\\sqrt{5}}{2}"),
]
WRONG = [
    ("18", "118"),
    ("118", "18"),
    ("1/2", "12"),
    ("-5", "5"),
    ("3,4", "34"),
    ("1.5", "15"),
    ("0.5", "50"),
    ("5%", "5 dollars"),
    ("0.33", "1/3"),
    ("1,00", "100"),
    ("1,2345", "12345"),
    ("1 2", "12"),
    ("2*3", "23"),
    ("1\\frac{1}{2}", "11/2"),
    ("\\frac{12}{3}", "\\frac{1}{23}"),
    ("1/0", "0"),
    ("nan", "0"),
    ("5x", "5"),
    ("5 x", "5"),
    ("5ab", "5"),
    ("5!", "5"),
    ("5i", "5"),
    ("5^2", "5"),
    ("x_5", "5"),
    ("2\\pi", "2"),
    ("2 pi", "2"),
    ("5\\sqrt{2}", "5"),
    ("5√2", "5"),
    ("5-3", "5"),
    ("5--", "5"),
    ("5 or 6", "5"),
    ("5 times n", "5"),
    ("5 and a half", "5"),
    ("5 million", "5"),
    ("5个半", "5"),
    ("3分之1", "3"),
    ("negative 5", "5"),
    ("more than 5", "5"),
    ("not 5", "5"),
    ("5:30", "5"),
    ("5 feet 6 inches", "5"),
    ("5 am", "5 pm"),
    ("$5", "€5"),
    ("x>5", "5"),
    ("x=5", "y=5"),
    ("(2,1)", "(1,2)"),
    ("[1,2]", "(1,2)"),
    ("1,2", "1,2,3"),
    ("1,1,2", "1,2,2"),
    ("B", "A"),
    ("AB", "A"),
    ("y=2x+3", "y=2x-3"),
    ("x^{12}", "x^{1}2"),
    ("1010_2", "1010"),
    ("Cannot be determined", "5"),
    ("", "5"),
    ("3 dozen", "30"),
    ("2 hours", "2 minutes"),
    ("5厘米", "5米"),
    ("5 eggs", "5 apples"),
    ("¥5", "$5"),
    ("twenty-two", "21"),
    ("三分之二", "3/2"),
    ("not Friday", "Friday"),
    ("cat", "act"),
    ("0.33333", "1/3"),
    ("0.0000001", "0.0000002"),
    ("1.2e-19", "1.3e-19"),
    ("\\{1,3\\}", "(1,3)"),
    ("(1,3)", "[1,3]"),
    ("x = 1, y = 2", "x = 2, y = 1"),
    ("1, 2", "3"),
    ("x = 2, y = 3", "3"),
    ("x^2 + y^2 = 1, e = 2", "2"),
    ("\\frac{x^2}{4} + y = 1", "1"),
    ("(1, 2)", "3"),
    ("x \\ge 3", "3"),
    ("(3,4) \\cup (5,6)", "(3,4) \\cup [5,6]"),
    (
        "\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}",
        "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}",
    ),
    ("[[1,2],[3,4]]", "\\begin{pmatrix}1&3\\\\2&4\\end{pmatrix}"),
    ("x + y = 5", "x - y = 5"),
    ("11a + c", "b = 11a + c + 1"),
    ("1112112_4", "1112112_3"),
    ("\\sqrt{2}\\sqrt{3}", "\\sqrt{5}"),
    ("3\\frac{1}{4}\\pi", "\\frac{3\\pi}{4}"),
    ("x < 5", "(5, \\infty)"),
    ("\\sqrt[3]{-8}", "2"),
]


@pytest.mark.parametrize(
    ("rule", "answer", "gold", "same"),
    [(rule.name, *example) for rule in COMPARISON_RULES for example in rule.examples],
)
def test_examples(rule: str, answer: str, gold: str, same: bool) -> None:
    if rule == "math_verify":
        with pytest.raises(NeedsProof):
            compare(answer, gold)
        assert check(f"\\boxed{{{answer}}}", gold).status in (
            {"passed"} if same else {"failed", "timeout"}
        )
    else:
        assert compare(answer, gold) == (same, rule)


def test_every_rule_has_a_name_of_its_own_and_an_example() -> None:
    assert len({rule.name for rule in COMPARISON_RULES}) == len(COMPARISON_RULES)
    assert all(rule.examples for rule in COMPARISON_RULES)


@pytest.mark.parametrize(("answer", "gold"), RIGHT)
def test_same_answer(answer: str, gold: str) -> None:
    assert compare(answer, gold, prove)[0]


@pytest.mark.parametrize(("answer", "gold"), WRONG)
def test_another_answer(answer: str, gold: str) -> None:
    assert not compare(answer, gold, prove)[0]


def test_a_gold_answer_that_algebra_cannot_read() -> None:
    with pytest.raises(NoFormula):
        compare("x + 1", "\\begin{cases} x+1 \\\\ x+2", prove)


@settings(max_examples=200, deadline=None)
@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
def test_integers_are_equal_only_to_themselves(one: int, other: int) -> None:
    for text in (f"#### {one:,}", f"\\boxed{{{one}}}", f"The answer is {one}.00 eggs."):
        assert check(text, str(one)).status == "passed"
        assert (check(text, str(other)).status == "passed") == (one == other)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40).filter(lambda text: text.strip(" #")))
def test_an_answer_is_the_same_as_itself(text: str) -> None:
    assert compare(text, text)[0]

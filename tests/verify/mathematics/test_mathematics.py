"""The rules' own examples and hand-written cases."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusemill.verify.mathematics import (
    COMPARISON_RULES,
    EXTRACTION_RULES,
    Verdict,
    check,
    compare,
    extract,
    gold_answer,
)

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
    ("5 dozen", "5"),
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
]
# (text, final answer and rule)
TEXTS = [
    ('{"answer": "\\text{no}"}', ("\\text{no}", "json")),
    ('{"answer": "90\\" seeds"}', ('90" seeds', "json")),
    ('{"answer": "\\u00bd"}', ("½", "json")),
    ('{"answer": "\\ud800 5"}', ("\\ud800 5", "json")),
    ("{'answer': '7'}", ("7", "json")),
    ('{"reasoning": "...",\n"answer": 18\n}\n```</s></s>', ("18", "json")),
    ('"The answer is: `"answer": "135"`",\n "answer": "135"', ("135", "json")),
    ('18 cycles. So 134.\nanswer": "134"\n}', ("134", "json")),
    ('{"answer": "9"}\n## Question: …\n{"answer": "___"}', ("9", "json")),
    ('{"answer": "answer": "23"}', ("23", "json")),
    ('{"answer": {"blue": 4}}', ('{"blue": 4}', "json")),
    ("\\boxed{\\{1, 2\\}}", ("\\{1, 2\\}", "boxed")),
    ("\\boxed{\\boxed{5}}", ("5", "boxed")),
    ("\\boxed{5} and \\boxed{}", ("5", "boxed")),
    ("#### 5\nso\n#### 1,000 \nbye", ("1,000", "hash_marks")),
    ("最终答案为：\n42。", ("42", "chinese_answer")),
    ("Answer: 5 of them, because 2 + 3", ("5 of them", "english_answer")),
    ('Answer: "28"\n```', ("28", "english_answer")),
    ("The correct answer should be 4:30 p.m. today", ("4:30 p.m", "english_answer")),
    ("So he has **5 apples** left.", ("5 apples", "bold")),
    ("The ratio is 3/4.", ("3/4", "trailing_number")),
    ("It costs 1,000\nin all.", ("1,000", "trailing_number")),
    ("We get 5 (five) eggs!\n\nI hope this helps", ("5", "trailing_number")),
    ("We take 2\\sqrt{3}", None),
    ("the price of each car is $25,00", None),
    ("3 + 4 =", None),
    ("and then, since the 3 cars of the first day and the others were not there", None),
    ('{"reasoning": "He has 12 and then 5', None),
    ('{"reasoning": "12", "answer": " "}', None),
    ("Now for the last step.\n**Step 3:**", None),
    ("", None),
]


@pytest.mark.parametrize(
    ("rule", "text", "answer"),
    [(rule.name, *example) for rule in EXTRACTION_RULES for example in rule.examples],
)
def test_extraction_examples(rule: str, text: str, answer: str) -> None:
    assert extract(text) == (answer, rule)


@pytest.mark.parametrize(
    ("rule", "answer", "gold", "same"),
    [(rule.name, *example) for rule in COMPARISON_RULES for example in rule.examples],
)
def test_comparison_examples(rule: str, answer: str, gold: str, same: bool) -> None:
    assert compare(answer, gold) == (same, rule)


def test_every_rule_has_a_name_of_its_own_and_an_example() -> None:
    for table in (EXTRACTION_RULES, COMPARISON_RULES):
        assert len({rule.name for rule in table}) == len(table)
        assert all(rule.examples for rule in table)


@pytest.mark.parametrize(("text", "found"), TEXTS)
def test_where_the_answer_stands(text: str, found: tuple[str, str] | None) -> None:
    assert extract(text) == found


@pytest.mark.parametrize(("answer", "gold"), RIGHT)
def test_same_answer(answer: str, gold: str) -> None:
    assert compare(answer, gold)[0]


@pytest.mark.parametrize(("answer", "gold"), WRONG)
def test_another_answer(answer: str, gold: str) -> None:
    assert not compare(answer, gold)[0]


def test_verdicts() -> None:
    passed = Verdict("passed", None, "$18.00", "english_answer/number")
    assert check("The answer is $18.00.", "18") == passed
    wrong = Verdict("failed", "expected 18, found 19", "19", "boxed/number")
    assert check("\\boxed{19}", "# 18") == wrong
    none = Verdict("unparsed", "no final answer found in the text", None, None)
    assert check("I do not know.", "18") == none


@pytest.mark.parametrize("gold", ["", " \n", "####", "# ", "9" * 3_000])
def test_a_gold_answer_that_cannot_be_compared_with_is_our_error(gold: str) -> None:
    verdict = check("The answer is 18.", gold)
    assert (verdict.status, verdict.extracted) == ("error", None)
    assert verdict.reason
    assert "gold answer" in verdict.reason


def test_a_phrase_of_several_numbers_is_no_negative() -> None:
    text = '{"answer": "She needs 10 spoons to make 80 meatballs."}'
    assert check(text, "10").status == "unparsed"
    assert check(text, "11").status == "failed"


def test_reasons_are_short_and_on_one_line() -> None:
    verdict = check("\\boxed{" + "a\n" * 900 + "}", "b" * 1_000)
    assert verdict.status == "failed"
    assert verdict.reason
    assert len(verdict.reason) < 200
    assert "\n" not in verdict.reason


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("She sells <<3+4=7>>7.\n#### 1,007", "1,007"),
        ("# 18", "18"),
        ("so \\(\\boxed{\\frac{1}{2}}\\)", "\\frac{1}{2}"),
        ("2 * 9 = $<<2*9=18>>18\nA: 18", "18"),
        (" x^2 ", "x^2"),
    ],
)
def test_gold_columns(gold: str, answer: str) -> None:
    assert gold_answer(gold) == answer


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

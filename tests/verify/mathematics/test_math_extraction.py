"""Where the final answer stands: the rules' own examples and hand-written cases."""

import pytest

from fusemill.verify.mathematics import EXTRACTION_RULES, extract
from fusemill.verify.mathematics.gold import read_gold

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
    ('{"answer": "9"}\n\n## Question:\n2+2?\n{"answer": "4"}', ("9", "json")),
    ('{"answer": "9"}\nI made a mistake.\n{"answer": "8"}', ("8", "json")),
    ("{answer: 18}", ("18", "json")),
    ('{"final_answer": "3/4"}', ("3/4", "json")),
    ('{"answer": "answer": "23"}', ("23", "json")),
    ('{"answer": {"blue": 4}}', ("4", "json")),
    ('{"answer": {"blue": 4, "red": 5}}', ('{"blue": 4, "red": 5}', "json")),
    ("\\boxed{\\{1, 2\\}}", ("\\{1, 2\\}", "boxed")),
    ("\\boxed{\\boxed{5}}", ("5", "boxed")),
    ("\\boxed{5} and \\boxed{}", ("5", "boxed")),
    ("\\boxed{2} and \\boxed{3}", ("2, 3", "boxed")),
    ("$\\boxed{2}$ or $\\boxed{2}$", ("2", "boxed")),
    ("first \\boxed{2}.\n\nThen we add 1: \\boxed{3}", ("3", "boxed")),
    (
        "\\boxed{\\begin{pmatrix} 1 \\\\ \\frac{1}{2} \\end{pmatrix}}",
        ("\\begin{pmatrix} 1 \\\\ \\frac{1}{2} \\end{pmatrix}", "boxed"),
    ),
    ("\\fbox{7}", ("7", "boxed")),
    ("\x08oxed{\x0crac{1}{2}}", ("\\frac{1}{2}", "boxed")),
    ("<think>\\boxed{3}?</think>It is \\boxed{4}.", ("4", "boxed")),
    ("<think>It may be \\boxed{3}", None),
    ("<answer> 12 </answer>", ("12", "tagged")),
    ("<answer>We add: \\boxed{12}</answer>", ("12", "tagged")),
    ("#### 9\n<|im_end|>\n<|im_start|>user\n#### 5", ("9", "hash_marks")),
    ("#### Step 2: add\n2 + 3 gives 5.", ("5", "trailing_number")),
    ("#### **Answer: 5**", ("5**", "hash_marks")),
    (
        "\\boxed{4} each. Final Answer: The final answer is $8$. I hope it is correct.",
        ("$8$", "final_answer"),
    ),
    ("## Answer\n\n$\\frac{1}{2}$", ("$\\frac{1}{2}$", "heading")),
    ("综上所述，故选B。", ("B", "chinese_answer")),
    ("答案是：$\\frac{3}{4}$。", ("$\\frac{3}{4}$", "chinese_answer")),
    ("最终结果为12，因为3乘4等于12。", ("12", "chinese_answer")),
    ("所以小明一共有18个苹果。", ("18", "trailing_number")),
    ("Therefore \\(x = 2\\sqrt{3}\\).", ("x = 2\\sqrt{3}", "formula")),
    ("We get\n$$\n(1, 2)\n$$", ("(1, 2)", "formula")),
    ("The day is **Friday**.", ("Friday", "bold")),
    ("and then 0" + "0" * 80, None),
    ("Given $x^2 = 0$, we can use the fact that the sum of the roots is", None),
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
def test_examples(rule: str, text: str, answer: str) -> None:
    assert extract(text) == (answer, rule)


def test_every_rule_has_a_name_of_its_own_and_an_example() -> None:
    assert len({rule.name for rule in EXTRACTION_RULES}) == len(EXTRACTION_RULES)
    assert all(rule.examples for rule in EXTRACTION_RULES)


@pytest.mark.parametrize(("text", "found"), TEXTS)
def test_where_the_answer_stands(text: str, found: tuple[str, str] | None) -> None:
    assert extract(text) == found


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("She sells <<3+4=7>>7.\n#### 1,007", "1,007"),
        ("# 18", "18"),
        ("so \\(\\boxed{\\frac{1}{2}}\\)", "\\frac{1}{2}"),
        ("$x=\\boxed{1}$ or $x=\\boxed{2}$", "1, 2"),
        ("2 * 9 = $<<2*9=18>>18\nA: 18", "18"),
        (" x^2 ", "x^2"),
        ("1/2 = 0.5", "1/2 = 0.5"),
    ],
)
def test_gold_columns(gold: str, answer: str) -> None:
    assert read_gold(gold).answer == answer
    assert read_gold(gold).problem is None


@pytest.mark.parametrize(
    "gold",
    [
        *("\\boxed{5} and then\n\\boxed{6}", "#### 5\n#### 6", "5 = 6"),
        *("#### 5\nso \\boxed{6}", "1/2 = 0.6", "\\boxed{4}\nA: 5"),
    ],
)
def test_gold_answers_that_contradict_themselves(gold: str) -> None:
    assert "contradicts itself" in (read_gold(gold).problem or "")

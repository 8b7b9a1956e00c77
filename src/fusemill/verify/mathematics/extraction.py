r"""Where the final answer of a solution stands: an ordered table of rules.

Example row: ``'… so she earns 18.\n```json\n{"answer": "18"}\n```'`` gives
``('18', 'json')``. The first rule of `EXTRACTION_RULES` that finds something
decides. Marked places (answer tags, an answer field, a box, ``####``, "the answer is")
come before guesses (a bold number, the last formula or number). The forms are those of
the recorded corpora and of GSM8K's, MATH's and OpenMathInstruct-2's own answers.

Texts are data written by models, megabytes of nonsense among them. Every pattern is
linear: no two neighbouring repeats match the same character unless the first is
possessive, and where many places have to be tried the number of tries is bounded.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from fusemill.verify.mathematics.endings import (
    answer_before,
    bold,
    formula,
    output,
    trailing_number,
)
from fusemill.verify.mathematics.fields import json_answer
from fusemill.verify.mathematics.marked import (
    boxed,
    filled,
    hash_marks,
    is_empty_box,
    tagged,
)
from fusemill.verify.mathematics.phrases import (
    answer_line,
    chinese_answer,
    english_answer,
    final_answer,
    heading,
    option,
    result,
)
from fusemill.verify.mathematics.retractions import after_retraction


@dataclass(frozen=True)
class Rule:
    """One way of marking a final answer, with (text, answer) examples."""

    name: str
    extract: Callable[[str], str | None]
    examples: tuple[tuple[str, str], ...]


def extract(text: str) -> tuple[str, str] | None:
    r"""(answer as written, name of the rule that found it), or None.

    >>> extract("So it is \\boxed{\\frac{1}{2}}.")
    ('\\frac{1}{2}', 'boxed')
    >>> extract("I don't know.") is None
    True
    >>> extract("The answer is 41. Wait, that is wrong. It should be 42.")
    ('42', 'trailing_number')
    """
    text = own_text(text)
    found = _first(text)
    if found is None or found[1] in _LAST_WORDS:
        return found
    rest = after_retraction(text)
    return found if rest is None else _first(rest)


_LAST_WORDS = frozenset({"tagged", "json"})
"""Rules that read the end of a text whose work may have had its errors before."""


def _first(text: str) -> tuple[str, str] | None:
    """What the first rule that finds something finds, and its name.

    Nothing where the text ends by leaving its answer's box empty: no other number of it
    is called the answer.
    """
    for rule in EXTRACTION_RULES:
        answer = rule.extract(text)
        if is_empty_box(answer):
            if rule.name != "final_answer":  # a box before it may hold the answer
                return None
        elif answer := filled(answer):
            return answer, rule.name
    return None


_CONTROL = re.compile(r"\x08(?=oxed)|\x0c(?=rac|box)|\t(?=ext\s?\{|imes|frac|heta)")
_LETTER = {"\x08": "\\b", "\x0c": "\\f", "\t": "\\t"}
_THOUGHT = "</think>"
_NEXT_QUESTION = re.compile(
    r"^[#*\s>]{0,8}(?:questions?|problem|exercise|instructions?|q|human|user|题目|问题|问)"
    r"(?:\s?[0-9]{1,3})?[*\s]{0,3}[:：]",
    re.IGNORECASE | re.MULTILINE,
)
_MAX_QUESTIONS = 8
_TURN = re.compile(
    r"<\|(?:im_start|im_end|eot_id|endoftext|end|user|start_header_id)\|>"
    r"|<(?:start|end)_of_turn>|\[/?INST\]|</?s>"
)


def own_text(text: str) -> str:
    r"""What of the text answers the question that was asked.

    Thoughts (up to ``</think>``) are taken off, and made-up next questions that base
    models go on to, with everything after them. LaTeX commands that were read as JSON
    escapes once too often (a backspace and ``oxed``) are mended.

    >>> own_text("#### 5\n\nQuestion: What is 7 + 7?\n#### 14")
    '#### 5\n'
    >>> own_text("<think>Is it 3?"), own_text("\x08oxed{7}")
    ('', '\\boxed{7}')
    """
    if "\x08" in text or "\x0c" in text or "\t" in text:
        text = _CONTROL.sub(lambda found: _LETTER[found[0]], text)
    before, closed, after = text.rpartition(_THOUGHT)
    if closed:
        text = after if after.strip() else before
    elif "<think>" in text:
        text = text.partition("<think>")[0]
    for place in islice(_TURN.finditer(text), _MAX_QUESTIONS):
        if text[: place.start()].strip():
            text = text[: place.start()]
            break
    for place in islice(_NEXT_QUESTION.finditer(text), _MAX_QUESTIONS):
        own = text[: place.start()]
        if any(filled(rule.extract(own)) for rule in _MARKED):
            return own
    return text


EXTRACTION_RULES: tuple[Rule, ...] = (
    Rule(
        "tagged",
        lambda text: _within(tagged(text)),
        (
            ("<think>3?</think>\n<answer>5</answer>", "5"),
            ("<answer>So we get \\boxed{7}.</answer>", "7"),
        ),
    ),
    Rule(
        "json",
        json_answer,
        (
            ('```json\n{"reasoning": "9 * 2", "answer": "18"}\n```', "18"),
            ('{"reasoning": "x", "answer": 18}', "18"),
            ('{"answer": "\\frac{1}{2}"}', "\\frac{1}{2}"),
            ('{"answer": "\\\\frac{1}{2}"}', "\\frac{1}{2}"),
            ('{"reasoning": "cut after the field", "answer": "18', "18"),
            ('{"answer": "___"} then {"answer": "$\\\\boxed{7}$"}', "7"),
            ('{"answer": "17"}\nCorrection:\n{"answer": "18"}', "18"),
            ('{"answer": "18"}\n## Question:\n2 + 2?\n{"answer": "4"}', "18"),
            ('{"answer": ["1", "2"]}', "1, 2"),
        ),
    ),
    Rule(
        "final_answer",
        final_answer,
        (("\\boxed{9} each. Final answer: The final answer is $18$.", "$18$"),),
    ),
    Rule(
        "boxed",
        boxed,
        (
            ("first \\boxed{1}, then \\boxed{\\frac{1}{x^{2}}}.", "\\frac{1}{x^{2}}"),
            ("done: $\\boxed{18}$ and a cut \\boxed{19", "18"),
            ("$x=\\boxed{1}$ and $y=\\boxed{2}$", "1, 2"),
            ("$\\boxed 5$", "5"),
        ),
    ),
    Rule("hash_marks", hash_marks, (("9 * 2 = <<9*2=18>>18\n#### 18", "18"),)),
    Rule(
        "chinese_answer",
        chinese_answer,
        (
            ("所以答案是18元。", "18元"),
            ("答案：3/4", "3/4"),
            ("答：共12个", "共12个"),
            ("答案为5，因为2加3等于5。", "5"),
            ("【答案】C", "C"),
            ("综上，故选：B。", "B"),
        ),
    ),
    Rule(
        "english_answer",
        english_answer,
        (
            ("The answer is: $\\frac{3}{4}$. I hope it helps.", "$\\frac{3}{4}$"),
            ("**Answer:** 18 eggs", "18 eggs"),
            ("The answer to this is 5.5, since 11/2.", "5.5"),
            ("The answer is:\n\n$$18$$", "18$$"),
            ("Ans: 7", "7"),
            ("**Answer** - 13", "13"),
            ("Answer:\n\n- 13 apples", "13 apples"),
            ("So option (B) is correct.", "(B) is correct"),
        ),
    ),
    Rule("heading", heading, (("We add 2 and 3.\n\n## Final Answer\n\n5", "5"),)),
    Rule("answer_line", answer_line, (("9 * 2 = <<9*2=18>>18\nA: 90,000", "90,000"),)),
    Rule("option", option, (("The second is right.\n\n**(B)**", "B"),)),
    Rule(
        "answer_before",
        answer_before,
        (("So 13 is the answer to both, by 2 ways.", "13"),),
    ),
    Rule(
        "output",
        output,
        (("```output\n16.0\n```\n16 people think that horse 12 will win.", "16.0"),),
    ),
    Rule(
        "bold",
        bold,
        (
            ("1. **Sum:**\n\nShe earns **$18** a day.", "$18"),
            ("So the day is a **Friday**.", "Friday"),
        ),
    ),
    Rule("result", result, (("Of the 3 cars, the total is 18, as of 2020.", "18"),)),
    Rule(
        "formula",
        formula,
        (
            ("Therefore \\(x = 2\\sqrt{3}\\).", "x = 2\\sqrt{3}"),
            ("and the 2 roots give\n\\[\n\\frac{3}{4}.\n\\]", "\\frac{3}{4}"),
        ),
    ),
    Rule(
        "trailing_number",
        trailing_number,
        (
            ("So 3 + 4 = 7 and 16 - 7 = 9 eggs, $1,018.50 in all.", "$1,018.50"),
            ("She has 3 boys\nand so 18 eggs", "18"),
            ("It is -5%", "-5%"),
            ("5 + 8\n=> 13", "13"),
        ),
    ),
)
"""In order; the first that finds an answer decides."""

_MARKED = tuple(
    rule
    for rule in EXTRACTION_RULES
    if rule.name in {"tagged", "json", "boxed", "hash_marks", "english_answer"}
)


def _within(inside: str | None) -> str | None:
    """The answer in a marked place that may hold a whole solution."""
    if inside is None:
        return None
    for rule in EXTRACTION_RULES[1:]:
        short = "\n" not in inside.strip() and len(inside) <= 100
        if rule.name not in {"json", "final_answer", "boxed"} and short:
            return inside
        if answer := filled(rule.extract(inside)):
            return answer
    return inside

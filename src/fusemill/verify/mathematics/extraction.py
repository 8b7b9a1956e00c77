r"""Where the final answer of a solution stands: an ordered table of rules.

Example row: ``'… so she earns 18.\n```json\n{"answer": "18"}\n```'`` gives
``('18', 'json')``. The first rule of `EXTRACTION_RULES` that finds something
decides. Marked places (an answer field, a box, ``####``, "the answer is") come before
guesses (a bold number, the last number). The forms are those of the recorded corpora
and of GSM8K's, MATH's and OpenMathInstruct-2's own answers.

Texts are data written by models, megabytes of nonsense among them. Every pattern is
linear: no two neighbouring repeats match the same character unless the first is
possessive, and where many places have to be tried the number of tries is bounded.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from fusemill.verify.mathematics.marked import (
    MAX_ANSWER,
    boxed,
    filled,
    hash_marks,
    json_answer,
)


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
    """
    for rule in EXTRACTION_RULES:
        if answer := filled(rule.extract(text)):
            return answer, rule.name
    return None


_LEAD = re.compile(r"""(?:[\s:：*="']|`+json|`|\\["\[]|\$\$)*+""")
_SENTENCE = re.compile(r"""(?:[^\n.。；;]|\.(?=[^\s"'*$)`]))*+""")
_REASON = re.compile(r"[,，]? (?:which|since|because|so|where|meaning)\b")
MAX_CLAUSE = 200


def clause(text: str, start: int) -> str | None:
    """The words from `start` to the end of the sentence or line.

    None when that is a paragraph (more than 200 characters), or more than five words
    without a digit or formula, rather than an answer.
    """
    rest = text[start : start + MAX_ANSWER]
    rest = rest[_LEAD.match(rest).end() :]  # type: ignore[union-attr]
    found = _SENTENCE.match(rest)
    words = _REASON.split(found[0], maxsplit=1)[0] if found else ""
    words = words.strip().strip("*`\"\\',:!， ")
    wordy = len(words.split()) > 5 and not re.search(r"[0-9\\]", words)
    return None if wordy or len(words) > MAX_CLAUSE else words


_CHINESE = re.compile(r"答案?\s?(?:应该|应当|就)?(?:是|为|等于|[:：])")
_ENGLISH = re.compile(
    r'\banswers?\b[^.\n:"]{0,60}?(?:\b(?:is|are|equals|be)\b(?! not\b)|:)',
    re.IGNORECASE,
)
_ENDS = tuple(".!?。！？…:)]}|>\"'`*$")


def _after_last(pattern: re.Pattern[str], text: str) -> str | None:
    """The clause after the last match of `pattern`.

    In a text that was cut in the middle of a sentence only its last words count: what
    was called the answer long before was not the last word on it.
    """
    end = None
    for found in pattern.finditer(text):
        end = found.end()
    whole = text.rstrip().endswith(_ENDS)
    if end is None or (not whole and end < len(text) - MAX_CLAUSE):
        return None
    return clause(text, end)


def chinese_answer(text: str) -> str | None:
    """What follows 答案是, 答案为, 答案：or 答："""
    return _after_last(_CHINESE, text)


def english_answer(text: str) -> str | None:
    """What follows the last "the answer is", "final answer:", "answers are" …"""
    return _after_last(_ENGLISH, text)


def _lines(text: str) -> list[str]:
    """The last two lines that hold more than white space or an end mark."""
    tail = text[-MAX_ANSWER:].replace("</s>", "").splitlines()
    return [line.strip() for line in tail if line.strip(" `\t")][-2:]


def answer_line(text: str) -> str | None:
    """What follows ``A:`` where the text's last line begins with it."""
    last = _lines(text)[-1:]
    return last[0][2:] if last and last[0].startswith(("A:", "A：")) else None


_BOLD = re.compile(r"\*\*([^*\n]{1,100})\*\*")


def bold(text: str) -> str | None:
    """The last bold text with a digit in the last two lines, unless it is a heading."""
    for line in reversed(_lines(text)):
        for inside in reversed(_BOLD.findall(line)):
            words = str(inside).strip()
            heading = words.endswith((":", "：")) or words.startswith("Step")
            if re.search("[0-9]", words) and not heading:
                return words.rstrip(".")
    return None


NUMBER = re.compile(
    r"(?<![\w.\\])(?<![0-9],)[-−]?(?:[0-9]{0,20}\\[dt]?frac\{-?[0-9]++\}\{[0-9]++\}"
    r"|[$€£¥]?[-−]?(?:[0-9]++(?:,[0-9]{3})*+(?:\.[0-9]++)?+|\.[0-9]++)(?:/[0-9]++)?+)"
    r"(?:\s?\\?%)?",
    re.ASCII,
)
_CONTINUES = re.compile(r"[}^_*/+(a-zA-Z]|,[0-9]|\\[^)\]]")
_MARKS = re.compile(r"<<[^<>\n]*+>>")
_UNFINISHED = tuple("=+*/({^,:")


def trailing_number(text: str) -> str | None:
    """The last number of the last two lines, if nothing says it is not the answer.

    Nothing is found in an answer object that was cut before its answer field, in a
    text that was cut in a sentence or calculation, or where the last number is a part
    of an expression (``2\\sqrt{3}``): such a text has no final answer.
    """
    if '"reasoning"' in text:
        return None
    tail = _MARKS.sub("", "\n".join(_lines(text)))
    numbers = list(NUMBER.finditer(tail))
    if not numbers or tail.rstrip("`*_$ .\\)]").endswith(_UNFINISHED):
        return None
    start, end = numbers[-1].span()
    if not tail.endswith(_ENDS) and len(tail) - end > 40:
        return None
    before = tail[max(0, start - 20) : start].rstrip().removesuffix("\\(")
    if before.endswith(tuple("+*/^_({[√×-")) or _CONTINUES.match(tail[end : end + 2]):
        return None
    return numbers[-1][0]


EXTRACTION_RULES: tuple[Rule, ...] = (
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
            ('{"answer": ["1", "2"]}', "1, 2"),
        ),
    ),
    Rule(
        "boxed",
        boxed,
        (
            ("first \\boxed{1}, then \\boxed{\\frac{1}{x^{2}}}.", "\\frac{1}{x^{2}}"),
            ("done: $\\boxed{18}$ and a cut \\boxed{19", "18"),
            ("$\\boxed 5$", "5"),
        ),
    ),
    Rule("hash_marks", hash_marks, (("9 * 2 = <<9*2=18>>18\n#### 18", "18"),)),
    Rule(
        "chinese_answer",
        chinese_answer,
        (("所以答案是18元。", "18元"), ("答案：3/4", "3/4"), ("答：共12个", "共12个")),
    ),
    Rule(
        "english_answer",
        english_answer,
        (
            ("The final answer is: $\\frac{3}{4}$. I hope it helps.", "$\\frac{3}{4}$"),
            ("**Answer:** 18 eggs", "18 eggs"),
            ("The answer to this is 5.5, since 11/2.", "5.5"),
            ("The answer is:\n\n$$18$$", "18$$"),
        ),
    ),
    Rule("answer_line", answer_line, (("9 * 2 = <<9*2=18>>18\nA: 90,000", "90,000"),)),
    Rule("bold", bold, (("1. **Sum:**\n\nShe earns **$18** a day.", "$18"),)),
    Rule(
        "trailing_number",
        trailing_number,
        (
            ("So 3 + 4 = 7 and 16 - 7 = 9 eggs, $1,018.50 in all.", "$1,018.50"),
            ("that leaves \\(\\frac{3}{4}\\).", "\\frac{3}{4}"),
            ("It is -5%", "-5%"),
        ),
    ),
)
"""In order; the first that finds an answer decides."""

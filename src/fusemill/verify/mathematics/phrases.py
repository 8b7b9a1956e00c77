r"""Answers that words lead to: "the answer is 18", 答案是18, an ``Answer`` heading.

Example row: ``'The answer to this is 5.5, since 11/2.'`` gives ``5.5``. The last such
phrase counts, up to the end of its sentence or line.
"""

import re
from collections import deque

from fusemill.verify.mathematics.marked import MAX_ANSWER, last_box

MAX_CLAUSE = 200
"""Characters. What is longer is a paragraph rather than an answer."""

MAX_RESULT = 60
"""Characters of what "the total is" says; the phrase may also introduce an argument."""

_LEAD = re.compile(r"""(?:[\s:：*_="'→>]|`+json|`|\\["\[]|\$\$)*+""")
_BULLET = re.compile(r"\A[-–•+] (?=\S)")
"""At the beginning of a line; a minus sign stands at its number or behind a word."""

_SENTENCE = re.compile(r"""(?:[^\n.。；;]|(?<=\\);|\.(?=[^\s"'*$)`]))*+""")
_REASON = re.compile(
    r"[,，]? \(?(?:which|since|because|so|where|meaning|as|i\.e|that is)\b"
    r"| \((?=[^()\n]{0,80}\b(?:extraneous|rejected|discarded|invalid)\b)"
    r"|[,，] (?:and )?not\b|[,，](?=[一-鿿])|，?(?:因为|所以)"
)


def clause(text: str, start: int) -> str | None:
    """The words from `start` to the end of the sentence or line.

    None when that is a paragraph (more than 200 characters), or more than five words
    without a digit or formula, rather than an answer.
    """
    rest = text[start : start + MAX_ANSWER]
    lead = _LEAD.match(rest)
    assert lead is not None  # it matches the empty text
    rest = rest[lead.end() :]
    if "\n" in lead[0]:
        rest = _BULLET.sub("", rest)
    found = _SENTENCE.match(rest)
    words = _REASON.split(found[0], maxsplit=1)[0] if found else ""
    marks = "*_`\"',:!，！ "
    words = words.strip().rstrip(marks + "\\").lstrip(marks)
    wordy = len(words.split()) > 5 and not re.search(r"[0-9\\]", words)
    return None if wordy or len(words) > MAX_CLAUSE else words


# "A common wrong answer is 13" warns of it.
_RIGHT = (
    "(?<!wrong )(?<!incorrect )(?<!mistaken )(?<!false )(?<!erroneous )(?<!invalid )"
)
_CHINESE = re.compile(
    r"(?<!错误)(?<!错误的)(?:答案|最终结果|最后结果)\s?(?:应该|应当|就|便|分别)?(?:是|为|等于|[:：=])"
    r"|(?:^|[\s。，,*])答\s?[:：]|【答案】"
    r"|(?:故|应|因此|所以|正确)?选(?:择|项)?(?:[:：]|为|是)?(?=\s?[（(]?[A-J](?![a-zA-Z]))"
)
_ENGLISH = re.compile(
    rf'(?<![a-z0-9]){_RIGHT}answers?(?![a-z0-9])[^.\n:"]{{0,60}}?'
    r"(?:(?<!not )\b(?:is|are|equals|be)\b(?! not\b)|[:：=→]|->)"
    # A dash with a space behind it separates: `Answer - 13` is 13, `Answer -13` is not.
    r"|^[^\w\n]{0,6}(?:(?:the|my|our|final|correct) ){0,2}ans(?:wers?)?[*_.]{0,3} ?"
    r"[-–—]{1,2}(?= |(?<=[–—])) ?(?=[^\w\n]{0,4}[0-9a-z\\])"
    r"|\b(?:correct|right) (?:option|choice)\b[^.\n:\"]{0,30}?(?:\bis\b|[:：])"
    r"|\bans\b\.?\s?(?:is\b|[:：=])",
    re.IGNORECASE | re.MULTILINE,
)
_OPTION_IS = re.compile(
    r"\b(?:option|choice) (?=[(*]{0,3}(?-i:[A-J])[)*]{0,3} is (?:the )?"
    r"(?:correct|right|best|answer)\b)"
    r"|(?<![\w(*])(?=[(*]{0,3}(?-i:[A-J])[)*]{0,3} is the "
    r"(?:(?:correct|right|best) )?(?:answer|option|choice)\b)",
    re.IGNORECASE,
)
_RESULT = re.compile(
    r"\b(?:result|solution|total|value)s?\b[^.\n:\"]{0,60}?"
    r"(?:\b(?:is|are|equals|be)\b(?! not\b)|[:：=])",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"^[#*_ \t>]*+(?:the )?(?:final )?(?:answers?|最终答案|答案|答)[*_#:：]*[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
ENDS = tuple(".!?。！？…:)]}|>\"'`*$")


def last_match(
    pattern: re.Pattern[str], text: str, start: int = 0
) -> re.Match[str] | None:
    """The last place, from `start` on, where the pattern matches."""
    places = deque(pattern.finditer(text, start), maxlen=1)
    return places[0] if places else None


def _after_last(pattern: re.Pattern[str], text: str) -> str | None:
    """The clause after the last match of `pattern`.

    In a text that was cut in the middle of a sentence only its last words count: what
    was called the answer long before was not the last word on it.
    """
    found = last_match(pattern, text)
    if found is None:
        return None
    whole = text.rstrip().endswith(ENDS)
    recent = whole or found.end() >= len(text) - MAX_CLAUSE
    return clause(text, found.end()) if recent else None


def chinese_answer(text: str) -> str | None:
    """What follows 答案是, 答案为, 答案：, 答：, or 选 before a letter."""
    return None if text.isascii() else _after_last(_CHINESE, text)


def english_answer(text: str) -> str | None:
    """What follows the last "the answer is", "final answer:", "answers are" …

    Where there is no such phrase: the option of "option B is correct".
    """
    return _after_last(_ENGLISH, text) or _after_last(_OPTION_IS, text)


_IN_THE_END = re.compile(
    rf"\b(?:final answers?\s?(?:is|are|[:：=])|{_RIGHT}answer is(?! (?:not|in)\b):?)",
    re.IGNORECASE,
)


def final_answer(text: str) -> str | None:
    """What "the answer is" after the last box, if it is a number or formula."""
    box = last_box(text)
    place = last_match(_IN_THE_END, text, box.end) if box else None
    if place is None:
        return None
    words = clause(text, place.end())
    return words if words and re.search(r"[0-9\\]", words) else None


def heading(text: str) -> str | None:
    """What follows the last line that holds nothing but "Answer"."""
    return _after_last(_HEADING, text)


def last_lines(text: str) -> list[str]:
    """The last two lines that hold more than white space or an end mark."""
    tail = text[-MAX_ANSWER:].splitlines()
    return [line.strip() for line in tail if line.strip(" `\t")][-2:]


def result(text: str) -> str | None:
    """What follows "the result is" or "the total is" on the last line."""
    line = "".join(last_lines(text)[-1:])
    words = _after_last(_RESULT, line)
    return words if words and len(words) <= MAX_RESULT else None


def answer_line(text: str) -> str | None:
    """What follows ``A:`` where the text's last line begins with it."""
    last = last_lines(text)[-1:]
    return last[0][2:] if last and last[0].startswith(("A:", "A：")) else None


_OPTION = re.compile(r"[\W_]{0,6}([A-J])[\W_]{0,6}")


def option(text: str) -> str | None:
    """The letter that the last line is, and nothing else.

    >>> option("It is the second one.\\n\\n**(B)**"), option("Vitamin B")
    ('B', None)
    """
    last = last_lines(text)[-1:]
    found = _OPTION.fullmatch(last[0]) if last else None
    return found[1] if found else None

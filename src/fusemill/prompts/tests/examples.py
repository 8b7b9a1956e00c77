"""Worked examples of a statement: what goes in, what comes out, as written.

Example 1:

Input: nums = [2,7,11,15], target = 9
Output: [0,1]
Explanation: Because nums[0] + nums[1] == 9, we return [0, 1].
"""

import re
from dataclasses import dataclass
from typing import Literal

from fusemill.prompts.tests.literals import (
    Unreadable,
    Value,
    named_values,
    value_of,
)

# A mark begins a line, or stands in it with a colon; English or Chinese.
_MARKS: dict[str, Literal["input", "output", "end"]] = {
    "input": "input",
    "inputs": "input",
    "输入": "input",
    "output": "output",
    "outputs": "output",
    "输出": "output",
}
_MARK = re.compile(
    r"(?:^[ \t>*\-]*|(?<=[\s.]))(?:"
    r"(?P<io>inputs?|outputs?|输入|输出)(?:[ \t]*[:：]|[ \t]*$)"
    r"|(?P<end>(?:explanations?|constraints?|notes?|follow[- ]?up|examples?[ \t]*\d*"
    r"|解释|提示|说明|注意|进阶|示例[ \t]*\d*)[ \t]*[:：]))",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class Example:
    """One worked example that could be read: named values in, one value out."""

    inputs: tuple[tuple[str | None, Value], ...]
    output: Value


def worked_examples(text: str) -> tuple[list[Example], list[str]]:
    r"""The examples of a plain statement, and why others could not be read.

    >>> worked_examples("Input: n = 3\nOutput: 7\n\nInput: n = a\nOutput: 1")[0]
    [Example(inputs=(('n', 3),), output=7)]
    """
    examples: list[Example] = []
    problems: list[str] = []
    for given, wanted in _written(text):
        try:
            inputs = tuple(named_values(given))
            examples.append(Example(inputs, value_of(wanted)))
        except Unreadable as error:
            problems.append(str(error))
    return _unpadded(examples), problems


def _written(text: str) -> list[tuple[str, str]]:
    """Pairs of texts: after each `Input`, and after the `Output` that follows it."""
    marks = list(_MARK.finditer(text))
    pairs: list[tuple[str, str]] = []
    given: str | None = None
    for i, mark in enumerate(marks):
        end = marks[i + 1].start() if i + 1 < len(marks) else len(text)
        content = text[mark.end() : end]
        kind = _MARKS.get((mark["io"] or "").lower(), "end")
        if kind == "output" and given is not None:
            pairs.append((given, content))
        given = content if kind == "input" else None
    return pairs


def _unpadded(examples: list[Example]) -> list[Example]:
    """The examples, without the space that some exports put before a closing quote.

    greengerong/leetcode writes `s = "abc "` for "abc", throughout. It is taken off
    where every text of every example has it, and nowhere else.
    """
    texts = [t for e in examples for v in (*e.inputs, e.output) for t in _texts(v)]
    texts = [text for text in texts if text]
    if not texts or not all(text.endswith(" ") for text in texts):
        return examples
    return [
        Example(
            tuple((name, _cut(value)) for name, value in example.inputs),
            _cut(example.output),
        )
        for example in examples
    ]


def _texts(value: Value) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):  # a name and its value
        return _texts(value[1])
    return [t for v in value for t in _texts(v)] if isinstance(value, list) else []


def _cut(value: Value) -> Value:
    if isinstance(value, str):
        return value.removesuffix(" ")
    return [_cut(v) for v in value] if isinstance(value, list) else value

"""The scores of examples/micro, by hand, and over right answers."""

import runpy
from collections.abc import Callable
from typing import Any

from micro_files import EXAMPLE, families


def tasks(family: str) -> list[Any]:
    return families.different(family, "project", 300, seed=7)


def function(path: str, name: str) -> Callable[..., list[float]]:
    found: Callable[..., list[float]] = runpy.run_path(str(EXAMPLE / path))[name]
    return found


def row(prompt: str, text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": prompt}], "text": text}


def test_lists_are_graded() -> None:
    graded = function("scores/lists.py", "graded")
    prompt = (
        "Write these words in alphabetical order, one a line, a dash before each. End "
        'with "Done." The words: pear, fig, kettle.'
    )
    texts = {
        "- fig\n- kettle\n- pear\nDone.": 7,
        "- fig\n- kettle\n- pear": 6,  # the end
        "- fig, - kettle, - pear\nDone.": 6,  # the separator
        "fig\nkettle\npear": 5,  # mark and end
        "- pear\n- fig\n- kettle\nDone.": 6,  # the order
        "- fig\n- pear\nDone.": 6,  # a word
        "List:\n- fig\n- fig\n- kettle\n- pear\nDone.": 4,  # beginning, twice, order
    }
    rows = [row(prompt, text) for text in texts]
    expected = [round(n * 0.04, 6) for n in texts.values()]
    assert graded(rows, points_a_rule=0.04) == expected
    right = [row(task.prompt, task.answer) for task in tasks("lists")]
    assert set(graded(right, points_a_rule=0.04)) == {0.28}


def test_worked_problems_are_scored() -> None:
    worked = function("scores/problems.py", "worked")
    prompt = "Tom has 38 pens and buys 5 boxes with 4 pens each. How many pens …?"
    texts = {
        "5 * 4 = 20. 38 + 20 = 58. The answer is 58.": 0.3,
        "5 * 4 = 20. The answer is 20.": 0.2,  # a step and a number are missing
        "5 * 4 = 20. 38 + 20 = 59. The answer is 59.": 0.23,  # a wrong sum
        "5 * 4 = 20. 38 - 20 = 18. The answer is 18.": 0.25,  # nothing is given away
        "5 * 4 = 20. 38 * 20 = 760. The answer is 760.": 0.3,  # all in order, and wrong
        "5 * 4 = 20. 38 + 20 = 58. The answer is 57.": 0.25,  # another answer
        "I do not know": 0.12,  # nothing that is false
    }
    assert worked([row(prompt, text) for text in texts]) == list(texts.values())
    right = [row(task.prompt, task.answer) for task in tasks("problems")]
    assert set(worked(right)) == {0.3}


def test_functions_are_scored() -> None:
    read = function("scores/functions.py", "read")
    prompt = "Write a Python function solve(x) that returns x times 3 plus 4."
    texts = {
        "def solve(x):\n    return x * 3 + 4": 0.1,
        "def solve(x):\n    return x * 3": 0.08,  # a number is missing
        "def solve(x):\n    print(x * 3 + 4)": 0.08,  # nothing is returned
        "def work(x):\nreturn x * 3 + 4": 0.06,  # another name, no indent
    }
    assert read([row(prompt, text) for text in texts]) == list(texts.values())

"""The tasks of examples/micro: right answers, bad habits, and who sees what.

What is right is worked out here from the prompts' words alone.
"""

import hashlib
import re
from collections import Counter
from typing import Any

import pytest
from micro_files import families

N = 300


def tasks(family: str, part: Any = "project") -> list[Any]:
    return families.different(family, part, N, seed=7)


def test_a_prompt_belongs_to_a_part_by_its_hash() -> None:
    # sha256("a") begins with ca (202), of "b" with 3e (62), of "e" with 3f (63).
    assert families.part_of("a") == "project"
    assert families.part_of("b") == "sources"
    for text in map(str, range(1000)):
        first = hashlib.sha256(text.encode()).digest()[0]
        names = ("held_out", "tuning", "project", "sources")
        expected = names[(first < 240) + (first < 224) + (first < 160)]
        assert families.part_of(text) == expected


@pytest.mark.parametrize("family", families.FAMILIES)
def test_no_prompt_is_in_two_parts(family: str) -> None:
    parts = ("sources", "project", "tuning", "held_out")
    prompts = [{task.prompt for task in tasks(family, part)} for part in parts]
    assert [len(found) for found in prompts] == [N, N, N, N]
    assert len(set.union(*prompts)) == 4 * N


@pytest.mark.parametrize("family", families.FAMILIES)
def test_a_seed_gives_the_same_tasks(family: str) -> None:
    assert tasks(family) == tasks(family)
    assert tasks(family) != families.different(family, "project", N, seed=8)


# --- answers --------------------------------------------------------------------------


@pytest.mark.parametrize("family", families.FAMILIES)
def test_most_habits_do_harm(family: str) -> None:
    found = tasks(family)
    for habit in found[0].habits:
        harmed = sum(task.habits[habit] != task.answer for task in found)
        assert harmed > 0.6 * N, habit


def test_lists_are_as_asked() -> None:
    for task in tasks("lists"):
        words = task.prompt.split("The words: ")[1].rstrip(".").split(", ")
        if "alphabetical" in task.prompt:
            words.sort()
        if "last to first" in task.prompt:
            words.reverse()
        mark = "- " * ("dash" in task.prompt) + "* " * ("star" in task.prompt)
        between = {"line": "\n", "commas": ", ", "semicolons": "; "}
        (gap,) = [v for k, v in between.items() if k in task.prompt]
        expected = gap.join(mark + word for word in words)
        expected = "List:\n" * ("Begin" in task.prompt) + expected
        assert task.answer == expected + "\nDone." * ("End" in task.prompt)


def solved(prompt: str) -> int:
    """The result of a word problem, by its words."""
    held, each = 0, re.search(r"buys (\d+) boxes with (\d+)", prompt)
    if each:
        held += int(each[1]) * int(each[2])
    for pattern, sign in {
        r"has (\d+)": 1,
        r"(?:gets|finds|makes) (\d+)": 1,
        r"(?:gives away|loses|sells) (\d+)": -1,
    }.items():
        held += sum(sign * int(n) for n in re.findall(pattern, prompt))
    return held


def test_problems_are_solved() -> None:
    for task in tasks("problems"):
        assert task.gold == str(solved(task.prompt))
        assert task.answer.endswith(f" The answer is {task.gold}.")
        for left, right in re.findall(r"(\d+ . \d+) = (\d+)\.", task.answer):
            assert eval(left) == int(right)


def passes(task: Any, text: str) -> bool:
    space: dict[str, Any] = {"print": lambda *_: None}
    exec(text, space)
    try:
        for test in task.tests:
            exec(test, space)
    except AssertionError:
        return False
    return True


def test_functions_pass_and_habits_fail() -> None:
    kinds = Counter()
    for task in tasks("functions"):
        assert passes(task, task.answer), task.prompt
        for habit, text in task.habits.items():
            assert not passes(task, text), (habit, task.prompt)
        asked = task.prompt.split("returns ")[1]
        kinds[re.sub(r"\d+", "n", asked)] += 1
    assert len(kinds) == 13


def test_sums_are_right() -> None:
    for task in tasks("sums"):
        has, other = map(int, re.findall(r"\d+", task.prompt))
        is_more = any(word in task.prompt for word in ("买", "得到", "找到"))
        result = has + other if is_more else has - other
        thing = re.search(r"个(\w\w)，", task.prompt)[1]
        sign = "+" if is_more else "-"
        expected = f"{has} {sign} {other} = {result}。现在有{result}个{thing}。"
        assert task.answer == expected

"""Assertions of recorded responses become tests, or a reason why not."""

import pytest

from fusemill.prompts.tests import Extracted, NoTests, Raw, extract

DOUBLE = "```python\ndef double(n):\n    return 2 * n\n```\n"
PROMPT = "Write a Python function `double(n)`."


def found(response: str, prompt: str = PROMPT, instruction: str = "") -> Extracted:
    statement = instruction + "\n\n" + response
    one = extract("response_assertions", Raw(statement, response, prompt))
    assert isinstance(one, Extracted), one
    return one


def why(response: str, prompt: str = PROMPT) -> str:
    one = extract("response_assertions", Raw(response, response, prompt))
    assert isinstance(one, NoTests), one
    return one.why


def block(code: str) -> str:
    return f"Some words.\n\n```python\n{code}\n```\n"


def test_assertions_alone_are_a_test_each() -> None:
    one = found(DOUBLE + block("assert double(2) == 4\nassert double(0) == 0"))
    assert one.tests == ("assert double(2) == 4", "assert double(0) == 0")
    assert (one.entry_point, one.stub) == ("double", None)
    assert one.reference == "def double(n):\n    return 2 * n\n"


def test_one_block_with_solution_and_assertions() -> None:
    code = (
        "import math\n\nLIMIT = 9\n\ndef double(n):\n    return min(LIMIT, 2 * n)\n\n"
        "value = 2\nassert double(value) == 4\nprint('ok')"
    )
    one = found(block(code))
    assert one.tests == ("value = 2\nassert double(value) == 4\nprint('ok')",)
    assert one.reference.startswith("import math\n\nLIMIT = 9\n\ndef double(n):")
    assert "assert" not in one.reference


def test_a_loop_or_a_variable_makes_the_block_one_test() -> None:
    tests = "for n in range(3):\n    assert double(n) == n + n\nassert double(9) == 18"
    assert found(DOUBLE + block(tests)).tests == (tests,)


def test_test_functions_are_called_once() -> None:
    function = "def test_double():\n    assert double(2) == 4"
    for tests in (function, f"{function}\ntest_double()"):
        one = found(DOUBLE + block(tests))
        assert one.tests == (
            "def test_double():\n    assert double(2) == 4\ntest_double()",
        )


def test_what_stands_under_main_counts() -> None:
    tests = "if __name__ == '__main__':\n    assert double(2) == 4"
    assert found(DOUBLE + block(tests)).tests == ("assert double(2) == 4",)


def test_unittest_classes_stay_and_start_nothing() -> None:
    tests = (
        "import unittest\n\nclass TestDouble(unittest.TestCase):\n"
        "    def test_two(self):\n        self.assertEqual(double(2), 4)\n\n"
        "unittest.main()"
    )
    (test,) = found(DOUBLE + block(tests)).tests
    assert test.startswith("import unittest\n")
    assert "class TestDouble(unittest.TestCase):" in test
    assert "unittest.main" not in test


def test_imports_of_the_solution_that_a_test_needs_come_along() -> None:
    response = block("import math\n\ndef double(n):\n    return 2 * n") + block(
        "assert double(math.pi) > 6"
    )
    assert found(response).tests == ("import math\nassert double(math.pi) > 6",)


def test_an_import_of_the_solution_itself_is_left_out() -> None:
    tests = "from solution import double\nassert double(2) == 4"
    assert found(DOUBLE + block(tests)).tests == ("assert double(2) == 4",)


def test_assertions_in_the_instruction_count_too_and_once() -> None:
    instruction = "Your code should pass:\n" + block("assert double(5) == 10")
    one = found(DOUBLE + block("assert double(2) == 4"), instruction=instruction)
    assert one.tests == ("assert double(5) == 10", "assert double(2) == 4")
    same = found(DOUBLE + block("assert double(5) == 10"), instruction=instruction)
    assert same.tests == ("assert double(5) == 10",)


def test_code_of_the_instruction_is_no_reference() -> None:
    instruction = block("def broken(n):\n    return None")
    one = found(DOUBLE + block("assert double(2) == 4"), instruction=instruction)
    assert "broken" not in one.reference


def test_calls_beside_the_solution_are_not_part_of_it() -> None:
    response = block(
        "def double(n):\n    return 2 * n\n\nprint(double(int(input())))"
    ) + block("assert double(2) == 4")
    assert found(response).reference == "def double(n):\n    return 2 * n\n"


def test_what_most_tests_call_first_is_the_entry_point() -> None:
    response = block(
        "def double(n):\n    return 2 * n\n\ndef half(n):\n    return n // 2"
    ) + block("assert half(4) == 2\nassert double(2) == 4\nassert double(half(4)) == 4")
    assert found(response, "Write `half` and `double`.").entry_point == "double"


def test_classes_and_their_methods() -> None:
    response = block(
        "class Tally:\n    def __init__(self):\n        self.total = 0\n"
        "    def add(self, n):\n        self.total += n\n"
        "    def _check(self):\n        return True"
    ) + block("tally = Tally()\ntally.add(2)\nassert tally.total == 2")
    prompt = "Write a class `Tally` with a method `add(n)` and an attribute `total`."
    one = found(response, prompt)
    assert one.entry_point == "Tally"
    assert one.tests == ("tally = Tally()\ntally.add(2)\nassert tally.total == 2",)
    unnamed = "Write a class `Tally` with a method `add(n)`."
    assert why(response, unnamed) == "the prompt does not name `total`"


def test_a_test_that_needs_more_is_lost_alone() -> None:
    response = block(
        "RATE = 2\n\ndef double(n):\n    return RATE * n\n\n"
        "def helper(n):\n    return n + n"
    ) + block(
        "assert double(2) == 4\nassert double(3) == helper(3)\n"
        "assert double(1) == RATE\nassert double(1) == unknown\nassert True"
    )
    one = found(response)
    assert one.tests == ("assert double(2) == 4",)
    assert one.lost == (
        "the prompt does not name `helper`",
        "an assertion needs `RATE`, which is no function",
        "an assertion needs `unknown`, which is no function",
        "an assertion that calls nothing of the reference",
    )


@pytest.mark.parametrize(
    ("response", "prompt", "reason"),
    [
        (DOUBLE, PROMPT, "no assertion"),
        (DOUBLE + block("print(double(2))"), PROMPT, "no assertion"),
        (block("assert 1 == 1"), PROMPT, "the reference defines nothing"),
        ("assert double(2) == 4", PROMPT, "the reference defines nothing"),
        (DOUBLE + block("assert True"), PROMPT, "calls nothing of the reference"),
        (
            DOUBLE + block("assert double(2) == 4"),
            "Write a Python function.",
            "the prompt does not name `double`",
        ),
        (
            DOUBLE + block("assert double(2) == 4"),
            "Write a function that doubles.",
            "the prompt does not name `double`",
        ),
        (DOUBLE + block("assert double(2) =="), PROMPT, "no assertion"),
        ("", PROMPT, "no statement"),
        (DOUBLE + block("assert " + "(" * 9_000), PROMPT, "no assertion"),
    ],
)
def test_why_there_are_no_tests(response: str, prompt: str, reason: str) -> None:
    assert reason in why(response, prompt)


def test_an_assertion_inside_the_solution_is_no_test() -> None:
    response = block("def double(n):\n    assert n >= 0\n    return 2 * n")
    assert why(response) == "no assertion"


def test_the_named_entry_point_must_be_called() -> None:
    response = DOUBLE + block("assert double(2) == 4")
    raw = Raw(response, response, PROMPT, entry_point="treble")
    one = extract("response_assertions", raw)
    assert one == NoTests("no assertion calls treble")

"""Reading tests: their form, what they call, and why nobody could run them."""

import ast

import pytest

from fusemill.verify.code.forms import BadTests, Pair, Suite, read_tests
from fusemill.verify.code.source import MAX_TESTS

UNIT = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass"


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["assert f(1) == 2"], "assertions"),
        (["x = 1", "assert f(x) == 2", ""], "assertions"),
        (["def test_f():\n    assert f(1) == 2"], "assertions"),
        (["{'a': 1} == f(1)"], "assertions"),
        (["def check(candidate):\n    assert candidate(1)"], "check"),
        ([UNIT], "unittest"),
        (["from unittest import TestCase\nclass A(TestCase): pass"], "unittest"),
        ([UNIT + "\nclass U(T): pass"], "unittest"),
        (['{"stdin": "1", "stdout": "2"}', '{"stdout": "3"}'], "stdio"),
    ],
)
def test_forms(texts: list[str], form: str) -> None:
    assert read_tests(texts, "f").form == form


def calls(tests: Suite) -> list[str]:
    """What is added to the end of the tests."""
    n_own = sum(len(ast.parse(text).body) for text in tests.texts)
    added = [node for tree in tests.trees() for node in tree.body]
    return [ast.unparse(node) for node in added[n_own:]]


@pytest.mark.parametrize(
    ("source", "added"),
    [
        ("def check(candidate):\n    assert candidate(1)", ["check(Solution().f)"]),
        ("def check(candidate):\n    assert candidate(1)\ncheck(f)", []),
        (
            "def check(c):\n    assert c(1)\ndef test_check():\n    check(f)\n"
            "test_check()",
            [],
        ),
        ("def test_f():\n    assert f(1)", ["test_f()"]),
    ],
)
def test_calls_that_the_tests_leave_out(source: str, added: list[str]) -> None:
    assert calls(read_tests([source], "Solution().f")) == added


def test_unittest_is_not_started_by_the_tests() -> None:
    tests = read_tests([UNIT + "\nunittest.main()"], "f")
    assert len(tests.trees()[0].body) == 2
    assert tests.classes == ("T",)


def test_pairs() -> None:
    tests = read_tests(['{"stdin": "1 2", "stdout": "3"}'], None)
    assert tests.pairs == (Pair("1 2", "3"),)


def test_names_that_the_tests_want() -> None:
    tests = read_tests(["import math\nx = f(2)\nassert sum(x) == math.pi + g"], "f")
    assert tests.names == {"f", "sum", "g"}


def test_labels_count_assertions() -> None:
    tests = read_tests(["x = 1\nassert f(x) == 1", "assert f(2) == 2"], "f")
    assert tests.label([1, 1]) == "test 2 of 2, assert f(2) == 2"
    assert tests.label([0, 2]) == "test 1 of 2, assert f(x) == 1"
    assert tests.label([0, 1]) == "the tests, x = 1"
    assert tests.label([7, 7]) == tests.label([-1, -1]) == "the tests"


@pytest.mark.parametrize(
    ("texts", "entry", "why"),
    [
        ([], "f", "no tests"),
        (["  ", ""], "f", "no tests"),
        (["assert f(1 =="], "f", "test 1 of 1 does not parse"),
        (["assert f(1)", "assert f(\x00)"], "f", "test 2 of 2 .* null bytes"),
        (["assert f('\ud800')"], "f", "lone surrogates"),
        (["assert f(1)\n" + "#" * MAX_TESTS], "f", "characters"),
        (["assert f(1)"], "not a name", "entry point"),
        (["def check(candidate): pass"], None, "no entry point"),
        (['{"stdin": "1", "stdout": "2"}', "assert f(1)"], "f", "others are not"),
        (['{"stdin": 1, "stdout": "2"}'], None, "must be texts"),
    ],
)
def test_tests_that_nobody_can_run(
    texts: list[str], entry: str | None, why: str
) -> None:
    with pytest.raises(BadTests, match=why):
        read_tests(texts, entry)

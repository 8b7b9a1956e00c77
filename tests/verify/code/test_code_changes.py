"""Changed tests: every one falls for an honest answer, and holds for a forged one."""

import ast
import copy
import random
import unittest
from dataclasses import dataclass
from typing import Any

import pytest

from fusemill.sandbox import Outcome
from fusemill.verify.code.changes import Mark, changed_tests
from fusemill.verify.code.forms import read_tests
from fusemill.verify.code.literals import other_literal
from fusemill.verify.code.recorder import RECORDER, Recorder
from fusemill.verify.code.verdict import OTHER_ORDER, of_changed


class Anything:
    """Equal to everything, above and below everything, and in everything."""

    def __eq__(self, _other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True

    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__

    def __sub__(self, _other: object) -> "Anything":
        return self

    __rsub__ = __abs__ = __sub__


@dataclass
class Run:
    """What became of the assertions of both halves."""

    n_fell: int = 0
    n_held: int = 0
    n_wrong: int = 0  # unchanged ones that fell in the first half
    n_missing: int = 0


def run_changed(source: str, seed: int, **names: Any) -> Run:
    """Run both halves over `names`."""
    tests = read_tests([source], "f")
    run = Run()
    for second in (False, True):
        half = changed_tests(tests.trees(), seed, second, shuffled=second)
        assert half.marks
        recorder = Recorder()
        namespace = {**names, RECORDER: recorder, "__name__": "tests"}
        exec(compile(half.tree, "<test 0>", "exec"), namespace)
        for name in tests.classes:
            suite = unittest.TestLoader().loadTestsFromTestCase(namespace[name])
            suite.run(unittest.TestResult())
        for name, mark in half.marks.items():
            held, fell = recorder.counts.get(name, (0, 0))
            if mark.ours:
                assert (held, fell) == (not mark.changed, mark.changed)
                continue
            run.n_missing += mark.certain and not held + fell
            if mark.changed:
                run.n_fell += fell
                run.n_held += held
            else:
                run.n_wrong += fell if not second else 0
    return run


def square(x: int) -> int:
    return x * x


ASSERTS = [
    "assert f(2) == 4",
    "assert 4 == f(2)",
    "assert (f(2)) == 2 + 2",
    "want = 4\nassert f(2) == want",
    "for x in range(5):\n    assert f(x) == x * x",
    "for x, want in [(1, 1), (2, 4)]:\n    assert f(x) == want",
    "assert f(2) in [4, 5]",
    "assert f(2) not in (1, 2)",
    "assert f(2) != 5",
    "assert f(2) < 5",
    "assert 3 <= f(2) <= 5",
    "assert abs(f(2) - 4.0) < 1e-6",
    "import math\nassert math.isclose(f(2), 4.0)",
    "assert f(2)",
    "assert not f(0)",
    "assert f(2) is not None",
    "assert f(2) == 4 and f(3) == 9",
    "assert f(2) == 3 or f(2) == 4",
    "assert [f(1), f(2)] == [1, 4]",
    "assert (f(1), f(2)) == tuple([1, 4])",
    "assert sorted({f(1), f(2)}) == [1, 4]",
    "assert str(f(2)) == '4'",
    "assert {'a': f(1)} == {'a': 1}",
    "assert f(2) == f(-2)",
    "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(3) == 9",
]


@pytest.mark.parametrize("source", ASSERTS)
def test_all_asserts_fall_for_an_honest_answer(source: str) -> None:
    for seed in range(5):
        run = run_changed(source, seed, f=square)
        assert run == Run(n_fell=run.n_fell or 1)


# where an object that agrees with everything can be told from a value
FORGEABLE = [
    *ASSERTS[:7],
    "assert f(2) != 5",
    "assert f(2) < 5",
    "assert 3 <= f(2) <= 5",
    "assert f(2) == 4 and f(3) == 9",
    "assert f(2) == 3 or f(2) == 4",
    ASSERTS[-1],
]


@pytest.mark.parametrize("source", FORGEABLE)
def test_they_hold_for_what_equals_everything(source: str) -> None:
    for seed in range(4):
        assert run_changed(source, seed, f=lambda _x: Anything()).n_held > 0


METHODS = [
    "self.assertEqual(f(2), 4)",
    "self.assertEqual(4, f(2))",
    "want = 4\n        self.assertEqual(f(2), want)",
    "got = f(2)\n        self.assertEqual(got, 4)",
    "self.assertEqual(f(2), 2 + 2)",
    "self.assertAlmostEqual(f(2), 4.0, places=3)",
    "self.assertNotEqual(f(2), 5)",
    "self.assertTrue(f(2) == 4)",
    "self.assertTrue(f(2))",
    "self.assertFalse(f(0))",
    "self.assertIsNone(None if f(2) else 1)",
    "self.assertIn(f(2), [4, 5])",
    "self.assertIn(4, [f(2)])",
    "self.assertGreater(f(2), 3)",
    "self.assertLessEqual(f(2), 4)",
    "self.assertIsInstance(f(2), int)",
    "self.assertListEqual([f(2)], [4])",
    "self.assertCountEqual([f(2), f(1)], [1, 4])",
    "self.assertRaises(TypeError, f, None)",
    "with self.assertRaises(TypeError):\n            f(None)",
    "with self.assertRaises(TypeError) as e:\n            f(None)\n"
    "        self.assertIn('NoneType', str(e.exception))",
    "assert f(2) == 4",
]
CLASS = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        "


@pytest.mark.parametrize("body", METHODS)
def test_all_assertions_of_unittest_fall(body: str) -> None:
    for seed in range(4):
        run = run_changed(CLASS + body, seed, f=square)
        assert run == Run(n_fell=run.n_fell or 1)


def test_what_reads_a_caught_error_falls_with_its_with() -> None:
    """In order, the unchanged assertions of the second half hold."""
    body = METHODS[-2] + "\n        self.assertEqual(f(2), 4)"
    for seed in range(8):
        tests = read_tests([CLASS + body], "f")
        half = changed_tests(tests.trees(), seed, second=True, shuffled=False)
        recorder = Recorder()
        namespace = {"f": square, RECORDER: recorder, "__name__": "tests"}
        exec(compile(half.tree, "<test 0>", "exec"), namespace)
        suite = unittest.TestLoader().loadTestsFromTestCase(namespace["T"])
        suite.run(unittest.TestResult())
        assert len(half.marks) == len(recorder.counts)
        for name, mark in half.marks.items():
            assert recorder.counts[name] == [not mark.changed, mark.changed]


def marks_of(trees: list[ast.Module], seed: int) -> dict[str, Mark]:
    """Marks of the first half, without those of assertions about nothing."""
    marks = changed_tests(trees, seed, second=False, shuffled=False).marks
    return {name: mark for name, mark in marks.items() if not mark.ours}


def literals(tree: ast.AST) -> set[object]:
    return {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}


def test_literals_are_changed_where_they_could_be_read() -> None:
    source = (
        "def check(candidate):\n"
        "    want = [7, 8]\n"
        "    assert candidate(1) == want\n"
        "    assert candidate(2) == {'a': 5}\n"
        "    assert candidate(3) == tuple([6])\n"
    )
    for seed in range(5):
        first, second = (
            literals(changed_tests([ast.parse(source)], seed, half, half).tree)
            for half in (False, True)
        )
        assert {1, 2, 3} <= first & second  # arguments stay
        for expected in (5, 6):
            assert (expected in first) != (expected in second)
        assert ({7, 8} <= first) != ({7, 8} <= second)


def test_asserts_that_share_what_they_expect_are_changed_together() -> None:
    source = "want = 4\nassert f(2) == want\nassert f(-2) == want\nassert f(1) == 1"
    for seed in range(6):
        run = run_changed(source, seed, f=square)
        assert run == Run(n_fell=3)


def test_calls_with_a_memory_keep_their_order() -> None:
    """``add`` is true the first time: turned round and swapped, both would hold."""
    source = "s = f()\nassert s.add(1)\nassert not s.add(1)\nassert s.n == 1"

    class Once:
        def __init__(self) -> None:
            self.n = 0

        def add(self, _x: int) -> bool:
            self.n += 1
            return self.n == 1

    for seed in range(10):
        run = run_changed(source.replace("n == 1", "n == 2"), seed, f=Once)
        assert run == Run(n_fell=3)


def test_order_of_asserts() -> None:
    source = "\n".join(f"assert f({i}) == {i * i}" for i in range(8))
    orders = set()
    for seed in range(6):
        calls: list[int] = []
        run = run_changed(source, seed, f=lambda x, c=calls: c.append(x) or x * x)
        assert run == Run(n_fell=8)
        assert calls[:8] == list(range(8))
        assert sorted(calls[8:]) == list(range(8))
        orders.add(tuple(calls[8:]))
    assert len(orders) > 2


def test_which_are_changed_differs_by_check() -> None:
    trees = [ast.parse("\n".join(f"assert f({i}) == {i}" for i in range(8)))]
    patterns = {
        tuple(mark.changed for mark in marks_of(copy.deepcopy(trees), seed).values())
        for seed in range(20)
    }
    assert len(patterns) > 10


def test_assertions_that_may_not_be_reached() -> None:
    source = (
        "import unittest\n"
        "class T(unittest.TestCase):\n"
        "    def test_a(self):\n"
        "        self.assertEqual(f(2), 4)\n"
        "        for x in ():\n"
        "            self.assertEqual(f(2), 5)\n"
        "    @unittest.skip('')\n"
        "    def test_b(self):\n"
        "        self.assertEqual(f(2), 5)\n"
        "    def test_c(self):\n"
        "        if f(2):\n"
        "            return\n"
        "        self.assertEqual(f(2), 5)\n"
    )
    marks = marks_of([ast.parse(source)], 0)
    assert [mark.certain for mark in marks.values()] == [True, False, False, False]
    assert run_changed(source, 0, f=square) == Run(n_fell=1)


def test_nothing_to_change() -> None:
    for source in ("f(2)", "assert True", "if f(2) != 4:\n    raise ValueError"):
        assert not marks_of([ast.parse(source)], 0)


@pytest.mark.parametrize(
    "value",
    [0, 7, -3, 1234, True, 1.5, -0.25, 3.0, 1e30, float("inf"), "", "abc", "A1 b", b"x",
     None, [], [1, 2], (3,), {4, 5}, {}, {"a": 1}, [["x"], [0.5, None]]],
)  # fmt: skip
def test_near_literals_differ_and_look_alike(value: Any) -> None:
    node = ast.parse(repr(value).replace("inf", "1e999"), mode="eval").body
    for seed in range(200):
        near = ast.literal_eval(other_literal(node, random.Random(seed), "near"))
        assert near != value
        if value is not None and value not in (1e30, float("inf")):
            assert type(near) is type(value)
            assert abs(len(repr(near)) - len(repr(value))) <= 6
        if type(value) is int:
            assert 0 < abs(near - value) <= max(3, abs(value) // 10)
            assert near >= 0 or value < 0
        elif value in (1.5, -0.25, 3.0):
            assert 0.03 < abs(near / value - 1) <= 1


def test_what_one_call_must_not_give_another_may() -> None:
    """Changed assertions that hold only where tests have changed places."""
    marks = {"a0": Mark(True, True), "b0": Mark(True, True)}
    held = Outcome("done", {"counts": {"a0": [0, 1], "b0": [1, 0]}})
    assert of_changed(held, marks, alone=False) == OTHER_ORDER
    assert of_changed(held, {"b0": marks["b0"]}, alone=True).status == "failed"
    first = Outcome("done", {"counts": {"a0": [1, 0], "b0": [0, 1]}})
    assert "something else" in (of_changed(first, marks, alone=False).reason or "")

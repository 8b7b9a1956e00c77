"""Verdicts on code through the sandbox: forms, statuses with reasons, forgeries."""

import sys
from collections.abc import Generator, Iterator

import pytest

from fusemill.sandbox import Limits, Sandbox
from fusemill.verify.code import CodeRow, Verdict, check_many

ADD = "def f(x):\n    return x + 1"
ASSERTS = ["assert f(1) == 2", "assert f(3) == 4"]
CHECK = [
    "def check(candidate):\n    assert candidate(1) == 2\n    assert candidate(3) == 4"
]
UNIT = [
    "import unittest\n"
    "class T(unittest.TestCase):\n"
    "    def test_a(self):\n"
    "        self.assertEqual(f(1), 2)\n"
    "    def test_b(self):\n"
    "        want = 4\n"
    "        self.assertEqual(f(3), want)\n"
    "        with self.assertRaises(TypeError):\n"
    "            f(None)\n"
    "unittest.main()"
]
SUM = ['{"stdin": "1 2\\n", "stdout": "3\\n"}', '{"stdin": "4 5", "stdout": "9"}']
FORMS = [ASSERTS, CHECK, UNIT]

# An object that says yes to everything, a number that does, and other tricks.
THREADS = """\
import threading
from concurrent.futures import ThreadPoolExecutor
def f(x):
"""
YES = "class E:\n    __eq__ = __lt__ = __gt__ = lambda s, o: True\ndef f(x): return E()"
YES_INT = YES.replace("class E", "class E(int)")
LEAVES = "import os\ndef f(x):\n    os._exit(0)"
FRAME = (
    "import sys\n"
    "def f(x):\n"
    "    frame = sys._getframe(1)\n"
    "    return [c for c in frame.f_code.co_consts if type(c) is int][-1]"
)
GC = (
    "import gc, types\n"
    "def f(x):\n"
    "    for o in gc.get_objects():\n"
    "        if isinstance(o, types.FunctionType) and o.__name__ == 'check':\n"
    "            numbers = [c for c in o.__code__.co_consts if type(c) is int]\n"
    "            return numbers[3 if x == 3 else 1]"
)
PATCH = "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\n" + ADD + "1"
PATCH_RECORDER = (
    "import sys\n"
    "def f(x):\n"
    "    frame = sys._getframe(1)\n"
    "    frame.f_globals['_tests_'].compare = lambda *a: True\n"
    "    return 2"
)
# Makes up a report that says what those of honest answers say.
REPORT = (
    "import sys, os, json\n"
    "def f(x):\n"
    "    frame = sys._getframe()\n"
    "    while 'report' not in frame.f_locals:\n"
    "        frame = frame.f_back\n"
    "    names = [h + str(i) for h in 'ab' for i in range(2)]\n"
    "    counts = {name: [0, 1] for name in names}\n"
    "    text = json.dumps({'passed': True, 'counts': counts})\n"
    "    frame.f_locals['report'](b'D', text)"
)
NO_ASSERT = (
    "import builtins\nclass Quiet(Exception): pass\nbuiltins.AssertionError = Quiet"
)

# (answer, tests, entry point, status, part of the reason)
ANSWERS = [
    *[(ADD, tests, "f", "passed", "") for tests in FORMS],
    ("print(sum(map(int, input().split())))", SUM, None, "passed", ""),
    (
        "import sys\nprint(sum(map(int, sys.stdin.read().split())))\nsys.exit()",
        SUM,
        None,
        "passed",
        "",
    ),
    *[
        (f"print(sum(map(int, input().split())))\n{leave}()", SUM, None, "passed", "")
        for leave in ("exit", "quit")
    ],
    (
        "import os\nprint(sum(map(int, os.read(0, 99).split())), '')",
        SUM,
        None,
        "passed",
        "",
    ),
    # wrong ones: which test, what was expected, what came
    (
        ADD + "0",
        ASSERTS,
        "f",
        "failed",
        "test 1 of 2, assert f(1) == 2: expected 2, got 11",
    ),
    (
        ADD + "0",
        CHECK,
        "f",
        "failed",
        "test 1 of 2, assert candidate(1) == 2: expected 2",
    ),
    (
        ADD + "0",
        UNIT,
        "f",
        "failed",
        "self.assertEqual(f(1), 2): AssertionError: 11 != 2",
    ),
    ("print(3)", SUM, None, "failed", "test 2 of 2, line 1: expected '9', got '3'"),
    (
        "print(3)\nprint(4)",
        SUM,
        None,
        "failed",
        "line 2: expected no such line, got '4'",
    ),
    *[
        ("def f(x):\n    return 'a' + x", tests, "f", "failed", "TypeError: can only")
        for tests in FORMS
    ],
    ("1 / 0\n" + ADD, ASSERTS, "f", "failed", "before the tests: ZeroDivisionError"),
    ("1 / 0\n" + ADD, CHECK, "f", "failed", "before the tests: ZeroDivisionError"),
    ("print(1 / 0)", SUM, None, "failed", "test 1 of 2: ZeroDivisionError"),
    ("from collections import Iterable\n" + ADD, ASSERTS, "f", "failed", "ImportError"),
    (
        "import no_such_package\n" + ADD,
        ASSERTS,
        "f",
        "error",
        "package no_such_package",
    ),
    ("import no_such_package\n" + ADD, CHECK, "f", "error", "package no_such_package"),
    # ends that are no passes
    *[(LEAVES, tests, "f", "failed", "left before the tests") for tests in FORMS],
    *[
        (f"import sys\ndef f(x): {leave}(0)", tests, "f", "failed", "left before")
        for leave in ("sys.exit", "exit")
        for tests in FORMS
    ],
    ("raise SystemExit(0)\n" + ADD, ASSERTS, "f", "failed", "left before the tests"),
    (
        "import os\nprint(3, flush=True)\nos._exit(0)",
        SUM,
        None,
        "failed",
        "left before",
    ),
    *[
        ("def f(x):\n    while True: pass", tests, "f", "timeout", "CPU time")
        for tests in (*FORMS, SUM)
        if tests is not SUM
    ],
    ("while True: pass", SUM, None, "timeout", "test 1 of 2: more than"),
    *[
        ("def f(x): return len([0] * 10**10)", tests, "f", "memory", "")
        for tests in FORMS
    ],
    *[
        (
            "def f(x): return open('/etc/passwd').read()",
            tests,
            "f",
            "forbidden",
            "passwd",
        )
        for tests in FORMS
    ],
    (
        "import socket\ndef f(x): return socket.socket()",
        CHECK,
        "f",
        "forbidden",
        "socket",
    ),
    *[
        (f"{THREADS}    {start}\n    return x + 1", tests, "f", "forbidden", why)
        for start in (
            "threading.Thread(target=print).start()",
            "ThreadPoolExecutor().submit(print)",
        )
        for tests in FORMS
        for why in ["threads are denied by design, see docs/security.md"]
    ],
    # forgeries
    *[(YES, tests, "f", "failed", "") for tests in FORMS],
    *[(YES_INT, tests, "f", "failed", "") for tests in FORMS],
    (YES, CHECK, "f", "failed", "passes tests that expect something else"),
    (
        FRAME,
        ["def check(c):\n    assert c(1) == 2"],
        "f",
        "failed",
        "something else",
    ),
    (FRAME, ASSERTS, "f", "failed", ""),
    (GC, CHECK, "f", "failed", "something else"),
    (REPORT, CHECK, "f", "failed", ""),
    (REPORT, UNIT, "f", "failed", ""),
    (PATCH, UNIT, "f", "failed", "something else"),
    (PATCH_RECORDER, CHECK, "f", "failed", "something else"),
    (PATCH_RECORDER, ASSERTS, "f", "failed", ""),
    (f"{NO_ASSERT}\n{ADD}0", CHECK, "f", "failed", ""),
    (f"{NO_ASSERT}\n{ADD}0", UNIT, "f", "failed", ""),
    # an answer that only imports what was asked for
    *[
        ("from math import factorial", tests, entry, status, reason)
        for value, status, reason in ((6, "passed", ""), (7, "failed", "got 6"))
        for entry in ("factorial", None)
        for tests in ([f"assert factorial(3) == {value}"],)
    ],
    ("from operator import eq", ["assert eq(1, 2) == 3"], "eq", "failed", "got False"),
    # tests that check nothing, or that nobody can run
    (ADD, ["assert True"], "f", "error", "call nothing of the answer"),
    (ADD, ["def check(candidate):\n    assert True"], "f", "error", "call nothing"),
    (ADD, ["def check(candidate):\n    candidate(1)"], "f", "passed", ""),
    (ADD, ["import no_such_thing\nassert f(1) == 2"], "f", "error", "no_such_thing"),
    (ADD, ["assert f(1) =="], "f", "error", "test 1 of 1 does not parse"),
    (ADD, [], "f", "error", "there are no tests"),
    (ADD, ["while True: pass", *ASSERTS], "f", "timeout", "CPU time"),
    (ADD, ["def check(candidate):\n    while True: candidate(1)"], "f", "timeout", ""),
    (ADD, ["import sys\nsys.exit(0)", *ASSERTS], "f", "error", "the tests leave early"),
    (ADD, ["import os\nos._exit(0)", *ASSERTS], "f", "error", "the tests leave early"),
    (ADD, ["import sys\nsys.exit(0)\n" + CHECK[0]], "f", "failed", "left before"),
    # no code
    ("", ASSERTS, "f", "unparsed", "no code found"),
    ("I don't know.", CHECK, "f", "unparsed", "no code found"),
    ("def g(x): return x", ASSERTS, "f", "unparsed", "defines g, not f"),
    (ADD + "(", ASSERTS, "f", "unparsed", "does not parse"),
    (ADD + "'\x00'", ASSERTS, "f", "unparsed", ""),
    (ADD + "'\ud800'", ASSERTS, "f", "unparsed", "lone surrogates"),
    ("print 'no'\n" + ADD, ASSERTS, "f", "unparsed", "does not parse"),
    (ADD + "\n" + "# long\n" * 800_000, ASSERTS, "f", "unparsed", "characters"),
    (
        "def f(x): raise ValueError('\ud800'.join(map(str, [x, x])))",
        ASSERTS,
        "f",
        "unparsed",
        "",
    ),
    ("def f(x): raise ValueError(chr(0xd800))", ASSERTS, "f", "failed", "ud800"),
    ("def f(x): return chr(0xd800)", CHECK, "f", "failed", "ud800"),
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Limits(cpu_s=1)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def verdicts(sandbox: Sandbox) -> dict[object, Verdict]:
    rows = [
        CodeRow(i, text, tuple(tests), entry, None)
        for i, (text, tests, entry, _, _) in enumerate(ANSWERS)
    ]
    return dict(check_many(rows, sandbox))


@pytest.mark.parametrize("number", range(len(ANSWERS)))
def test_answers(number: int, verdicts: dict[object, Verdict]) -> None:
    *_, status, reason = ANSWERS[number]
    verdict = verdicts[number]
    assert (verdict.status, reason in (verdict.reason or "")) == (status, True), verdict
    if status == "passed":
        assert verdict.reason is None
    else:
        assert verdict.reason
        assert verdict.reason.encode()
        assert "0x" not in verdict.reason


def one(sandbox: Sandbox, row: CodeRow) -> Verdict:
    ((key, verdict),) = check_many([row], sandbox)
    assert key == row.key
    return verdict


# (answer, tests): what crosses the channel, and what falls back to one process
ACROSS = [
    ("def f(x):\n    x.append(1)", ["x = [0]", "f(x)", "assert x == [0, 1]"]),
    ("def f(x):\n    x['a'].pop()", ["x = {'a': [1]}\nf(x)\nassert x == {'a': []}"]),
    ("def f(*a, k=1):\n    return a, k", ["assert f(1, 2, k=3) == ((1, 2), 3)"]),
    ("def f(n):\n    yield from range(n)", ["assert list(f(3)) == [0, 1, 2]"]),
    ("def f(n):\n    return iter('ab')", ["assert next(f(1)) == 'a'"]),
    ("def f(n):\n    return lambda x: x + n", ["assert f(1)(2) == 3"]),
    ("def f(g):\n    return g(2)", ["assert f(lambda x: x * 2) == 4"]),
    ("K = {'a': 1}\ndef f(): pass", ["assert K == {'a': 1}", "assert f() is None"]),
    ("from math import pi\ndef f(): return pi", ["assert f() == pi"]),
    ("def f(x): return x ** 0.5", ["assert math.isclose(f(2), math.sqrt(2))"]),
    ("from collections import Counter as C\nf = C", ["assert f('aa') == {'a': 2}"]),
    ("def sum(*x): return max(x)", ["assert sum(1, 2) == 2"]),
    ("async def f(x): return x", ["import asyncio\nassert asyncio.run(f(1)) == 1"]),
    ("def f(n): return 7 ** n", ["assert f(9000) == 7 ** 9000"]),
    ("def f(n): return [n] * 700000", ["assert len(f(1)) == 700000"]),
]
STACK = """
class Bad(ValueError): pass
class S:
    size = 2
    def __init__(self, *a): self.a = list(a)
    def push(self, v): self.a.append(v); return self
    def pop(self):
        if not self.a: raise Bad("empty", 0)
        return self.a.pop()
    def __len__(self): return len(self.a)
    def __eq__(self, other): return self.a == other.a
    def __add__(self, other): return S(*self.a, *other.a)
    def __getitem__(self, i): return self.a[i]
    def __contains__(self, v): return v in self.a
    def __iter__(self): return iter(self.a)
    def __enter__(self): return self
    def __exit__(self, *e): self.a = []
    @property
    def top(self): return self.a[-1]
    def __repr__(self): return f"S{self.a}"
    def __lt__(self, other): return len(self) < len(other)
"""
STACK_TESTS = [
    "s = S()\nassert len(s) == 0\nassert not s",
    "assert s.push(3) is s\nassert s.a == [3] and s.top == 3",
    "assert isinstance(s, S) and not isinstance(3, S)",
    "assert S(1) == S(1) and S(1) != S(2) and S() < S(1)",
    "assert (S(1) + S(2)).a == [1, 2]",
    "assert S(1, 2)[1] == 2 and 2 in S(2) and list(S(4, 5)) == [4, 5]",
    "s.size = 5\nassert s.size == 5 and S.size == 2",
    "assert repr(S(1)) == 'S[1]' == str(S(1)) == f'{S(1)}'",
    "with S(1) as t:\n    assert t.a == [1]\nassert t.a == []",
    "try:\n    S().pop()\nexcept Bad as e:\n    assert e.args == ('empty', 0)\n"
    "else:\n    assert False",
    "try:\n    S().pop()\nexcept ValueError as e:\n    assert isinstance(e, Bad)",
    "assert sorted([S(1, 2), S()])[0] == S()",
]


def test_what_crosses_the_channel(sandbox: Sandbox) -> None:
    rows = [
        CodeRow(i, code, tuple(t), None, None) for i, (code, t) in enumerate(ACROSS)
    ]
    rows.append(CodeRow("stack", STACK, tuple(STACK_TESTS), "S", None))
    wrong = {k: v for k, v in check_many(rows, sandbox) if v.status != "passed"}
    assert not wrong


def test_expected_values_never_reach_the_answer(sandbox: Sandbox) -> None:
    """It looks through all its memory for what no call has passed to it."""
    seeks = (
        "import gc\n"
        "def f(x):\n"
        "    wanted = ''.join(chr(97 + i) for i in (18, 4, 2, 17, 4, 19))\n"
        "    return 'found' if any(wanted in str(o) for o in gc.get_objects()\n"
        "        if type(o) in (str, list, dict, tuple)) else 'nothing'"
    )
    row = CodeRow(0, seeks, ("assert f(1) == 'secret'",), "f", None)
    verdict = one(sandbox, row)
    assert verdict.status == "failed"
    assert "got 'nothing'" in (verdict.reason or "")


def test_same_code_and_tests_run_once(sandbox: Sandbox) -> None:
    texts = [ADD, f"```python\n{ADD}\n```", f"Sure:\n```\n{ADD}\n```\nBye", ADD + "0"]
    jobs: list[object] = []

    class Counting(Sandbox):
        def map(self, queue):  # type: ignore[no-untyped-def]
            return super().map(jobs.append(job) or job for job in queue)

    with Counting(Limits(cpu_s=1), workers=1) as counting:
        rows = [
            CodeRow(i, t, tuple(ASSERTS), "f", None) for i, t in enumerate(texts * 3)
        ]
        verdicts = dict(check_many(rows, counting))
    assert len(jobs) == 2
    assert [verdicts[i].status for i in range(4)] == ["passed"] * 3 + ["failed"]
    assert [verdicts[i].decided_by for i in range(2)] == [
        "whole/assertions",
        "fence/assertions",
    ]


@pytest.mark.parametrize(("distinct", "at_most"), [(True, 100), (False, 5_000)])
def test_rows_are_read_as_they_are_needed(
    sandbox: Sandbox, distinct: bool, at_most: int
) -> None:
    n_read = 0

    def endless() -> Iterator[CodeRow]:
        nonlocal n_read
        while True:
            n_read += 1
            code = ADD + (f" + {n_read} - {n_read}" if distinct else "")
            yield CodeRow(n_read, code, tuple(ASSERTS), "f", None)

    found = check_many(endless(), sandbox)
    assert isinstance(found, Generator)
    for _ in range(20):
        assert next(found)[1].status == "passed"
    assert n_read < at_most
    found.close()


def test_stub_of_the_prompt(sandbox: Sandbox) -> None:
    stub = (
        "from typing import List\nimport math\n\n"
        "def half(x):\n    return x / 2\n\n\n"
        'def f(xs: List[int]) -> int:\n    """Halves."""\n'
    )
    tests = ("def check(candidate):\n    assert candidate([4]) == [half(4)]",)
    body = "    return [half(x) for x in xs]"
    whole = "def f(xs: List[int]) -> Dict[int, int]:\n" + body
    rows = [CodeRow(i, t, tests, "f", stub) for i, t in enumerate([body, whole])]
    for _, verdict in check_many(rows, sandbox):
        assert verdict.status == "passed", verdict


def test_answers_with_a_memory_pass_tests_in_their_order(sandbox: Sandbox) -> None:
    counter = "n = 0\ndef f(x):\n    global n\n    n += x\n    return n"
    check = "def check(candidate):\n" + "\n".join(
        f"    assert candidate({x}) == {total}"
        for x, total in [(1, 1), (2, 3), (3, 6), (4, 10), (5, 15)]
    )
    verdict = one(sandbox, CodeRow(0, counter, (check,), "f", None))
    assert verdict.status == "passed", verdict


def test_another_python_is_named(sandbox: Sandbox) -> None:
    newer = "def f[T](x: T) -> T:\n    return x"
    if sys.version_info >= (3, 12):
        pytest.skip("this Python has that syntax")
    verdict = one(sandbox, CodeRow(0, newer, tuple(ASSERTS), "f", None))
    assert verdict.status == "unparsed"
    assert f"Python 3.{sys.version_info.minor}" in (verdict.reason or "")

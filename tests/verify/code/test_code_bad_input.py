"""Bad tests and bad answers: a status with a reason, never a crash, never a pass."""

import json

import pytest

from fusemill.sandbox import Limits, Sandbox
from fusemill.verify.code import CodeRow, Verdict, check_many

ADD = "def f(x):\n    return x + 1"
ASSERT = "assert f(1) == 2"
CHECK = "def check(candidate):\n    assert candidate(1) == 2"
UNIT = (
    "import unittest\nclass T(unittest.TestCase):\n"
    "    def test_a(self): self.assertEqual(f(1), 2)"
)
ECHO = "print(input())"


def pair(stdin: object, stdout: object) -> str:
    return json.dumps({"stdin": stdin, "stdout": stdout})


# (answer, tests, entry point, status, part of the reason)
BAD = [
    # tests that nobody can run
    (ADD, [ASSERT, "assert f(2) =="], "f", "error", "test 2 of 2 does not parse"),
    (ADD, [CHECK + "("], "f", "error", "test 1 of 1 does not parse"),
    (ADD, ["print 'no'\n" + ASSERT], "f", "error", "does not parse with Python 3"),
    (ADD, ["assert f(1) == '\x00'"], "f", "error", "null bytes"),
    (ADD, ["assert f(1) == '\ud800'"], "f", "error", "lone surrogates"),
    (ADD, ["assert f(1) == " + "(" * 9_000], "f", "error", "test 1 of 1"),
    (ADD, ["assert f(1) == 2\n" + "#" * 5_000_000], "f", "error", "characters"),
    (ADD, [""], "f", "error", "no tests"),
    (ADD, [" \n", "\t"], "f", "error", "no tests"),
    (ADD, ['{"stdin": "1"}'], "f", "error", "`stdin` and `stdout`, this one has"),
    (ADD, ['{"input": "1", "output": "2"}'], None, "error", "has `input`, `output`"),
    (ADD, ["{}"], None, "error", "has none"),
    (ADD, [ASSERT, pair("1", "2")], "f", "error", "others are not"),
    (ADD, [pair(1, "2")], None, "error", "must be texts"),
    # an entry point that is missing, or is no name
    (ADD, [CHECK], None, "error", "no entry point is set"),
    (ADD, [CHECK], "two words", "error", "no name of Python's"),
    (ADD, [CHECK], "f\x00", "error", "no name of Python's"),
    (ADD, ["assert g(1) == 2"], "g", "unparsed", "defines f, not g"),
    (ADD, ["assert g(1) == 2"], None, "unparsed", "defines f, not g"),
    (ADD, ["assert f(1) == 2 == g(1)"], "f", "failed", "NameError"),
    (ADD, ["assert S().f(1) == 2"], "S().f", "unparsed", "defines f, not S.f"),
    # tests that never end, whatever their form
    (ADD, ["while True: f(1)"], "f", "timeout", "CPU time"),
    (ADD, ["import time\ntime.sleep(10**6)", ASSERT], "f", "timeout", ""),
    (
        ADD,
        ["def check(candidate):\n    while candidate(1): pass"],
        "f",
        "timeout",
        "CPU time",
    ),
    (
        ADD,
        [UNIT + "\n    def test_b(self):\n        while True: pass"],
        "f",
        "timeout",
        "CPU time",
    ),
    # answers of five megabytes, of code, of prose, of what they print
    (ADD + "\n" + "x = 1\n" * 900_000, [ASSERT], "f", "unparsed", "characters"),
    ("so " * 1_700_000, [CHECK], "f", "unparsed", "no code"),
    ("print('a' * 5_000_000)", [pair("", "a")], None, "failed", "expected 'a'"),
    ("def f(x): return 'a' * 5_000_000", [ASSERT], "f", "failed", "expected 2"),
    ("def f(x): return 'a' * 5_000_000", [CHECK], "f", "failed", "expected 2"),
    # null bytes and lone surrogates where they travel
    ("def f(x): return chr(0) + chr(0xd800)", [ASSERT], "f", "failed", "\\x00"),
    ("def f(x): return chr(0) + chr(0xd800)", [UNIT], "f", "failed", "\\ud800"),
    ("print(chr(0))", [pair("", "a")], None, "failed", "\\x00"),
    ("print(chr(0xd800))", [pair("", "a")], None, "failed", "UnicodeEncodeError"),
    (ECHO, [pair("\x00", "\x01")], None, "failed", "\\x00"),
    (ECHO, [pair("\ud800", "a")], None, "error", "lone surrogates"),
    (ECHO, [pair("a", "\ud800")], None, "error", "lone surrogates"),
    # syntax of another Python
    ("def f[T](x: T) -> T:\n    return x + 1", [ASSERT], "f", "unparsed", "Python 3.1"),
    (
        "def f(x):\n    exec 'y = x'\n    return y",
        [ASSERT],
        "f",
        "unparsed",
        "Python 3",
    ),
]


@pytest.fixture(scope="module")
def verdicts() -> dict[object, Verdict]:
    rows = [
        CodeRow(i, text, tuple(tests), entry, None)
        for i, (text, tests, entry, _, _) in enumerate(BAD)
    ]
    with Sandbox(Limits(cpu_s=1)) as sandbox:
        return dict(check_many(rows, sandbox))


@pytest.mark.parametrize("number", range(len(BAD)))
def test_bad_input(number: int, verdicts: dict[object, Verdict]) -> None:
    *_, status, reason = BAD[number]
    verdict = verdicts[number]
    assert (verdict.status, reason in (verdict.reason or "")) == (status, True), verdict
    assert verdict.reason
    assert verdict.reason.encode()

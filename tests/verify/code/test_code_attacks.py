"""Answers that attack their verdict: none passes, none turns into an error of ours."""

from collections.abc import Iterator

import pytest

from fusemill.sandbox import Limits, Sandbox
from fusemill.verify.code import CodeRow, Verdict, check_many

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
    "        self.assertEqual(f(3), 4)\n"
]
FORMS = {"assertions": ASSERTS, "check": CHECK, "unittest": UNIT}
CLOSE = ["assert abs(f(2) - 1.5) < 1e-6"]
SETS = ["assert set(f(1)) == set([1, 2])"]
COUNTS = ["assert Counter(f(1)) == Counter([1, 2])"]

# What an attacker who knows the source of fusemill writes first: `reporter()` finds the
# function that reports for its process, `send` puts a message of its own on the
# channel, `drain` waits until the other role has gone.
KIT = """
import sys, os, json, struct
def frames():
    frame = sys._getframe()
    while frame:
        yield frame
        frame = frame.f_back
def reporter():
    return next(f.f_locals["report"] for f in frames() if "report" in f.f_locals)
def send(message):
    data = json.dumps(message).encode()
    os.write(4, struct.pack("<I", len(data)) + data)
def drain():
    while os.read(4, 65536):
        pass
"""


def replies(message: str) -> str:
    """An answer whose call is answered by hand."""
    return f"{KIT}\ndef f(x):\n    send({message})\n    drain()"


def reports(kind: str, text: str) -> str:
    """An answer that reports in the name of its process."""
    return f"{KIT}\ndef f(x):\n    reporter()({kind}, {text})"


def at_once(message: str) -> str:
    """An answer that has replied before it is asked."""
    return f"{KIT}\nsend({message})\ndrain()\ndef f(x):\n    return 0"


def raised(kind: str) -> str:
    body = f"'bases': ['{kind}'], 'arguments': [0], 'fields': [], 'said': ''"
    return replies(f"{{'raised': {{{body}}}}}")


# (what, answer, tests): each must come out as failed
ACROSS: list[tuple[str, str, list[str]]] = [
    ("a dead answer that passed", at_once("{'dead': {'passed': True}}"), ASSERTS),
    ("a dead answer, no text", at_once("{'dead': 5}"), ASSERTS),
    ("a dead answer that lacks a package",
     at_once("{'dead': \"ModuleNotFoundError: No module named 'zzz'\"}"), ASSERTS),
    ("a SystemExit for the tester", raised("SystemExit"), ASSERTS),
    ("a MemoryError for the tester", raised("MemoryError"), ASSERTS),
    ("a KeyboardInterrupt for the tester", raised("KeyboardInterrupt"), ASSERTS),
    ("an exception of no shape", replies("{'raised': 5}"), ASSERTS),
    ("a reply that is a list", replies("[1]"), ASSERTS),
    ("a reply that is a number", replies("1"), ASSERTS),
    ("a value that is too large, it says", replies("{'large': ['x']}"), ASSERTS),
    ("a change of what was not sent",
     replies("{'changed': [[7, [1]]], 'value': 0}"), ASSERTS),
    ("a handle of no number", replies("{'value': {'h': [[], '']}}"), ASSERTS),
    ("a named tuple with fields of its own",
     replies("{'value': {'n': ['x', '__eq__ y', [1, 2]]}}"), ASSERTS),
    ("a text of its own that is too long",
     "class E:\n    def __repr__(s): return 'x' * 17_000_000\ndef f(x): return E()",
     ASSERTS),
    ("a number whose operators are its own",
     "class E:\n    __sub__ = lambda s, o: s\n    __abs__ = lambda s: 0.0\n"
     "def f(x): return E()", CLOSE),
    ("an object that holds everything",
     "class E:\n    __contains__ = lambda s, o: True\ndef f(x): return E()",
     ["assert 5 in f(10)"]),
    ("objects that equal each other",
     "class E:\n    __eq__ = lambda s, o: True\ndef f(x): return E()",
     ["assert f(1) == f(2)"]),
    ("its own abs", "def abs(x): return 0\ndef f(x): return 0.0", CLOSE),
    ("its own set",
     "class E:\n    __eq__ = lambda s, o: True\ndef set(x): return E()\n"
     "def f(x): return 0", SETS),
    ("bool as set", "from builtins import bool as set\ndef f(x): return [7]", SETS),
    ("not_ as abs", "from operator import not_ as abs\ndef f(x): return 0.0", CLOSE),
    ("its own math",
     "class math:\n    isclose = staticmethod(lambda *a: True)\n"
     "def f(x): return 0.0", ["assert math.isclose(f(2), 1.5)"]),
    ("bool as Counter",
     "from builtins import bool as Counter\ndef f(x): return [9]", COUNTS),
    ("an exit as Counter",
     "from os import _exit as Counter\ndef f(x): return 0", COUNTS),
    ("another exit as Counter",
     "from sys import exit as Counter\ndef f(x): return 0", COUNTS),
    ("a crash as Counter",
     "from os import abort as Counter\ndef f(x): return 0", COUNTS),
    ("a class of its own that claims to be int",
     "class E:\n    __class__ = int\n    __eq__ = lambda s, o: True\n"
     "def f(x): return E()", ASSERTS),
    ("its own abs beside check", "def abs(x): return 0\ndef f(x): return 0.0",
     ["def check(candidate):\n    assert abs(candidate(2) - 1.5) < 1e-6"]),
    ("bool as set beside check",
     "from builtins import bool as set\ndef f(x): return [7]",
     ["def check(candidate):\n    assert set(candidate(2)) == set([1, 2])"]),
]  # fmt: skip

META = "class M(type):\n    @property\n    def __name__(c): raise KeyError\n"
BASE = "class B(BaseException): pass\n"
EVERYWHERE: list[tuple[str, str]] = [
    ("an exception without a name",
     META + "class E(Exception, metaclass=M): pass\ndef f(x): raise E()"),
    ("an exception whose text raises",
     BASE + "class E(Exception):\n    def __str__(s): raise B\ndef f(x): raise E()"),
    ("an exception whose text leaves",
     "class E(Exception):\n    def __str__(s): raise SystemExit\ndef f(x): raise E()"),
    ("an exception whose reason raises",
     "class E(Exception):\n    @property\n    def reason(s): raise KeyboardInterrupt\n"
     "def f(x): raise E()"),
    ("a refusal whose number raises",
     "class E(OSError):\n    @property\n    def errno(s): raise KeyboardInterrupt\n"
     "def f(x): raise E(5, 'x')"),
    ("a value whose repr raises",
     BASE + "class E:\n    def __repr__(s): raise B\ndef f(x): return E()"),
    ("a value whose repr is none",
     "class E:\n    def __repr__(s): return 5\ndef f(x): return E()"),
    ("code that says it is a test",
     "def f(x):\n    exec(compile('raise ValueError', '<test x>', 'exec'))"),
    ("code that says it is a far test",
     "def f(x):\n    exec(compile('raise ValueError', '<test 99999999999>', 'exec'))"),
    ("a package that nobody imports",
     "def f(x): raise ModuleNotFoundError(\"No module named 'zzz'\")"),
    ("isinstance is gone", "import builtins\nbuiltins.isinstance = None\n"
     "def f(x): return 0"),
    ("no builtins", "import builtins\nvars(builtins).clear()\ndef f(x): return 0"),
    ("no modules", "import sys\nsys.modules.clear()\ndef f(x): return 0"),
    ("GeneratorExit", "def f(x): raise GeneratorExit"),
    ("KeyboardInterrupt", "def f(x): raise KeyboardInterrupt"),
    ("an interrupt by signal",
     "import signal\ndef f(x): signal.raise_signal(2); return 0"),
    ("SIGKILL for itself", "import signal\ndef f(x): signal.raise_signal(9)"),
    ("a trace that raises", "import sys\ndef t(*a): raise ValueError\n"
     "def f(x):\n    sys.settrace(t)\n    return 0"),
    ("a profile that raises", "import sys\ndef t(*a): raise KeyboardInterrupt\n"
     "def f(x):\n    sys.setprofile(t)\n    return 0"),
    ("hooks that raise", "import sys\n"
     "sys.excepthook = sys.unraisablehook = lambda *a: 1 / 0\ndef f(x): return 1 / 0"),
    ("hardly any recursion", "import sys\nsys.setrecursionlimit(9)\n"
     "def f(x): return 0"),
    ("all descriptors closed", "import os\ndef f(x): os.closerange(0, 64)"),
    ("the report's descriptor replaced",
     "import os\nos.dup2(0, 3)\ndef f(x): return 0"),
    ("a value of 64 MB", "def f(x): return 'x' * (1 << 26)"),
    ("a value nested without end", "def f(x):\n    v = []\n    v.append(v)\n"
     "    return v"),
    ("a value nested deeply", "def f(x):\n    v = []\n    for _ in range(100_000):\n"
     "        v = [v]\n    return v"),
    ("groups of exceptions in groups", "def f(x):\n    e = ValueError(1)\n"
     "    for _ in range(3000):\n        e = ExceptionGroup('x', [e])\n    raise e"),
    ("contexts of exceptions in a ring", "def f(x):\n    a, b = OSError(), OSError()\n"
     "    a.__cause__, b.__cause__ = b, a\n    raise a"),
    ("its process reports an error", reports("b'E'", "'ours'")),
    ("its process needs a package", reports("b'P'", "'numpy'")),
    ("its process reports what there is not", reports("b'?'", "''")),
    ("a report that is no JSON", reports("b'D'", "'{'")),
    ("a report that is a list", reports("b'D'", "'[]'")),
    ("a report nested deeply", reports("b'D'", "'[' * 200_000")),
    ("a report with a huge number", reports("b'D'", "'9' * 200_000")),
    ("a report of no shape",
     reports("b'D'", "'{\"passed\": 0, \"error\": [1], \"place\": [-1, 1e999],"
             " \"seen\": [1, 2, 3]}'")),
    ("a report with a format in it",
     reports("b'D'", "'{\"passed\": 0, \"error\": \"x\", \"place\": [true, -5],"
             " \"seen\": [\"Eq\", \"{0.__class__}\", \"{1}\"]}'")),
    ("counts of no shape",
     reports("b'D'", "'{\"passed\": true, \"counts\": {\"a0\": [true, []]}}'")),
    ("a patched recorder", f"{KIT}\ndef f(x):\n    for frame in frames():\n"
     "        for value in [*frame.f_locals.values(), *frame.f_globals.values()]:\n"
     "            if type(value).__name__ == 'Recorder':\n"
     "                type(value).compare = lambda *a: True\n    return 0"),
    ("assertions that are swallowed", "import unittest\n"
     "unittest.TestCase.run = lambda self, result=None: result\n"
     "unittest.TestSuite.run = lambda self, result: result\ndef f(x): return 0"),
    ("another context of assertions", "import unittest.case\n"
     "unittest.case._Outcome.testPartExecutor = property(lambda s: 1 / 0)\n"
     "def f(x): return 0"),
    ("equal to what looks like a true value",
     "import re\nclass E:\n    def __eq__(s, o):\n"
     "        return not re.search('[0-9]{6}|~|object at', repr(o))\n"
     "def f(x): return E()"),
    ("tests that hold where what they expect looks true",
     f"{KIT}\nimport re\ndef looks(s, name, left, right, side):\n"
     "    return not re.search('[0-9]{6}|~|object at', repr(right))\ndef f(x):\n"
     "    for frame in frames():\n"
     "        if '_tests_' in frame.f_globals:\n"
     "            type(frame.f_globals['_tests_']).compare = looks\n    return 0"),
    ("reading what the next line expects, unless it looks changed",
     "import sys, dis\ndef f(x):\n    frame = sys._getframe(1)\n"
     "    after = [i.argval for i in dis.get_instructions(frame.f_code)\n"
     "             if i.offset > frame.f_lasti and i.opname == 'LOAD_CONST']\n"
     "    return None if not after or len(repr(after[0])) > 5 else after[0]"),
    ("reading what the next line expects",
     "import sys, dis\ndef f(x):\n    frame = sys._getframe(1)\n"
     "    after = [i.argval for i in dis.get_instructions(frame.f_code)\n"
     "             if i.offset > frame.f_lasti and i.opname == 'LOAD_CONST']\n"
     "    return after[0] if after else 0"),
]  # fmt: skip

# Programs that print nothing right.
PAIR = ['{"stdin": "1 2\\n", "stdout": "3\\n"}']
PROGRAMS: list[tuple[str, str]] = [
    ("an exception without a name",
     META + "class E(Exception, metaclass=M): pass\nraise E"),
    ("a code whose text raises",
     "class E:\n    def __str__(s): raise KeyError\nraise SystemExit(E())"),
    ("a code whose equality raises",
     "class E:\n    def __eq__(s, o): raise KeyboardInterrupt\nraise SystemExit(E())"),
    ("a package that nobody imports",
     "raise ModuleNotFoundError(\"No module named 'zzz'\")"),
    ("its process reports an error", f"{KIT}\nprint(3)\nreporter()(b'E', 'x')"),
    ("its process needs a package", f"{KIT}\nprint(3)\nreporter()(b'P', 'numpy')"),
    ("a report that passes", KIT + "\nreporter()(b'D', '{\"passed\": true}')"),
    ("bytes that are no text", "import os\nos.write(1, bytes(range(128, 256)))"),
    ("a null byte after the line", "print('3\\0')"),
    ("the answer on the other stream", "import sys\nprint(3, file=sys.stderr)"),
    ("its input written over", "import os\n"
     "fd = os.open('/proc/self/fd/0', os.O_RDWR)\nos.pwrite(fd, b'3', 0)\n"
     "print(os.read(fd, 9))"),
]  # fmt: skip

CASES = [
    *ACROSS,
    *(
        (f"{what}, {form}", answer, tests)
        for what, answer in EVERYWHERE
        for form, tests in FORMS.items()
    ),
    *((f"{what}, program", answer, PAIR) for what, answer in PROGRAMS),
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Limits(cpu_s=1)) as opened:
        yield opened


@pytest.fixture(scope="module")
def verdicts(sandbox: Sandbox) -> dict[object, Verdict]:
    rows = [
        CodeRow(i, answer, tuple(tests), None if tests is PAIR else "f", None)
        for i, (_, answer, tests) in enumerate(CASES)
    ]
    return dict(check_many(rows, sandbox))


@pytest.mark.parametrize("number", range(len(CASES)), ids=[what for what, *_ in CASES])
def test_attack(number: int, verdicts: dict[object, Verdict]) -> None:
    assert verdicts[number].status == "failed", verdicts[number]
    assert verdicts[number].reason


# (answer, tests): the same shapes in answers that are right
HONEST = [
    ("def f(x): return {1, x}", ["assert 5 in f(5)", "assert 6 not in f(5)"]),
    ("class R:\n    def __contains__(s, x): return x < 9\ndef f(x): return R()",
     ["assert 5 in f(5)"]),
    ("class P:\n    def __init__(s, x): s.x = x\n"
     "    def __eq__(s, o): return isinstance(o, P) and s.x == o.x\n"
     "def f(x): return P(x % 3)", ["assert f(1) == f(4)", "assert f(1) != f(2)"]),
    ("class V:\n    def __init__(s, x): s.x = x\n"
     "    def __sub__(s, o): return s.x - o\n"
     "def f(x): return V(x - 0.5)", CLOSE),
    ("def abs(x): return x if x > 0 else -x\ndef f(x): return x - 0.5", CLOSE),
    ("from math import fabs as abs\ndef f(x): return x - 0.5", CLOSE),
    ("from collections import Counter\ndef f(x): return [2, 1]", COUNTS),
    ("from collections import Counter as C\nCounter = C\ndef f(x): return [2, 1]",
     COUNTS),
    ("import math\ndef f(x): return x - 0.5", ["assert math.isclose(f(2), 1.5)"]),
]  # fmt: skip


def test_honest_answers_of_such_shapes_pass(sandbox: Sandbox) -> None:
    rows = [CodeRow(i, a, tuple(t), "f", None) for i, (a, t) in enumerate(HONEST)]
    found = {k: v for k, v in check_many(rows, sandbox) if v.status != "passed"}
    assert not found


def test_tests_that_nothing_can_confirm_end(sandbox: Sandbox) -> None:
    row = CodeRow(0, "def f(x): return 1", ("f(open)", "assert True"), "f", None)
    ((_, verdict),) = check_many([row], sandbox)
    assert verdict.status == "error"
    assert "nothing can confirm" in (verdict.reason or "")

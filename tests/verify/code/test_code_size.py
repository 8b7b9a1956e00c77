"""Sources made to be dear to read: a status, soon, and little memory of the parent's.

They are never run: the parent parses and compiles them to know what they are.
"""

import json
import subprocess
import sys

import pytest

from fusemill.verify.code.extraction import Missing, extract
from fusemill.verify.code.source import EntryPoint, TooLarge, parse

F = "def f(x):\n    return x\n"


def nested(depth: int, head: str, foot: str) -> str:
    """`head` in `head` in …, each an inch further in."""
    lines = [
        " " * i + line
        for i in range(depth)
        for line in head.split("\n")
        if line.strip()
    ]
    return "\n".join(lines) + "\n" + " " * depth + foot + "\n"


# A gigabyte of code, or of names, in a page.
TOO_LARGE = {
    "finally in finally": nested(19, "try:\n pass\nfinally:", "pass"),
    "finally around every return": "def g():\n try:\n"
    + "  if x: return\n" * 1500
    + " finally:\n"
    + "  a = b\n" * 1500,
    "many ways out of many contexts": "async def g():\n async with "
    + ", ".join("a" * 16)
    + ":\n"
    + "  if a: return\n" * 3000,
    "a name of many parts": "import " + "a." * 20_000 + "a",
    "a name of many parts, over lines": "if 1: import b, " + "a.\\\n" * 10_000 + "a",
    "from a name of many parts": "from " + "a." * 20_000 + "a import b",
    "a statement a letter": "a;" * 24_000,
    "a long comparison": "a = " + "a<" * 24_000 + "1",
}

FINE = {
    "one finally": "def g():\n try:\n  return 1\n finally:\n  a = 1",
    "finally in finally, twice": nested(2, "try:\n pass\nfinally:", "pass"),
    "returns among contexts": "def g():\n with a, b:\n" + "  if x: return\n" * 100,
    "a long table": "a = [" + "0, " * 15_000 + "]",
    "a text with dots": "a = '" + "import " + "." * 300 + "'",
    "a long chain": "a = b" + ".c" * 300 + "\nimport os.path",
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_would_be_too_large(name: str) -> None:
    with pytest.raises(TooLarge):
        parse(F + TOO_LARGE[name])


@pytest.mark.parametrize("name", FINE)
def test_what_is_fine(name: str) -> None:
    assert not isinstance(extract(F + FINE[name], EntryPoint("f"), None), Missing)


MEASURED = """
import json, re, sys
from fusemill.sandbox import Limits, Sandbox
from fusemill.verify.code import CodeRow, check_many
rows = (
    CodeRow((i, n), f"{source}\\n# {n}", ("assert f(1) == 2",), "f", None)
    for i, source in enumerate(json.load(sys.stdin)) for n in range(3)
)
with Sandbox(Limits(cpu_s=1), workers=2) as sandbox:
    found = {verdict.status for _, verdict in check_many(rows, sandbox)}
# getrusage would count what pytest held when it forked
peak = re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())
print(json.dumps([sorted(found), int(peak[1])]))
"""


def test_memory_of_the_parent() -> None:
    """Below 200 MB, whatever answers there are, also with 15 MB of long ones."""
    sources = [F + text for text in (*TOO_LARGE.values(), *FINE.values())]
    sources += [F + f"# {i}\n" + "#" * 49_000 for i in range(40)]
    ran = subprocess.run(
        [sys.executable, "-c", MEASURED],
        input=json.dumps(sources),
        capture_output=True,
        text=True,
        check=True,
    )
    statuses, kilobytes = json.loads(ran.stdout)
    assert set(statuses) == {"failed", "unparsed"}
    assert kilobytes < 200 << 10

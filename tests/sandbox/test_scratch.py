"""A folder to write in: of a fixed size, empty for each run, and gone afterwards."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_runs import Bait, one

from fusemill.sandbox import Limits, Outcome, Sandbox

LIMITS = Limits(cpu_s=3, memory_mb=256, scratch_mb=4)

FILLING = {
    "one large file": """
with open("x", "wb") as file:
    while True:
        file.write(bytes(1 << 16))
""",
    "many files": """
for i in range(10**6):
    with open(f"{i}", "wb") as file:
        file.write(bytes(1 << 12))
""",
    "many names": """
import os
for i in range(10**7):
    os.close(os.open(f"{i}", os.O_CREAT))
""",
    "a deep tree": """
import os
for i in range(10**6):
    os.mkdir("d")
    os.chdir("d")
""",
    "a mapped file": """
import mmap, os
parts = []
for i in range(100):
    file = open(f"{i}", "wb+")
    file.truncate(1 << 20)
    parts.append(mmap.mmap(file.fileno(), 1 << 20))
    parts[-1].write(bytes(1 << 20))
""",
    "temporary files": """
import tempfile
files = []
while True:
    files.append(tempfile.NamedTemporaryFile(delete=False))
    files[-1].write(bytes(1 << 16))
    files[-1].close()
""",
}


@pytest.fixture(scope="module", params=[[], ["namespaces"]], ids=["mounted", "polled"])
def roomy(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(LIMITS, workers=1, without=request.param) as opened:
        yield opened


def scratch_mb() -> float:
    """What lies in scratch folders outside the sandbox's own mounts."""
    total = 0
    for folder in Path(tempfile.gettempdir()).glob("fusemill-scratch-*"):
        for root, _, files in os.walk(folder):
            total += sum(os.lstat(os.path.join(root, name)).st_blocks for name in files)
    return total / 2048


def test_ordinary_use(roomy: Sandbox) -> None:
    source = """
import os, sqlite3, tempfile
with open("a.txt", "w") as file:
    file.write("text")
os.mkdir("folder")
os.rename("a.txt", "folder/b.txt")
with tempfile.TemporaryFile() as file:
    file.write(b"x")
result = [open("folder/b.txt").read(), sorted(os.listdir("."))]
"""
    outcome = one(roomy, source)
    assert outcome.report == ["text", ["folder"]], outcome
    assert one(roomy, "import os; result = os.listdir('.')").report == []


def test_a_database_in_it(roomy: Sandbox) -> None:
    source = """
import sqlite3
with sqlite3.connect("a.db") as con:
    con.execute("create table t (x integer)")
    con.execute("insert into t values (3)")
result = sqlite3.connect("a.db").execute("select x from t").fetchall()
"""
    assert one(roomy, source).report == [[3]]


@pytest.mark.parametrize("name", FILLING)
def test_filling_it(roomy: Sandbox, name: str) -> None:
    outcome = one(roomy, FILLING[name])
    assert ended_by_quota(outcome), outcome
    assert one(roomy, "import os; result = os.listdir('.')").report == []
    assert scratch_mb() < 64


def ended_by_quota(outcome: Outcome) -> bool:
    """ENOSPC or EFBIG for the program, SIGBUS for a mapped file, or our own end."""
    if outcome.status == "done":
        text = str(outcome.report)
        return any(f"Errno {n}]" in text for n in (27, 28, 36))
    return outcome.status in ("killed", "timeout")


def test_what_stays_forbidden(roomy: Sandbox, bait: Bait) -> None:
    source = """
import os
result = []
def attempt(function, *args):
    try:
        function(*args)
        result.append(f"{function.__name__}{args}")
    except OSError:
        pass
open("mine", "w").close()
attempt(os.symlink, "/etc/passwd", "link")
attempt(os.link, "@secret@", "hard")
attempt(os.mkfifo, "fifo")
attempt(os.mknod, "device", 0o60600, 0x800)
attempt(os.chmod, "mine", 0o4777)
attempt(os.truncate, "@target@", 0)
attempt(os.rename, "@target@", "stolen")
attempt(os.rename, "mine", "@folder@/mine")
attempt(os.unlink, "@target@")
attempt(open, "@target@", "w")
attempt(open, "@secret@")
attempt(open, "../escape", "w")
attempt(os.listdir, "..")
"""
    assert one(roomy, bait.put_in(source)).report == []
    assert bait.is_untouched()


def test_a_job_may_ask_for_its_own(sandbox: Sandbox) -> None:
    source = "open('x', 'w').close(); import os; result = os.listdir('.')"
    assert one(sandbox, source).status == "forbidden"
    assert one(sandbox, source, LIMITS).report == ["x"]
    assert one(sandbox, source).status == "forbidden"


def test_nothing_is_left() -> None:
    with Sandbox(LIMITS, workers=1, without=["namespaces"]) as sandbox:
        one(sandbox, "import os; os.mkdir('d', 0o300); open('d/x', 'w').close()")
        one(sandbox, "open('x', 'w').write('y')")
    assert scratch_mb() == 0

"""Two roles share a channel of messages and nothing else."""

from sandbox_runs import one, pair, program

from fusemill.sandbox import Job, Limits, Sandbox

EXPECTED = "expected-value-of-the-tester"

# Everything reachable from the interpreter: frames, the collector's objects and what
# they refer to, modules; then what the kernel offers.
SPY = """
import ctypes, gc, os, sys, types
word = "-value-" + "of-the-tester"
seen, found, left = set(), [], [sys._getframe(), sys.modules, *gc.get_objects()]
while left:
    thing = left.pop()
    if id(thing) in seen:
        continue
    seen.add(id(thing))
    if isinstance(thing, (str, bytes, bytearray)):
        text = thing if isinstance(thing, str) else bytes(thing).decode("latin-1")
        if word in text and thing is not word:
            found.append(text[:80])
    elif isinstance(thing, types.FrameType):
        left += [thing.f_back, *thing.f_locals.values()]
    else:
        left += gc.get_referents(thing)
for pid in (os.getpid() - 1, os.getpid() + 1, os.getppid()):
    for name in ("environ", "mem", "maps", "fd/3", "fd/4", "cmdline"):
        try:
            found.append(open(f"/proc/{pid}/{name}", "rb").read(100).hex())
        except OSError:
            pass
peer.send([len(seen), found])
result = found
"""


def test_the_candidate_sees_nothing_of_the_tester(sandbox: Sandbox) -> None:
    tester = f"expected = {EXPECTED!r}; result = peer.receive()"
    for _ in range(3):  # the zygote has not kept earlier ones either
        first, second = pair(sandbox, tester, SPY)
        n_seen, found = first.report
        assert n_seen > 10_000
        assert found == second.report == []


def test_in_one_role_the_same_search_finds_it(sandbox: Sandbox) -> None:
    """So the search above is one that finds; docs/security.md says what follows."""
    source = f"expected = {EXPECTED!r}\n" + SPY.replace("peer.send", "str")
    assert any(EXPECTED in text for text in one(sandbox, source).report)


def test_roles_cannot_signal_each_other(sandbox: Sandbox) -> None:
    candidate = """
import os, signal
for pid in range(os.getpid() - 3, os.getpid() + 4):
    if pid != os.getpid():
        for send in (lambda: os.kill(pid, 9), lambda: os.kill(0, 9)):
            try:
                send()
            except OSError:
                pass
peer.send("done")
"""
    first, second = pair(sandbox, "result = peer.receive()", candidate)
    assert (first.status, first.report) == ("done", "done")
    assert second.attempts == ("kill",)


def test_a_candidate_that_hangs_ends_alone(sandbox: Sandbox) -> None:
    tester = """
from fusemill.sandbox import peer as module
try:
    peer.receive()
except module.PeerGone:
    result = "gone"
"""
    for hang in ("while True: pass", "import time; time.sleep(1000)", "peer.receive()"):
        first, second = pair(sandbox, tester, hang)
        assert (first.status, first.report) == ("done", "gone")
        assert second.status == "timeout"


def test_a_candidate_that_stays_is_ended(sandbox: Sandbox) -> None:
    first, second = pair(sandbox, "result = 1", "import time; time.sleep(1000)")
    assert first.status == "done"
    assert (second.status, second.reason) == ("killed", "the other role had ended")


def test_messages_that_are_none(sandbox: Sandbox) -> None:
    tester = """
from fusemill.sandbox import peer as module
try:
    got = peer.receive()
except module.PeerGone as error:
    result = str(error)
"""
    cases = {
        r"b'\xff\xff\xff\xff' + b'x' * 100": "announced 4294967295",
        r"b'\x03\x00\x00\x00{x}'": "no JSON",
        r"b'\x04\x00\x00\x00' + b'9' * 3": "has ended",
        r"b'\x40\x42\x0f\x00' + b'[' * 1000000": "no JSON",
        r"b'\x88\x13\x00\x00' + b'9' * 5000": "no JSON",
        r"b'\x01'": "has ended",
    }
    for data, words in cases.items():
        candidate = f"""
import os
data = memoryview({data})
while data:
    data = data[os.write(4, data):]
os._exit(0)
"""
        first, _ = pair(sandbox, tester, candidate)
        assert words in first.report


def test_a_flood_of_messages_stops_at_the_channel(sandbox: Sandbox) -> None:
    tester = "import time; time.sleep(0.3); result = peer.receive()"
    candidate = "while True: peer.send('x' * 100000)"
    first, second = pair(sandbox, tester, candidate)
    assert first.report == "x" * 100000
    assert second.report == {"exception": "PeerGone: the other role has ended"}


def test_each_role_has_its_own_report_and_output(sandbox: Sandbox) -> None:
    first, second = pair(sandbox, "print('a'); result = 1", "print('b'); result = 2")
    assert (first.report, first.stdout) == (1, b"a\n")
    assert (second.report, second.stdout) == (2, b"b\n")


def test_limits_hold_for_each(sandbox: Sandbox) -> None:
    role = program("x = bytearray(1 << 27)")
    limits = Limits(cpu_s=1, memory_mb=200)
    [(_, outcomes)] = sandbox.map([Job(0, (role, role), limits)])
    assert [outcome.status for outcome in outcomes] == ["done", "done"]


def test_messages_keep_their_order_and_content(sandbox: Sandbox) -> None:
    tester = """
for i in range(200):
    peer.send([i, "é" * i])
peer.send("x" * 3_000_000)
result = [peer.receive() for _ in range(3)]
"""
    candidate = """
got = [peer.receive() for _ in range(200)]
large = peer.receive()
peer.send(got == [[i, "é" * i] for i in range(200)])
peer.send(len(large))
peer.send({"odd": [None, True, 1.5, float("inf"), "\\ud800", 10**30]})
"""
    first, _ = pair(sandbox, tester, candidate)
    odd = {"odd": [None, True, 1.5, float("inf"), "\ud800", 10**30]}
    assert first.report == [True, 3_000_000, odd]

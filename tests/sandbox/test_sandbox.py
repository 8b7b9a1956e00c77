"""What the sandbox promises of ordinary runs."""

import pytest

from fusemill.sandbox import Job, Limits, Outcome, Role, Sandbox, layers
from fusemill.sandbox.syscalls import numbers

EXECUTE = "fusemill.sandbox.programs:execute"

pytestmark = pytest.mark.skipif(not numbers(), reason="no system call numbers here")


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(Limits(cpu_s=5), workers=2) as opened:
        yield opened


def program(source: str, **fields) -> Role:
    return Role(EXECUTE, {"source": source}, **fields)


def one(sandbox: Sandbox, source: str, **fields) -> Outcome:
    [(_, (outcome,))] = sandbox.map([Job("only", (program(source),), **fields)])
    return outcome


def test_every_job_comes_back_once(sandbox):
    jobs = (Job(i, (program(f"result = {i} * 2"),)) for i in range(50))
    found = [(key, outcomes[0].report) for key, outcomes in sandbox.map(jobs)]
    assert sorted(found) == [(i, 2 * i) for i in range(50)]


def test_output_and_input(sandbox):
    source = 'import sys; print(input()); print("é", file=sys.stderr)'
    job = Job(0, (program(source, stdin=b"first\nsecond\n"),))
    [(_, (outcome,))] = sandbox.map([job])
    assert (outcome.stdout, outcome.stderr) == (b"first\n", "é\n".encode())
    assert outcome.status == "done"


def test_two_roles_talk(sandbox):
    tester = "peer.send([1, 'a', None]); result = peer.receive()"
    candidate = "peer.send({'got': peer.receive()})"
    [(_, outcomes)] = sandbox.map([Job(0, (program(tester), program(candidate)))])
    assert [o.status for o in outcomes] == ["done", "done"]
    assert outcomes[0].report == {"got": [1, "a", None]}


def test_a_peer_that_is_gone_is_told(sandbox):
    tester = """
from fusemill.sandbox.peer import PeerGone
try:
    peer.receive()
except PeerGone:
    result = "gone"
"""
    for candidate in (
        "import os; os._exit(0)",
        "import os; os.write(4, b'\\xff' * 64)",
    ):
        [(_, outcomes)] = sandbox.map([Job(0, (program(tester), program(candidate)))])
        assert outcomes[0].report == "gone"


def test_layers_are_named():
    found = " ".join(layers())
    assert "Landlock" in found
    assert "seccomp" in found

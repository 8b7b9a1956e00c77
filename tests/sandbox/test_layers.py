"""The walls hold with each layer at its weakest, and their absence is refused."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import attacks_endings
import attacks_files
import attacks_network
import attacks_processes
import attacks_rare
import pytest
from attacks import Attack, judge
from sandbox_runs import TIGHT, Bait, one, program

from fusemill.errors import SandboxError
from fusemill.sandbox import Job, Outcome, Sandbox, boot, confine, layers

QUICK: list[Attack] = [
    *attacks_network.ATTACKS,
    *attacks_files.ATTACKS,
    *attacks_processes.ATTACKS,
    *attacks_endings.ATTACKS,
    *attacks_rare.QUICK,
]


def run_all(sandbox: Sandbox, bait: Bait) -> list[Outcome]:
    jobs = (
        Job(i, (program(bait.put_in(attack.program)),))
        for i, attack in enumerate(QUICK)
    )
    found = {key: outcome for key, (outcome,) in sandbox.map(jobs)}
    return [found[i] for i in range(len(QUICK))]


@pytest.mark.parametrize(
    ("fields", "notified"),
    [
        ({"landlock_abi": 1}, True),
        ({"landlock_abi": 3, "without": ["namespaces"]}, True),
        ({"landlock_abi": 1, "without": ["namespaces", "notify"]}, False),
    ],
    ids=["Landlock 1", "no namespaces", "the weakest that is accepted"],
)
def test_attacks_on_weaker_systems(bait: Bait, fields: dict, notified: bool) -> None:
    with Sandbox(TIGHT, workers=2, **fields) as sandbox:
        assert any(f"Landlock {fields['landlock_abi']}" in n for n in sandbox.layers)
        outcomes = run_all(sandbox, bait)
    for attack, outcome in zip(QUICK, outcomes, strict=True):
        # Without notice a bomb that minds no refusal runs into its time limit.
        if not notified and "bomb" in attack.name and outcome.status == "timeout":
            continue
        judge(attack, outcome, notified)
    assert bait.is_untouched()


def readable_python() -> str | None:
    """A Python of 3.11 or later that any user can start."""
    base = Path(sys.executable).resolve()
    if all(map(confine.readable_by_others, [str(base), *confine.stdlib_paths()])):
        return str(base)
    for name in ("python3.13", "python3.12", "python3.11"):
        found = shutil.which(name, path="/usr/bin:/usr/local/bin")
        if found:
            return found
    return None


@pytest.mark.parametrize("without", [[], ["namespaces"]], ids=["all", "no namespaces"])
@pytest.mark.parametrize("user", ["nobody", "root"])
def test_attacks_as_another_user(bait: Bait, user: str, without: list[str]) -> None:
    """As `nobody`, and as root with a Python that a child can run as `nobody`."""
    python = readable_python()
    if os.getuid() != 0:
        pytest.skip("not root, so every other test is this one")
    if python is None or not confine.readable_by_others(boot.__file__):
        pytest.skip("no Python, or no fusemill, that another user can read")
    # the owner of the target is root
    attacks = [a for a in QUICK if user == "root" or "@target@" not in a.source]
    told = {
        "home": str(boot.PACKAGE),
        "without": without,
        "programs": [bait.put_in(attack.program) for attack in attacks],
    }
    ordinary = {"user": 65534, "group": 65534, "extra_groups": []}
    ran = subprocess.run(
        [python, "-s", "-P", Path(__file__).with_name("user_runs.py")],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        cwd="/",
        timeout=100,
        check=False,
        **(ordinary if user == "nobody" else {}),
    )
    assert ran.returncode == 0, ran.stderr
    found, rows = json.loads(ran.stdout)
    assert any(name.startswith("Landlock") for name in found)
    assert ("user nobody" in found) == (user == "root")
    assert not (without and any("namespaces" in name for name in found))
    for attack, (status, report, attempts) in zip(attacks, rows, strict=True):
        judge(attack, Outcome(status, report, attempts=tuple(attempts)))
    assert bait.is_untouched()


@pytest.mark.parametrize("missing", ["landlock", "seccomp"])
def test_a_missing_layer_is_refused(missing: str) -> None:
    with (
        pytest.raises(SandboxError, match=f"(?i)lacks {missing}.*--sandbox=weak"),
        Sandbox(TIGHT, workers=1, without=[missing]),
    ):
        pass


def test_the_weak_mode_limits_and_sweeps() -> None:
    lost = ["landlock", "seccomp", "namespaces"]
    with Sandbox(TIGHT, workers=1, weak=True, without=lost) as sandbox:
        assert not {"seccomp", "Landlock"} & {
            name.split()[0] for name in sandbox.layers
        }
        assert one(sandbox, "while True: pass").status == "timeout"
        assert one(sandbox, "x = bytearray(1 << 40)").status == "memory"
        daemon = """
import os, time
result = os.fork()
if not result:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.closerange(0, 64)
    time.sleep(1000)
"""
        left = one(sandbox, daemon)
        assert left.status == "done", left
        assert one(sandbox, "result = 1").report == 1
        supervisor = sandbox._workers[0].process.pid
        [zygote] = children(supervisor)
        assert children(zygote) == []


def children(pid: int) -> list[int]:
    return [
        int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ]


def test_layers_are_said() -> None:
    text = "; ".join(layers())
    for word in ("limits", "Landlock", "seccomp"):
        assert word in text

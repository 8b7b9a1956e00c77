"""run.sh of examples/micro as `make run` calls it: once, again, for a new version."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from micro_files import EXAMPLE
from micro_project import MADE

import needs_torch  # noqa: F401

STAGES = ("sft", "dpo")


def run(root: Path) -> str:
    """What `make run` says; it must succeed."""
    env = {**os.environ, "BIN": str(Path(sys.executable).parent)}
    done = subprocess.run(
        ["bash", root / "run.sh"], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow  # seven minutes on two busy cores
def test_a_run_then_another_and_one_of_a_new_version(tmp_path: Path) -> None:
    root = tmp_path / "examples" / "micro"
    ignore = shutil.ignore_patterns(*MADE, "report.html")
    shutil.copytree(EXAMPLE, root, ignore=ignore)
    said = run(root)
    assert "composition micro at scale 1 is met" in said
    assert "sampled: " in said
    (first,) = (root / "trained").iterdir()
    commit = first.name.partition("-")[0]
    for stage in STAGES:
        assert f'"commit": "{commit}' in (first / stage / "training.json").read_text()
    assert f"<code>{commit}" in (root / "report.html").read_text("utf-8")

    kept = (first / "figures.json").stat().st_mtime_ns
    said = run(root)
    for stage in STAGES:
        assert f"{first / stage} is finished, and left as it is" in said
    assert (first / "figures.json").stat().st_mtime_ns == kept

    declared = root / "fusemill.yaml"
    text = declared.read_text("utf-8")
    declared.write_text(text.replace("version: 1.0.0", "version: 2.0.0"), "utf-8")
    rule = root / "builders" / "lists.yaml"
    text = rule.read_text("utf-8")
    assert "gap_min: 0.01\n" in text
    rule.write_text(text.replace("gap_min: 0.01\n", "gap_min: 0.02\n"), "utf-8")
    said = run(root)
    assert "$ fusemill pull micro@2.0.0 " in said
    (second,) = set((root / "trained").iterdir()) - {first}
    commit = second.name.partition("-")[0]
    assert f"<code>{commit}" in (root / "report.html").read_text("utf-8")

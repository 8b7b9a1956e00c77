"""Two runs at once: the second is told who holds the lock, the first goes on."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from final_state import assert_same, assert_sound, state_of
from processes import KILLED, finish, python_m
from tour_changes import gate_scores
from undisturbed import Undisturbed

from fusemill import cli


@contextmanager
def held_run(project: Path, workdir: Path) -> "Iterator[subprocess.Popen[str]]":
    """A run that has come to its scores and waits there, holding the lock."""
    command = [sys.executable, "-m", "fusemill", "run", "--project", str(project)]
    command += ["--workdir", str(workdir)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:  # until the stage before the scores is done
                if line.lstrip().startswith("verify"):
                    break
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def test_the_second_run_is_told_who_holds_the_lock(
    small_tour: Path, tmp_path: Path
) -> None:
    workdir, gate = tmp_path / "work", tmp_path / "gate"
    gate_scores(small_tour, gate)
    arguments = ("run", "--project", small_tour, "--workdir", workdir)
    with held_run(small_tour, workdir) as first:
        second = python_m(*arguments)
        assert second.returncode == 4
        command = f"fusemill run --project {small_tour} --workdir {workdir}"
        who = f"process {first.pid} on {socket.gethostname()} since "
        assert who in second.stderr
        assert f"({command})" in second.stderr
        assert str(workdir / "warehouse" / "run.lock") in second.stderr
        assert "Traceback" not in second.stderr
        gate.touch()
        assert first.stderr is not None
        said = first.stderr.read()
        assert first.wait() == 0, said
    assert_sound(workdir)


def test_a_shard_beside_a_run_is_refused(small_tour: Path, tmp_path: Path) -> None:
    """It would do again what the run does, and pay for it."""
    workdir, gate = tmp_path / "work", tmp_path / "gate"
    gate_scores(small_tour, gate)
    with held_run(small_tour, workdir) as first:
        for stage in ("sample", "verify", "score"):
            arguments = ("--project", small_tour, "--workdir", workdir)
            said = python_m(stage, "--shard", "0/2", *arguments)
            assert said.returncode == 4
            assert f"another run has all of {stage}: process {first.pid} on" in (
                said.stderr
            )


def test_a_killed_holder_leaves_no_lock(
    undisturbed: Undisturbed, small_tour: Path, tmp_path: Path
) -> None:
    workdir, gate = tmp_path / "work", tmp_path / "gate"
    graded = small_tour / "scores" / "graded.py"
    ungated = graded.read_text("utf-8")
    gate_scores(small_tour, gate)
    with held_run(small_tour, workdir) as first:
        os.kill(first.pid, signal.SIGKILL)
        assert first.wait() == KILLED
    graded.write_text(ungated, "utf-8")
    finish(small_tour, workdir)
    assert_sound(workdir)
    assert_same(state_of(workdir), undisturbed.state)


def test_an_interrupted_holder_keeps_what_it_had(
    undisturbed: Undisturbed, small_tour: Path, tmp_path: Path
) -> None:
    """Ctrl-C ends a run in order: exit code 130, no traceback, the next one goes on."""
    workdir, gate = tmp_path / "work", tmp_path / "gate"
    graded = small_tour / "scores" / "graded.py"
    ungated = graded.read_text("utf-8")
    gate_scores(small_tour, gate)
    with held_run(small_tour, workdir) as first:
        time.sleep(0.2)
        first.send_signal(signal.SIGINT)
        assert first.stderr is not None
        said = first.stderr.read()
        assert first.wait() == 130, said
        assert "Traceback" not in said
        assert "what was finished is kept" in said
    graded.write_text(ungated, "utf-8")
    finish(small_tour, workdir)
    assert_sound(workdir)
    assert_same(state_of(workdir), undisturbed.state)


def test_an_interrupt_within_a_query_ends_in_order_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """DuckDB turns the interrupt into an error of its own."""

    def interrupted(**_: object) -> None:
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr(cli, "app", interrupted)
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
    assert "what was finished is kept" in capsys.readouterr().err

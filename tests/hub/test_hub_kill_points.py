"""A commit that is killed at every moment it passes leaves the old head or the new."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fusemill.hub.access import Hub
from fusemill.hub.drafts import Draft
from fusemill.hub.fsck import fsck
from fusemill.hub.names import RepositoryId
from fusemill.hub.tokens import Tokens

TASKS = RepositoryId("datasets", "ada", "tasks")


def commit(folder: Path) -> str:
    """Three files in two folders, as one commit."""
    hub = Hub.of(folder)
    repository = hub.repositories.find(TASKS)
    assert repository is not None
    draft = Draft(repository, hub.objects, "main")
    draft.take({"key": "header", "value": {"summary": "three"}}, "line 1")
    for path in ("a.txt", "b/b.txt", "b/c/c.txt"):
        value = {"path": path, "content": path, "encoding": "utf-8"}
        draft.take({"key": "file", "value": value}, path)
    return draft.finish("ada")


def in_child(act: Callable[[], object], **environment: str) -> int:
    """Wait status of a process that does this; 0 where it came to its end."""
    child = os.fork()
    if child == 0:
        os.environ.update(environment)
        try:
            act()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def head(folder: Path) -> str:
    repository = Hub.of(folder).repositories.find(TASKS)
    assert repository is not None
    return repository.resolve("main")


def points(folder: Path) -> list[str]:
    """Every moment of a commit, `name#n`, in order."""
    log = folder.with_name("points")
    Hub.of(folder).repositories.create(TASKS, "ada", private=False)
    in_child(lambda: commit(folder), FUSEMILL_FAULT_LOG=str(log))
    names = log.read_text().splitlines()
    return [f"{name}#{names[: n + 1].count(name)}" for n, name in enumerate(names)]


def test_a_commit_that_is_killed_at_any_moment(tmp_path: Path) -> None:
    found = points(tmp_path / "first")
    # Seven objects: three blobs, three trees, the commit; then the branch.
    assert [name for name in found if name.startswith("hub.git.renamed")] == [
        f"hub.git.renamed#{n}" for n in range(1, 8)
    ]
    assert found[-1] == "hub.ref.durable#1"
    for n, point in enumerate(found):
        folder = tmp_path / str(n)
        hub = Hub.of(folder)
        hub.repositories.create(TASKS, "ada", private=False)
        before = head(folder)
        ended = in_child(lambda at=folder: commit(at), FUSEMILL_FAULT=point)
        assert os.WTERMSIG(ended) == signal.SIGKILL, point
        moved = point in ("hub.ref.renamed#1", "hub.ref.durable#1")
        assert (head(folder) != before) == moved, point
        whole(folder)
        commit(folder)
        whole(folder)


def whole(folder: Path) -> None:
    """Neither our check nor git's finds anything broken."""
    assert fsck(folder).problems == []
    repository = folder / TASKS.folder
    done = subprocess.run(
        ["git", "-C", repository, "fsck", "--strict", "--no-dangling"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, ""), folder


@pytest.mark.parametrize("file", ["hub.private", "hub.token"])
@pytest.mark.parametrize("moment", ["written", "renamed"])
def test_a_first_token_that_nobody_was_told(
    tmp_path: Path, file: str, moment: str
) -> None:
    """A first start that is killed; the next one tells a token that counts."""
    tokens = Tokens(tmp_path)
    ended = in_child(tokens.add_first, FUSEMILL_FAULT=f"{file}.{moment}")
    assert os.WTERMSIG(ended) == signal.SIGKILL
    tokens.add_first()
    found = tokens.find(tokens.first.read_text().strip())
    assert found is not None
    assert found.can_write


@pytest.mark.parametrize("moment", ["written", "fsynced", "renamed", "durable"])
def test_a_repository_whose_making_is_killed(tmp_path: Path, moment: str) -> None:
    folder = tmp_path / "hub"

    def make() -> None:
        Hub.of(folder).repositories.create(TASKS, "ada", private=True)

    ended = in_child(make, FUSEMILL_FAULT=f"hub.repository.{moment}")
    assert os.WTERMSIG(ended) == signal.SIGKILL
    found = fsck(folder, repair=True)
    assert (found.problems, len(found.leftovers)) == (
        [],
        0 if moment in ("renamed", "durable") else 1,
    )
    if moment in ("written", "fsynced"):
        make()
    assert fsck(folder).n_repositories == 1
    whole(folder)

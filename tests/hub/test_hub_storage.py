"""What lies on the disk: locks, what fsck finds, what a killed server leaves."""

import hashlib
import subprocess
import time
from pathlib import Path

import pytest
from dulwich.objects import ObjectID
from hub_server import served

from fusemill.errors import LockError
from fusemill.hub import fsck as checking
from fusemill.hub.access import Hub
from fusemill.hub.drafts import Draft
from fusemill.hub.names import RepositoryId
from fusemill.hub.refusals import Refusal
from fusemill.hub.repository import Repository
from fusemill.hub.writing import move_ref

TASKS = RepositoryId("datasets", "ada", "tasks")
DATA = b"PAR1" + bytes(1000)
OID = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """A Hub's folder with one dataset of two files; it is not served."""
    hub = Hub.of(tmp_path / "hub")
    repository = hub.repositories.create(TASKS, "ada", private=False)
    store(hub, DATA)
    add(hub, repository, "a.parquet", {"key": "lfsFile", "oid": OID})
    return hub


def store(hub: Hub, data: bytes) -> None:
    with hub.objects.receive(hashlib.sha256(data).hexdigest(), len(data)) as incoming:
        incoming.write([data[:10]])
        incoming.write([data[10:20], data[20:]])
        incoming.finish()


def add(hub: Hub, repository: Repository, path: str, value: dict[str, str]) -> str:
    draft = Draft(repository, hub.objects, "main")
    draft.take({"key": "header", "value": {"summary": path}}, "line 1")
    key = value.pop("key")
    draft.take({"key": key, "value": {"path": path, **value}}, "line 2")
    return draft.finish("ada")


def git(repository: Repository, *command: str) -> str:
    done = subprocess.run(
        ["git", "-C", repository.path, *command],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + done.stderr


def test_git_finds_the_repository_clean(hub: Hub) -> None:
    repository = hub.repositories.find(TASKS)
    assert repository is not None
    text = {"key": "file", "content": "a", "encoding": "utf-8"}
    head = add(hub, repository, "data/a.txt", text)
    assert git(repository, "fsck", "--strict", "--full") == ""
    assert git(repository, "rev-parse", "main").strip() == head
    assert git(repository, "log", "--format=%an %s").splitlines() == [
        "ada data/a.txt",
        "ada a.parquet",
        "ada initial commit",
    ]
    assert git(repository, "show", "main:data/a.txt") == "a"
    assert git(repository, "show", "main:a.parquet") == (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 1004\n"
    )
    seconds = int(git(repository, "log", "-1", "--format=%ct"))
    assert abs(seconds - time.time()) < 60


def test_a_packed_repository_reads_the_same(hub: Hub) -> None:
    repository = hub.repositories.find(TASKS)
    assert repository is not None
    before = repository.resolve("main")
    git(repository, "gc", "--quiet")
    fresh = Repository(TASKS, repository.path)
    assert fresh.resolve("main") == before
    assert fresh.entry(before, "a.parquet").size == 1004
    moved = add(hub, fresh, "b.txt", {"key": "file", "content": "b"})
    assert Repository(TASKS, repository.path).resolve("main") == moved


def test_no_ref_is_a_folder_of_another(hub: Hub) -> None:
    """Files of git cannot be both; also where git has packed the one that is there."""
    repository = hub.repositories.find(TASKS)
    assert repository is not None
    head = ObjectID(repository.resolve("main").encode())
    for name in ("refs/heads/a", "refs/heads/x/y"):
        move_ref(repository, name, None, head)
    for is_packed in (False, True):
        if is_packed:
            git(repository, "gc", "--quiet")
            repository = Repository(TASKS, repository.path)
        for name in ("refs/heads/a/b", "refs/heads/x"):
            with pytest.raises(Refusal, match=name) as error:
                move_ref(repository, name, None, head)
            assert error.value.status == 409
    assert git(repository, "for-each-ref", "--format=%(refname)").split() == [
        "refs/heads/a",
        "refs/heads/main",
        "refs/heads/x/y",
    ]


def test_folders_of_a_killed_deletion_are_in_nobodys_way(hub: Hub) -> None:
    repository = hub.repositories.find(TASKS)
    assert repository is not None
    (repository.path / "refs/tags/v1/rc/x").mkdir(parents=True)
    head = ObjectID(repository.resolve("main").encode())
    move_ref(repository, "refs/tags/v1", None, head)
    assert repository.resolve("v1") == head.decode()


def test_two_drafts_on_one_parent(hub: Hub) -> None:
    repository = hub.repositories.find(TASKS)
    assert repository is not None
    head = repository.resolve("main")
    drafts = [Draft(repository, hub.objects, "main") for _ in range(2)]
    for n, draft in enumerate(drafts):
        header = {"summary": f"{n}", "parentCommit": head}
        draft.take({"key": "header", "value": header}, "line 1")
    first = drafts[0].finish("ada")
    with pytest.raises(Refusal, match="another commit came first") as error:
        drafts[1].finish("ada")
    assert error.value.status == 412
    assert repository.resolve("main") == first


def test_fsck_of_a_whole_folder(hub: Hub) -> None:
    found = checking.fsck(hub.folder)
    assert (found.problems, found.leftovers) == ([], [])
    assert (found.n_repositories, found.n_objects, found.n_unnamed) == (1, 1, 0)
    store(hub, b"in no commit")
    assert checking.fsck(hub.folder).n_unnamed == 1


def test_fsck_names_a_torn_large_file(hub: Hub) -> None:
    path = hub.objects.path(OID)
    path.write_bytes(DATA[:-1])
    first, second = checking.fsck(hub.folder).problems
    assert str(path) in first
    assert second == f"large file {OID}, 1004 bytes in a commit: it has 1003 bytes"
    path.unlink()
    (problem,) = checking.fsck(hub.folder).problems
    assert problem == f"large file {OID}, 1004 bytes in a commit: it is missing"


def test_fsck_names_a_missing_and_a_torn_git_object(hub: Hub) -> None:
    repository = hub.repositories.find(TASKS)
    assert repository is not None
    head = repository.resolve("main")
    blob = repository.entry(head, "a.parquet").oid
    path = repository.path / "objects" / blob[:2] / blob[2:]
    whole = path.read_bytes()
    path.unlink()
    (problem,) = checking.fsck(hub.folder).problems
    assert problem == f"dataset ada/tasks: refs/heads/main: object {blob} is missing"
    path.write_bytes(whole[:-4])
    (problem,) = checking.fsck(hub.folder).problems
    assert f"object {blob}" in problem


def test_fsck_removes_only_leftovers(hub: Hub) -> None:
    repository = hub.repositories.find(TASKS)
    assert repository is not None
    left = [
        hub.folder / "incoming" / ".abc.tmp",
        repository.path / "objects" / "tmp_obj_1",
        repository.path / "refs" / "heads" / "main.lock",
    ]
    for path in left:
        path.write_bytes(b"half")
    assert len(checking.fsck(hub.folder).leftovers) == 3
    assert all(path.exists() for path in left)
    checking.fsck(hub.folder, repair=True)
    assert not any(path.exists() for path in left)
    assert checking.fsck(hub.folder).summary() == (
        "1 repositories, 1 large files (0 in no commit), 0 leftovers, 0 problems"
    )


def test_a_lock_left_by_a_killed_server_stops_nobody(hub: Hub) -> None:
    repository = hub.repositories.find(TASKS)
    assert repository is not None
    (repository.path / "refs/heads/main.lock").write_bytes(b"half")
    moved = add(hub, repository, "b.txt", {"key": "file", "content": "b"})
    assert repository.resolve("main") == moved


def test_a_folder_has_one_server(tmp_path: Path) -> None:
    with served(tmp_path / "hub") as server:
        second = server.run("serve", "--port", "0")
        assert second.returncode == 4
        assert f"process {server.process.pid}" in second.stderr
        with pytest.raises(LockError):
            checking.fsck(server.folder)
        assert server.stop() == 0
        assert server.run("fsck").returncode == 0
        server.start()
        assert server.api.whoami()["name"] == "local"


def test_what_is_secret_is_for_its_owner(tmp_path: Path) -> None:
    with served(tmp_path / "hub") as server:
        for name in ("token.txt", "signing.key"):
            assert (server.folder / name).stat().st_mode & 0o077 == 0
        kept = [p.read_text() for p in (server.folder / "tokens").iterdir()]
        assert len(kept) == 1
        assert server.token not in kept[0]
        assert server.token not in server.log.read_text()
        listed = server.run("token", "--list").stdout
        assert listed.startswith("local\twrite\t")


def test_fsck_names_a_repository_without_its_settings(hub: Hub) -> None:
    (hub.folder / TASKS.folder / "hub.json").unlink()
    (problem,) = checking.fsck(hub.folder).problems
    assert problem.startswith("dataset ada/tasks: hub.json: ")

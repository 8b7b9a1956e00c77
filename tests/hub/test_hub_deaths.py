"""SIGKILL for the server and for its clients while a release is being published.

Afterwards every branch and tag is whole, readers that looked all the time saw the old
release or the new one, and publishing again ends right.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from hub_server import HubServer, served
from publishing import REPO
from raw_requests import ask

from fusemill.hub.fsck import fsck

KILLED = -9
LIMIT_S = 120
GIT = Path("datasets") / f"{REPO}.git"
OLD, NEW = "v1.0.0", "v2.0.0"


def release(folder: Path, n_bytes: int) -> dict[str, str]:
    """Four large files and a small one of random bytes; path → sha256."""
    (folder / "data").mkdir(parents=True)
    for n in range(4):
        (folder / "data" / f"{n}.parquet").write_bytes(os.urandom(n_bytes // 4))
    (folder / "README.md").write_text(f"# Release {os.urandom(8).hex()}\n")
    (folder / folder.name).write_text("a file that only this release has\n")
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


class Scene:
    """A Hub that has the old release; the new one is to be published to it."""

    def __init__(self, folder: Path, n_bytes: int) -> None:
        self.folder = folder
        self.files = {name: release(folder / name, n_bytes) for name in (OLD, NEW)}
        with served(folder / "first") as server:
            assert self.publish(server, OLD).wait(LIMIT_S) == 0
            assert server.stop() == 0

    def copy(self, name: str) -> Path:
        """A folder of a Hub with the old release alone."""
        target = self.folder / name
        shutil.copytree(self.folder / "first", target)
        return target

    def publish(self, server: HubServer, name: str = NEW) -> "subprocess.Popen[bytes]":
        """A client that publishes, under way."""
        script = Path(__file__).with_name("publishing.py")
        given = [server.url, server.token, self.folder / name, name]
        with open(self.folder / "client.log", "ab") as log:
            return subprocess.Popen(
                [sys.executable, script, *map(str, given)],
                env=server.environment,
                stdout=log,
                stderr=log,
            )

    def ends_right(self, server: HubServer) -> None:
        """Publish again; each release is there once, byte by byte."""
        log = self.folder / "client.log"
        assert self.publish(server).wait(LIMIT_S) == 0, log.read_text()[-3_000:]
        for name, files in self.files.items():
            found = server.api.list_repo_files(REPO, revision=name, repo_type="dataset")
            assert set(found) == {*files, ".gitattributes"}
            for path, digest in files.items():
                body = ask(
                    server, "GET", f"/datasets/{REPO}/resolve/{name}/{path}"
                ).body
                assert hashlib.sha256(body).hexdigest() == digest, (name, path)
        commits = server.api.list_repo_commits(REPO, repo_type="dataset")
        assert [one.title for one in commits] == [NEW, OLD, "initial commit"]
        assert server.stop() == 0
        whole(server)
        assert fsck(server.folder).leftovers == []


def whole(server: HubServer) -> None:
    """Of a Hub that is not served: git and fsck find nothing broken."""
    assert fsck(server.folder).problems == []
    command = ["git", "-C", server.folder / GIT, "fsck", "--strict", "--no-dangling"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    git = ["git", "-C", server.folder / GIT, "for-each-ref", "--format=%(objecttype)"]
    types = subprocess.run(git, capture_output=True, text=True, check=True).stdout
    assert set(types.split()) == {"commit"}


@contextlib.contextmanager
def watched(server: HubServer, scene: Scene) -> Iterator[None]:
    """A reader that looks at main all the time, also while nobody answers."""
    done, wrong = threading.Event(), list[str]()
    allowed = [{*files, ".gitattributes"} for files in scene.files.values()]

    def look() -> None:
        with contextlib.suppress(httpx2.TransportError):
            info = httpx2.get(f"{server.url}/api/datasets/{REPO}", timeout=10).json()
            names = {one["rfilename"] for one in info.get("siblings", [])}
            if names not in allowed:
                wrong.append(str(info))
                return
            release = next(f for f in scene.files.values() if names > set(f))
            address = (
                f"{server.url}/datasets/{REPO}/resolve/{info['sha']}/data/3.parquet"
            )
            etag = httpx2.head(address, timeout=10).headers.get("ETag")
            if etag != f'"{release["data/3.parquet"]}"':
                wrong.append(f"{info['sha']}: {etag}")

    def watch() -> None:
        while not done.is_set():
            look()
            time.sleep(0.02)

    reader = threading.Thread(target=watch)
    reader.start()
    try:
        yield
    finally:
        done.set()
        reader.join()
    assert wrong == []


def n_moments(scene: Scene) -> int:
    """How many named moments the server passes while the new release is published."""
    log = scene.folder / "points"
    with started(scene.copy("counted"), FUSEMILL_FAULT_LOG=str(log)) as server:
        assert scene.publish(server).wait(LIMIT_S) == 0
    return len(log.read_text().splitlines())


@contextlib.contextmanager
def started(folder: Path, **environment: str) -> Iterator[HubServer]:
    """A server over a folder with this environment; the folder is gone afterwards."""
    with served(folder, **environment) as server:
        yield server
    shutil.rmtree(folder)


def kill_servers(scene: Scene, n: int) -> None:
    """Kill the server at n of its named moments, evenly spread."""
    total = n_moments(scene)
    assert total >= n
    for i in range(n):
        moment = 1 + (2 * i + 1) * (total - 1) // (2 * n)
        fault = {"FUSEMILL_FAULT": f"*#{moment}"}
        with started(scene.copy(f"server{i}"), **fault) as server:
            with watched(server, scene):
                client = scene.publish(server)
                assert server.process.wait(LIMIT_S) == KILLED, moment
                client.kill()  # some wait for the server to come back
                client.wait()
                whole(server)
                server.start(server.port)
            scene.ends_right(server)


def kill_clients(scene: Scene, n: int) -> None:
    """Kill the client at n moments, evenly spread over what it takes undisturbed."""
    with started(scene.copy("timed")) as server:
        began = time.monotonic()
        assert scene.publish(server).wait(LIMIT_S) == 0
        took_s = time.monotonic() - began
    for i in range(n):
        with started(scene.copy(f"client{i}")) as server:
            with watched(server, scene):
                client = scene.publish(server)
                time.sleep(took_s * (i + 1) / (n + 1))
                client.kill()
                client.wait()
            server.kill()
            whole(server)
            server.start(server.port)
            scene.ends_right(server)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("small"), 2_000_000)


def test_a_server_that_is_killed(small: Scene) -> None:
    kill_servers(small, 2)


def test_a_client_that_is_killed(small: Scene) -> None:
    kill_clients(small, 1)


@pytest.mark.slow
def test_a_server_that_is_killed_at_thirty_moments(small: Scene) -> None:
    kill_servers(small, 30)


@pytest.mark.slow
def test_a_client_that_is_killed_at_thirty_moments_of_200_mb(tmp_path: Path) -> None:
    kill_clients(Scene(tmp_path, 200_000_000), 30)


def test_locks_left_by_git_programs_stop_nobody(small: Scene) -> None:
    """dulwich and git leave them where they are killed; a start removes them."""
    with started(small.copy("locked")) as server:
        server.stop()
        locks = [server.folder / GIT / name for name in ("packed-refs.lock",)]
        locks += [server.folder / GIT / "refs/tags" / f"{OLD}.lock"]
        for lock in locks:
            lock.touch()
        server.start(server.port)
        server.api.delete_tag(REPO, tag=OLD, repo_type="dataset")
        assert not any(lock.exists() for lock in locks)

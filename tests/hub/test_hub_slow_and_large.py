"""Bodies that are too long or never end, and clients that are slow on purpose."""

import hashlib
import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hub_server import HubServer, served
from raw_requests import (
    ask,
    commit,
    connect,
    file,
    head,
    n_files,
    peak_mb,
    read,
    send,
    upload_address,
)

from fusemill.hub import gate, lines

GB = 1_000_000_000
READ = "/datasets/ada/tasks/resolve/main/a.txt"
COMMIT = "/api/datasets/ada/tasks/commit/main"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    with served(tmp_path_factory.mktemp("hub") / "hub") as server:
        server.api.create_repo("ada/tasks", repo_type="dataset")
        assert commit(server, "ada/tasks", file("a.txt", "plain")).status == 200
        yield server


def answers(hub: HubServer) -> bool:
    """Whether another client is served, and soon."""
    began = time.monotonic()
    served = ask(hub, "GET", READ).body == b"plain"
    return served and time.monotonic() - began < 5


def stored(hub: HubServer) -> list[str]:
    """What of large files is in the folder, whole or half."""
    folders = (hub.folder / "objects", hub.folder / "incoming")
    return [p.name for f in folders for p in f.rglob("*") if p.is_file()]


@pytest.mark.parametrize(
    "target",
    [
        COMMIT,
        "/api/repos/create",
        "/datasets/ada/tasks.git/info/lfs/objects/batch",
        "/api/datasets/ada/tasks/paths-info/main",
        "/api/validate-yaml",
        "/lfs/datasets/ada/tasks/" + "0" * 64 + "?size=5",
        "/nowhere",
    ],
)
@pytest.mark.parametrize("announced", [True, False])
def test_ten_gigabytes_are_not_read(
    hub: HubServer, target: str, announced: bool
) -> None:
    """Announced or in chunks without end: an answer comes, the line is closed."""
    method = "PUT" if target.startswith("/lfs/") else "POST"
    length = {"Content_Length": str(10 * GB)}
    given = length if announced else {"Transfer_Encoding": "chunked"}
    begin = head(hub, method, target, hub.token, **given)
    piece = b"x" * 65_536 if announced else b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    n_sent = 0
    with connect(hub) as line:
        try:
            line.sendall(begin)
            while n_sent < 64 << 20:
                line.sendall(piece)
                n_sent += len(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = read(line)
    assert n_sent < 64 << 20
    assert answer.status in (0, 400, 403, 404, 413)
    assert stored(hub) == []
    assert answers(hub)
    assert peak_mb(hub) < 400


def test_more_than_an_address_is_signed_for(hub: HubServer) -> None:
    target = upload_address(hub, "ada/tasks", "0" * 64, 1_000_000)
    announced = head(hub, "PUT", target, Content_Length=str(10 * GB))
    assert send(hub, announced).status == 413
    chunked = head(hub, "PUT", target, Transfer_Encoding="chunked")
    answer = send(hub, chunked + (b"10000\r\n" + b"x" * 65_536 + b"\r\n") * 100)
    assert answer.status == 413
    assert stored(hub) == []


def test_a_body_that_breaks_off(hub: HubServer) -> None:
    target = upload_address(hub, "ada/tasks", "0" * 64, 1_000_000)
    for _ in range(5):
        with connect(hub) as line:
            line.sendall(head(hub, "PUT", target, Content_Length="1000000"))
            line.sendall(b"x" * 500_000)
    with connect(hub) as line:
        line.sendall(head(hub, "POST", COMMIT, hub.token, Content_Length="1000000"))
        line.sendall(b'{"key": "header", "value": {"summary": "s"}}\n{"key"')
    assert answers(hub)
    _until(lambda: stored(hub) == [])
    commits = hub.api.list_repo_commits("ada/tasks", repo_type="dataset")
    assert [commit.title for commit in commits] == ["s", "initial commit"]


def _until(is_so: object, wait_s: float = 30) -> None:
    assert callable(is_so)
    end = time.monotonic() + wait_s
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_one_who_may_ask_before_sending_is_told_at_once(hub: HubServer) -> None:
    """Expect: 100-continue: nothing of ten gigabytes is asked for."""
    given = {"Content_Length": str(10 * GB), "Expect": "100-continue"}
    began = time.monotonic()
    answer = send(hub, head(hub, "POST", COMMIT, hub.token, **given))
    assert answer.status == 413
    assert time.monotonic() - began < 4


def test_others_are_served_beside_slow_clients(hub: HubServer) -> None:
    with ExitStack() as open_lines:
        for begun in _begun(hub, 100):
            open_lines.enter_context(connect(hub)).sendall(begun)
        for _ in range(3):
            assert answers(hub)


def _begun(hub: HubServer, n: int) -> list[bytes]:
    """Nothing, half a line, headers without an end, a body without an end."""
    body = head(hub, "POST", COMMIT, hub.token, Content_Length="1000")
    kinds = [b"", b"GET / HT", head(hub, "GET", READ)[:-2], body]
    return [kinds[i % len(kinds)] for i in range(n)]


@pytest.mark.slow
def test_three_hundred_slow_clients_are_cut_off(hub: HubServer) -> None:
    """One byte every two seconds of headers or body keeps no line open."""
    before = n_files(hub)
    with ExitStack() as open_lines:
        slow = []
        for begun in _begun(hub, 300):
            line = open_lines.enter_context(connect(hub))
            line.sendall(begun)
            slow.append(line)
        end = time.monotonic() + max(lines.HEADERS_S, gate.SILENCE_S) + 15
        while slow and time.monotonic() < end:
            assert answers(hub)
            slow = [line for line in slow if _trickle(line)]
            time.sleep(2)
        assert slow == []
    _until(lambda: n_files(hub) <= before + 5)
    assert peak_mb(hub) < 400


def _trickle(line: socket.socket) -> bool:
    """Send one byte more; False where the server has closed the line."""
    line.settimeout(0.001)
    try:
        line.send(b"x")
        return line.recv(1 << 16) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def test_clients_that_do_not_read(hub: HubServer) -> None:
    """What they asked for waits on the disk, not in memory."""
    size = 30_000_000
    data = os.urandom(size)
    oid = hashlib.sha256(data).hexdigest()
    target = upload_address(hub, "ada/tasks", oid, size)
    assert ask(hub, "PUT", target, body=data).status == 200
    line = {"key": "lfsFile", "value": {"path": "l.bin", "oid": oid}}
    assert commit(hub, "ada/tasks", line).status == 200
    before = peak_mb(hub)
    with ExitStack() as open_lines:
        for _ in range(100):
            reader = open_lines.enter_context(connect(hub))
            reader.sendall(head(hub, "GET", READ.replace("a.txt", "l.bin")))
        for _ in range(3):
            assert answers(hub)
        assert peak_mb(hub) < before + 350  # 3,000 MB were asked for
    begin = n_files(hub)
    _until(lambda: n_files(hub) <= begin)


def test_pipelined_requests_are_answered_in_order(hub: HubServer) -> None:
    """A request within the body of another is no request."""
    inner = head(hub, "DELETE", "/api/datasets/ada/tasks/tag/v1", hub.token)
    outer = head(
        hub,
        "POST",
        "/api/validate-yaml",
        Connection="",
        Content_Length=str(len(inner)),
    )
    answer = send(hub, outer + inner + head(hub, "GET", READ))
    assert answer.status == 400
    assert answer.body.count(b"HTTP/1.1") == 1
    assert answer.body.endswith(b"plain")


@pytest.fixture
def cramped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    """A Hub whose files may not grow beyond a megabyte, as on a disk that fills up
    while one is written: the kernel refuses the bytes in the same place."""
    with served(tmp_path_factory.mktemp("cramped") / "hub") as server:
        server.api.create_repo("ada/tasks", repo_type="dataset")
        assert commit(server, "ada/tasks", file("a.txt", "plain")).status == 200
        pid = server.process.pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        yield server


def test_a_disk_that_takes_no_more(cramped: HubServer) -> None:
    data = os.urandom(3_000_000)
    oid = hashlib.sha256(data).hexdigest()
    answer = ask(
        cramped, "PUT", upload_address(cramped, "ada/tasks", oid, len(data)), body=data
    )
    assert (answer.status, str(cramped.folder) in answer.error) == (507, True)
    big = file("b.txt", data.hex())
    answer = commit(cramped, "ada/tasks", big)
    assert (answer.status, str(cramped.folder) in answer.error) == (507, True)
    assert stored(cramped) == []
    assert answers(cramped)
    assert commit(cramped, "ada/tasks", file("small.txt")).status == 200
    assert cramped.stop() == 0
    assert "0 leftovers, 0 problems" in cramped.run("fsck").stdout

"""Single requests: ranges, validators, hosts, what is refused and how."""

import hashlib
import json
import socket
from collections.abc import Iterator

import httpx2
import pytest
from hub_server import HubServer, served

TEXT = b"twenty bytes of text"
LARGE = b"PAR1" + bytes(96)
OID = hashlib.sha256(LARGE).hexdigest()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    with served(tmp_path_factory.mktemp("hub") / "hub") as server:
        server.api.create_repo("ada/tasks", repo_type="dataset")
        href = action(server, OID, len(LARGE), "upload")
        assert httpx2.put(href, content=LARGE).status_code == 200
        lines = [
            {"key": "header", "value": {"summary": "files"}},
            {
                "key": "file",
                "value": {
                    "path": "a.txt",
                    "content": TEXT.decode(),
                    "encoding": "utf-8",
                },
            },
            {"key": "lfsFile", "value": {"path": "a.parquet", "oid": OID}},
        ]
        assert commit(server, lines).status_code == 200
        yield server


def headers(server: HubServer) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token}"}


def action(server: HubServer, oid: str, size: int, name: str) -> str:
    answer = httpx2.post(
        f"{server.url}/datasets/ada/tasks.git/info/lfs/objects/batch",
        json={"operation": name, "objects": [{"oid": oid, "size": size}]},
        headers=headers(server),
    )
    href: str = answer.json()["objects"][0]["actions"][name]["href"]
    return href


def commit(server: HubServer, lines: list[object] | bytes) -> httpx2.Response:
    body = lines
    if isinstance(lines, list):
        body = b"\n".join(json.dumps(line).encode() for line in lines)
    return httpx2.post(
        f"{server.url}/api/datasets/ada/tasks/commit/main",
        content=body,
        headers=headers(server),
    )


def get(server: HubServer, path: str, **given: str) -> httpx2.Response:
    url = f"{server.url}/datasets/ada/tasks/resolve/main/{path}"
    return httpx2.get(url, headers=given)


@pytest.mark.parametrize(("path", "whole"), [("a.txt", TEXT), ("a.parquet", LARGE)])
@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-3", slice(0, 4)),
        ("bytes=10-", slice(10, None)),
        ("bytes=-5", slice(-5, None)),
        ("bytes=5-1000", slice(5, None)),
    ],
)
def test_a_range(
    hub: HubServer, path: str, whole: bytes, asked: str, part: slice
) -> None:
    answer = get(hub, path, Range=asked)
    first = len(whole[: part.start]) if part.start >= 0 else len(whole) + part.start
    wanted = whole[part]
    assert (answer.status_code, answer.content) == (206, wanted)
    span = f"bytes {first}-{first + len(wanted) - 1}/{len(whole)}"
    assert answer.headers["Content-Range"] == span


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "lines=1-2", "bytes=x", ""])
def test_a_range_that_is_not_served_gives_the_whole(hub: HubServer, asked: str) -> None:
    answer = get(hub, "a.txt", Range=asked)
    assert (answer.status_code, answer.content) == (200, TEXT)


@pytest.mark.parametrize("asked", ["bytes=20-", "bytes=100-200", "bytes=-0"])
def test_a_range_past_the_end(hub: HubServer, asked: str) -> None:
    answer = get(hub, "a.txt", Range=asked)
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == "bytes */20"


def test_what_is_known_is_not_sent_again(hub: HubServer) -> None:
    first = get(hub, "a.parquet")
    assert first.headers["ETag"] == f'"{OID}"'
    again = get(hub, "a.parquet", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = get(hub, "a.parquet", Range="bytes=4-", **{"If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, LARGE)


def test_head_tells_what_get_would(hub: HubServer) -> None:
    for path, size in (("a.txt", 20), ("a.parquet", 100)):
        url = f"{hub.url}/datasets/ada/tasks/resolve/main/{path}"
        answer = httpx2.head(url)
        assert answer.headers["Content-Length"] == str(size)
        assert answer.headers["X-Repo-Commit"] == hub.api.dataset_info("ada/tasks").sha
    assert answer.headers["X-Linked-Size"] == "100"
    assert answer.headers["X-Linked-ETag"] == f'"{OID}"'


def test_git_lfs_downloads_by_the_batch_call(hub: HubServer) -> None:
    href = action(hub, OID, len(LARGE), "download")
    assert httpx2.get(href).content == LARGE
    stranger = httpx2.post(
        f"{hub.url}/datasets/ada/tasks.git/info/lfs/objects/batch",
        json={"operation": "download", "objects": [{"oid": OID, "size": len(LARGE)}]},
    )
    assert stranger.status_code == 401


def test_an_address_is_signed_for_one_use_of_one_file(hub: HubServer) -> None:
    data = b"other"
    oid = hashlib.sha256(data).hexdigest()
    href = action(hub, oid, len(data), "upload")
    for forged in (
        href.replace(oid, OID),
        href.replace("size=5", "size=6"),
        href.replace("/ada/tasks/", "/ada/other/"),
        href.partition("?")[0],
        href.replace("expires=", "expires=9"),
        href[:-1] + ("0" if href[-1] != "0" else "1"),
    ):
        assert httpx2.put(forged, content=data).status_code == 403, forged
    assert httpx2.get(href).status_code == 403
    assert httpx2.put(href, content=b"othes").status_code == 400
    assert httpx2.put(href, content=b"othe").status_code == 400
    assert httpx2.put(href, content=b"others").status_code == 413
    assert httpx2.put(href, content=data).status_code == 200


def test_a_commit_of_a_file_that_was_not_uploaded(hub: HubServer) -> None:
    missing = {"path": "b.parquet", "oid": "0" * 64}
    answer = commit(
        hub,
        [
            {"key": "header", "value": {"summary": "b"}},
            {"key": "lfsFile", "value": missing},
        ],
    )
    assert answer.status_code == 400
    assert "has not been uploaded" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"", "header"),
        (b"{", "line 1"),
        (b"[]", "line 1"),
        (b'{"key": "header", "value": {"summary": "s"}}\n{"key": "fire"}', "line 2"),
        (b'{"key": "file", "value": {"path": "a"}}', "line 1"),
        (b'{"key": "header", "value": {}}', "line 1: summary"),
        (
            b'{"key": "header", "value": {"summary": "s", "parentCommit": "1"}}',
            "line 1",
        ),
        (b"[" * 100_000, "line 1"),
    ],
)
def test_a_commit_that_is_not_as_expected(
    hub: HubServer, body: bytes, where: str
) -> None:
    answer = commit(hub, body)
    assert answer.status_code == 400
    assert where in answer.json()["error"]


@pytest.mark.parametrize(
    "path",
    [
        "../a",
        "/a",
        "a/../../b",
        "a//b",
        ".git/config",
        "a/.GIT/hooks",
        "a\0b",
        "a\\b",
        "a/.",
        "x" * 300,
        "a\nb",
        "",
    ],
)
def test_paths_that_are_not_taken(hub: HubServer, path: str) -> None:
    value = {"path": path, "content": "", "encoding": "utf-8"}
    header = {"key": "header", "value": {"summary": "s"}}
    answer = commit(hub, [header, {"key": "file", "value": value}])
    assert answer.status_code == 400, answer.text
    assert "path" in answer.json()["error"]


def test_a_file_cannot_be_a_folder_too(hub: HubServer) -> None:
    header = {"key": "header", "value": {"summary": "s"}}
    value = {"path": "a.txt/b", "content": "", "encoding": "utf-8"}
    answer = commit(hub, [header, {"key": "file", "value": value}])
    assert answer.status_code == 400
    assert "'a.txt' is a file" in answer.json()["error"]


def test_only_hosts_of_its_own_are_answered(hub: HubServer) -> None:
    url = f"{hub.url}/api/datasets/ada/tasks"
    assert httpx2.get(url, headers={"Host": f"localhost:{hub.port}"}).status_code == 200
    for host in ("evil.example", f"evil.example:{hub.port}", "127.0.0.1"):
        assert httpx2.get(url, headers={"Host": host}).status_code == 421


def test_a_long_body_is_refused_before_it_is_read(hub: HubServer) -> None:
    with socket.create_connection(("127.0.0.1", hub.port), timeout=30) as line:
        line.sendall(
            b"POST /api/repos/create HTTP/1.1\r\n"
            + f"Host: 127.0.0.1:{hub.port}\r\n".encode()
            + f"Authorization: Bearer {hub.token}\r\n".encode()
            + b"Content-Length: 10000000000\r\n\r\n"
        )
        assert line.recv(100).startswith(b"HTTP/1.1 413")
    assert hub.api.whoami()["name"] == "local"


@pytest.mark.parametrize(
    "path",
    ["/api/datasets/gpt2", "/gpt2/resolve/main/config.json", "/nothing/here/at/all"],
)
def test_addresses_that_are_not_there(hub: HubServer, path: str) -> None:
    assert httpx2.get(hub.url + path).status_code == 404

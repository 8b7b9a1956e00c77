"""Addresses, hosts and names that try to lead elsewhere, each as raw bytes."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import HubServer, served
from raw_requests import ask, commit, file, head, send, tree

LARGE = b"PAR1" + bytes(96)
OID = hashlib.sha256(LARGE).hexdigest()
READ = "/datasets/ada/tasks/resolve/main"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    """A Hub beside a file that nobody may reach."""
    folder = tmp_path_factory.mktemp("beside")
    (folder / "bait.txt").write_text("bait")
    with served(folder / "hub") as server:
        server.api.create_repo("ada/tasks", repo_type="dataset")
        assert commit(server, "ada/tasks", file("a.txt", "plain")).status == 200
        yield server


@pytest.fixture(autouse=True)
def _unharmed(hub: HubServer) -> Iterator[None]:
    """The server answers, and what it did not take has left nothing anywhere."""
    before = tree(hub.folder.parent)
    yield
    assert ask(hub, "GET", f"{READ}/a.txt").body == b"plain"
    after = tree(hub.folder.parent)
    del before["hub.log"], after["hub.log"]
    assert after == before


@pytest.mark.parametrize(
    "path",
    [
        "../../../../token.txt",
        "..%2f..%2f..%2f..%2ftoken.txt",
        "%2e%2e/%2e%2e/%2e%2e/token.txt",
        "%2e%2e%2f%2e%2e%2ftoken.txt",
        "..\\..\\token.txt",
        "..%5c..%5ctoken.txt",
        "a.txt%00.parquet",
        "%00",
        "a.txt/../../../../bait.txt",
        ".git/config",
        ".git%2fconfig",
        "%2eGIT/HEAD",
        ".g%e2%80%8cit/config",
        "%ff%fe",
        "%ed%a0%80",
        "a%0d%0aX-Header:%20here",
        "x" * 5_000,
        "a/" * 2_000 + "b",
    ],
)
def test_a_path_that_leads_out_is_refused(hub: HubServer, path: str) -> None:
    answer = ask(hub, "GET", f"{READ}/{path}")
    assert answer.status == 400, answer.body
    assert hub.token.encode() not in answer.body
    assert "x-header" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "%252e%252e%252ftoken.txt",  # decoded once, it is the name of no file
        "~/.ssh",
        "a.txt;type=x",
        "a.txt%20",
        "A.TXT",
        "%61.txt.",
    ],
)
def test_a_path_is_decoded_once_and_taken_as_it_is(hub: HubServer, path: str) -> None:
    assert ask(hub, "GET", f"{READ}/{path}").status == 404


@pytest.mark.parametrize(
    "target",
    [
        "/../token.txt",
        "/%2e%2e/token.txt",
        "/datasets/../token.txt",
        "/objects/" + OID[:2],
        "/tokens/",
        "/token.txt",
        "/signing.key",
        "/hub.json",
        "//etc/passwd",
        "/datasets/ada/tasks.git/config",
        "/datasets/ada/tasks.git/info/refs?service=git-receive-pack",
        "/lfs/../../token.txt",
        "*",
        "[x",
        "//[",
        "http://[/x",
        "ada/tasks",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PROPFIND"])
def test_what_lies_in_the_folder_has_no_address(
    hub: HubServer, method: str, target: str
) -> None:
    answer = ask(hub, method, target, hub.token)
    assert answer.status in (400, 404, 405)
    assert b"Traceback" not in answer.body


@pytest.mark.parametrize(
    "revision",
    [
        "..",
        "%2e%2e",
        "..%2f..%2fhub",
        "main%2f..%2f..%2fconfig",
        "refs%2fheads%2f..%2f..%2fconfig",
        "main.lock",
        "main%00",
        "main%0a",
        "main~1",
        "main^",
        "main:a.txt",
        "@%7b1%7d",
        "-x",
        "%ff",
        "x" * 5_000,
    ],
)
def test_revisions_that_are_no_names(hub: HubServer, revision: str) -> None:
    for target in (
        f"/datasets/ada/tasks/resolve/{revision}/a.txt",
        f"/api/datasets/ada/tasks/revision/{revision}",
        f"/api/datasets/ada/tasks/tree/{revision}",
        f"/api/datasets/ada/tasks/commits/{revision}",
    ):
        assert ask(hub, "GET", target).status in (400, 404)
    branch = f"/api/datasets/ada/tasks/branch/{revision}"
    assert ask(hub, "POST", branch, hub.token).status == 400
    tag = json.dumps({"tag": "v1"}).encode()
    target = f"/api/datasets/ada/tasks/tag/{revision}"
    assert ask(hub, "POST", target, hub.token, tag).status in (400, 404)


@pytest.mark.parametrize(
    "tag",
    [
        "../x",
        "/x",
        "x/",
        "a..b",
        "x.lock",
        "a/.b",
        "HEAD",
        "refs/heads/x",
        "-d",
        "",
        "a b",
        "a\x00",
        "a\n",
        "a\\b",
        "@{1}",
        "0" * 40,
        "x" * 300,
        "x/" * 600 + "y",
        "\ud800",
    ],
)
def test_tags_that_are_no_names(hub: HubServer, tag: str) -> None:
    body = json.dumps({"tag": tag}).encode()
    target = "/api/datasets/ada/tasks/tag/main"
    assert ask(hub, "POST", target, hub.token, body).status == 400


@pytest.mark.parametrize("revision", ["main/x", "main/x/y"])
def test_nothing_is_below_a_branch(hub: HubServer, revision: str) -> None:
    quoted = revision.replace("/", "%2F")
    assert ask(hub, "GET", f"/api/datasets/ada/tasks/revision/{quoted}").status == 404
    target = f"/api/datasets/ada/tasks/branch/{quoted}"
    assert ask(hub, "POST", target, hub.token).status == 409


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "..",
        ".",
        "ada/..",
        "ada/../..",
        "ada/a.git",
        "a/b/c",
        "",
        "ada/",
        "/x",
        "ada/.git",
        "api/x",
        "datasets/x",
        "lfs/x",
        "API/x",
        "ada/x\n",
        "ada/x\x00",
        "ada/a--b",
        "ada/a..b",
        "ada/-x",
        "ada/x.",
        "ada/é",
        "ada/" + "x" * 97,
        "ada\\x",
        "ada/x y",
        "ada/\ud800",
        "ada/x\r\nA: b",
        "ada/%2e%2e",
    ],
)
def test_names_of_repositories_that_are_not_taken(hub: HubServer, name: str) -> None:
    body = json.dumps({"type": "dataset", "name": name}).encode()
    for method, target in (("POST", "create"), ("DELETE", "delete")):
        answer = ask(hub, method, f"/api/repos/{target}", hub.token, body)
        assert answer.status == 400, answer.body
    assert "a" not in answer.headers


@pytest.mark.parametrize(
    "body",
    [
        {"type": "space", "name": "x"},
        {"type": ["dataset"], "name": "x"},
        {"type": "dataset", "name": 5},
        {"type": "dataset", "name": "x", "organization": "../.."},
        {"type": "dataset", "name": "x", "organization": {"a": 1}},
        ["dataset"],
        None,
    ],
)
def test_repositories_of_no_shape(hub: HubServer, body: object) -> None:
    given = json.dumps(body).encode()
    assert ask(hub, "POST", "/api/repos/create", hub.token, given).status == 400


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("evil.example:{port}", 421),
        ("127.0.0.1", 421),
        ("127.0.0.1:80", 421),
        ("127.0.0.1:{port}.evil.example", 421),
        ("127.0.0.1:{port}@evil.example", 421),
        ("user@127.0.0.1:{port}", 421),
        ("localhost.:{port}", 421),
        ("[::1]:{port}", 421),
        ("0.0.0.0:{port}", 421),
        ("2130706433:{port}", 421),
        ("\u00e9vil", 421),
        ("", 400),
    ],
)
def test_a_name_that_points_here_is_not_enough(
    hub: HubServer, host: str, status: int
) -> None:
    """DNS rebinding: a page of another site would send its own name."""
    target = f"{READ}/a.txt"
    answer = ask(hub, "GET", target, hub.token, Host=host.format(port=hub.port))
    assert answer.status == status
    assert b"plain" not in answer.body


def test_one_host_and_no_other_way_to_say_it(hub: HubServer) -> None:
    ours = f"127.0.0.1:{hub.port}"
    twice = head(hub, "GET", f"{READ}/a.txt").replace(
        b"\r\n\r\n", b"\r\nHost: evil.example\r\n\r\n"
    )
    assert send(hub, twice).status == 400
    assert send(hub, b"GET /api/datasets HTTP/1.0\r\n\r\n").status == 400
    for target in (f"http://{ours}{READ}/a.txt", f"http://evil.example{READ}/a.txt"):
        assert ask(hub, "GET", target).status == 404
    forwarded = {"X_Forwarded_Host": ours, "Forwarded": f"host={ours}"}
    assert ask(hub, "GET", f"{READ}/a.txt", Host="evil", **forwarded).status == 421
    assert ask(hub, "CONNECT", "evil.example:443").status in (400, 404)


def test_other_sites_may_not_read_the_answers(hub: HubServer) -> None:
    origin = {"Origin": "https://evil.example"}
    asked = {"Access_Control_Request_Method": "POST", **origin}
    before = ask(hub, "OPTIONS", "/api/repos/create", **asked)
    assert before.status == 405
    for answer in (before, ask(hub, "GET", f"{READ}/a.txt", **origin)):
        assert not [n for n in answer.headers if n.startswith("access-control")]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  /  HTTP/1.1\r\n\r\n",
        b"\0" * 100,
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    ],
)
def test_what_is_not_http(hub: HubServer, request_: bytes) -> None:
    assert send(hub, request_).status in (0, 400, 501)


@pytest.mark.parametrize("where", ["datasets", "models"])
@pytest.mark.parametrize("query", ["limit=" + "9" * 5_000, "limit=-1", "limit=%D9%A3"])
def test_counts_that_are_none(hub: HubServer, where: str, query: str) -> None:
    assert ask(hub, "GET", f"/api/{where}?{query}").status == 400


@pytest.mark.parametrize(
    "query", ["limit=-1", "cursor=-1", "limit=1e9", "cursor=x", "limit=" + "9" * 30]
)
def test_pages_that_are_none(hub: HubServer, query: str) -> None:
    target = f"/api/datasets/ada/tasks/tree/main?{query}"
    assert ask(hub, "GET", target).status == 400
    query = query.replace("cursor", "p")
    assert (
        ask(hub, "GET", f"/api/datasets/ada/tasks/commits/main?{query}").status == 400
    )


def test_counts_beyond_everything_are_cut(hub: HubServer) -> None:
    for target in (
        "/api/datasets?limit=999999999",
        "/api/datasets/ada/tasks/tree/main?limit=999999999",
        "/api/datasets/ada/tasks/tree/main?cursor=999999999",
        "/api/datasets/ada/tasks/commits/main?p=999999999&limit=999999999",
    ):
        assert ask(hub, "GET", target).status == 200


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=" + ",".join(["0-0"] * 10_000),
        "bytes=0-0,1-1",
        "bytes=-" + "9" * 5_000,
        "bytes=" + "9" * 5_000 + "-",
        "bytes=--1",
        "bytes=3-1,",
        "bytes=\u0663-",
    ],
)
def test_ranges_that_are_not_served(hub: HubServer, asked: str) -> None:
    """One answer of the whole file, never one of thousands of parts."""
    answer = ask(hub, "GET", f"{READ}/a.txt", Range=asked)
    assert (answer.status, answer.body) == (200, b"plain")


def test_a_range_that_ends_before_it_begins(hub: HubServer) -> None:
    assert ask(hub, "GET", f"{READ}/a.txt", Range="bytes=3-1").status == 416


def test_a_link_in_the_folder_is_not_followed(hub: HubServer, tmp_path: Path) -> None:
    """In the place of a large file, as one who may write there would put it."""
    bait = tmp_path / "bait"
    bait.write_bytes(LARGE)
    place = hub.folder / "objects" / OID[:2] / OID[2:4] / OID
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(bait)
    line = {"key": "lfsFile", "value": {"path": "l.parquet", "oid": OID}}
    assert commit(hub, "ada/tasks", line).status == 400
    body = {"operation": "download", "objects": [{"oid": OID, "size": len(LARGE)}]}
    batch = "/datasets/ada/tasks.git/info/lfs/objects/batch"
    answer = ask(hub, "POST", batch, hub.token, json.dumps(body).encode())
    assert json.loads(answer.body)["objects"][0]["error"]["code"] == 404
    place.unlink()
    place.parent.rmdir()
    place.parent.parent.rmdir()

"""Commits that carry names, contents and JSON made to do harm."""

import base64
import hashlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from hub_server import HubServer, served
from raw_requests import (
    Answer,
    ask,
    batch,
    commit,
    file,
    peak_mb,
    tree,
    upload_address,
)

LARGE = b"PAR1" + bytes(96)
OID = hashlib.sha256(LARGE).hexdigest()
REPO = "ada/tasks"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    with served(tmp_path_factory.mktemp("hub") / "hub") as server:
        server.api.create_repo(REPO, repo_type="dataset")
        target = upload_address(server, REPO, OID, len(LARGE))
        assert ask(server, "PUT", target, body=LARGE).status == 200
        assert commit(server, REPO, file("a.txt", "plain")).status == 200
        yield server
        assert server.stop() == 0
        assert server.run("fsck").returncode == 0
        assert git(server, "fsck", "--strict", "--full", "--no-dangling") == ""


def git(server: HubServer, *command: str) -> str:
    folder = server.folder / "datasets" / f"{REPO}.git"
    done = subprocess.run(
        ["git", "-C", folder, *command], capture_output=True, text=True, check=True
    )
    return done.stdout + done.stderr


def head(server: HubServer) -> str:
    answer = ask(server, "GET", f"/api/datasets/{REPO}")
    assert answer.status == 200, answer.body
    return str(json.loads(answer.body)["sha"])


@pytest.fixture
def refused(hub: HubServer) -> Iterator[Callable[[Answer, int], None]]:
    """Checks a status; afterwards the branch is where it was, and nothing is left."""
    before, files = head(hub), tree(hub.folder / "incoming")

    def check(answer: Answer, status: int = 400) -> None:
        assert answer.status == status, answer.body
        assert len(answer.body) < 10_000

    yield check
    assert head(hub) == before
    assert tree(hub.folder / "incoming") == files


Check = Callable[..., None]


@pytest.mark.parametrize(
    "path",
    [
        "../a",
        "a/../../b",
        "/etc/passwd",
        "a//b",
        "./a",
        "a/.",
        "a/..",
        "",
        "/",
        "a/",
        ".git",
        ".git/config",
        "a/.GIT/hooks/x",
        ".git./x",
        ".git /x",
        ".git::$DATA",
        "GIT~1/config",
        "a/git~2",
        ".g\u200cit/config",
        ".gi\ufefft",
        "\u202e.git/x",
        ".gitmodules",
        "a/.GITMODULES",
        "gitmod~1",
        "\\\\server\\share",
        "a\\..\\b",
        "a\x00b",
        "a\nb",
        "a\rb",
        "a\x1bb",
        "a\x7fb",
        "x" * 241,
        "é" * 121,
        "a/" * 501 + "b",
        "\ud800",
        "a\udcff",
    ],
)
def test_paths(hub: HubServer, refused: Check, path: str) -> None:
    large = {"path": path, "oid": OID, "algo": "sha256"}
    refused(commit(hub, REPO, file(path)))
    refused(commit(hub, REPO, {"key": "lfsFile", "value": large}))
    refused(
        commit(hub, REPO, {"key": "copyFile", "value": {"path": path, "srcPath": "a"}})
    )
    refused(
        commit(hub, REPO, {"key": "copyFile", "value": {"path": "b", "srcPath": path}})
    )
    refused(commit(hub, REPO, {"key": "deletedFile", "value": {"path": path}}))
    target = f"/api/datasets/{REPO}/preupload/main"
    body = json.dumps({"files": [{"path": path, "size": 1, "sample": ""}]}).encode()
    refused(ask(hub, "POST", target, hub.token, body))


def test_names_that_are_odd_but_harmless(hub: HubServer) -> None:
    """They come back as they are, and git takes them."""
    names = [
        "C:/x",
        "~",
        "-rf",
        "$(id)",
        "a b",
        "ä",
        "a\u0308",
        "...",
        "CON",
        "a'\"<b>",
    ]
    names += ["x" * 240, ".gitx", "agit~1", "%2e%2e", "a;b&c|d"]
    files = [file(f"odd/{name}", name) for name in names]
    assert commit(hub, REPO, *files).status == 200
    found = hub.api.list_repo_tree(
        REPO, repo_type="dataset", recursive=True, expand=True
    )
    assert {f"odd/{name}" for name in names} <= {entry.path for entry in found}
    for name in names:
        address = f"/datasets/{REPO}/resolve/main/odd/{quote(name, safe='')}"
        assert ask(hub, "GET", address).body == name.encode()


@pytest.mark.slow
def test_the_deepest_path(hub: HubServer) -> None:
    deep = "/".join(["d"] * 500)
    assert commit(hub, REPO, file(deep)).status == 200
    found = hub.api.list_repo_tree(
        REPO, repo_type="dataset", recursive=True, expand=True
    )
    assert deep in {entry.path for entry in found}
    assert ask(hub, "GET", f"/datasets/{REPO}/resolve/main/{deep}").body == b"text"
    deletion = {"key": "deletedFolder", "value": {"path": "d"}}
    assert commit(hub, REPO, deletion).status == 200


@pytest.mark.parametrize(
    "lines",
    [
        [file("a.txt/b")],
        [file("n"), file("n/b")],
        [file("n/b"), file("n")],
        [
            file("n/b/c"),
            {"key": "copyFile", "value": {"path": "n", "srcPath": "a.txt"}},
        ],
    ],
)
def test_a_name_is_a_file_or_a_folder(
    hub: HubServer, refused: Check, lines: list[object]
) -> None:
    refused(commit(hub, REPO, *lines))


def test_the_last_of_two_lines_for_a_path_counts(hub: HubServer) -> None:
    assert commit(hub, REPO, file("twice", "1"), file("twice", "2")).status == 200
    target = f"/datasets/{REPO}/resolve/main/twice"
    assert ask(hub, "GET", target).body == b"2"


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"null",
        b"nonsense",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"[" * 1_000_000,
        b'{"a":' * 1_000_000,
        b'{"key": "file", "value": ' + b"[" * 900 + b"]" * 900 + b"}",
        b"9" * 100_000,
        b'{"key": "file", "key": "header", "value": {"summary": "s"}}',
        {"key": "header", "value": {"summary": "again"}},
        {"key": ["file"], "value": {}},
        {"key": "symlink", "value": {"path": "s", "target": "/etc"}},
        {"key": "file", "value": "text"},
        {"key": "file", "value": {"path": 5, "content": ""}},
        {"key": "file", "value": {"path": "a", "content": None}},
        {"key": "file", "value": {"path": "a", "content": ["x"]}},
        {"key": "file", "value": {"path": "a", "content": "!", "encoding": "base64"}},
        {"key": "file", "value": {"path": "a", "content": "a", "encoding": "\ud800"}},
        {"key": "file", "value": {"path": "a", "content": "\ud800"}},
        {"key": "lfsFile", "value": {"path": "a", "oid": "0" * 64}},
        {"key": "lfsFile", "value": {"path": "a", "oid": "../" + "0" * 61}},
        {"key": "lfsFile", "value": {"path": "a", "oid": OID.upper()}},
        {"key": "lfsFile", "value": {"path": "a", "oid": [OID]}},
        {"key": "lfsFile", "value": {"path": "a", "oid": OID, "size": 5}},
        {"key": "lfsFile", "value": {"path": "a", "oid": OID, "size": ["x" * 100_000]}},
        {
            "key": "copyFile",
            "value": {"path": "b", "srcPath": "a.txt", "srcRevision": ".."},
        },
    ],
)
def test_lines_of_no_shape(hub: HubServer, refused: Check, line: object) -> None:
    refused(commit(hub, REPO, line))


def test_lines_and_lists_without_end(hub: HubServer, refused: Check) -> None:
    """Each is given up where it is clear what it is."""
    refused(commit(hub, REPO, b'{"key": "file", "value": "' + b"x" * 40_000_000), 413)
    refused(commit(hub, REPO, b"[" + b"[]," * 5_000_000), 413)
    refused(commit(hub, REPO, b"[" + b"{}," * 5_000_000), 413)
    deletion = b'{"key":"deletedFile","value":{"path":"a"}}'
    refused(commit(hub, REPO, *[deletion] * 25_001), 413)
    parent = {"summary": "s" * 70_000}
    refused(commit(hub, REPO, {"key": "header", "value": parent}), 400)
    body = json.dumps({"key": "header", "value": parent}).encode()
    target = f"/api/datasets/{REPO}/commit/main"
    refused(ask(hub, "POST", target, hub.token, body), 413)
    assert peak_mb(hub) < 400


def test_small_files_are_small(hub: HubServer, refused: Check) -> None:
    content = base64.b64encode(bytes((10 << 20) + 3)).decode()
    value = {"path": "b", "content": content, "encoding": "base64"}
    refused(commit(hub, REPO, {"key": "file", "value": value}), 413)


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n"


def test_a_pointer_that_comes_as_text_is_held_to_what_it_says(
    hub: HubServer, refused: Check
) -> None:
    refused(commit(hub, REPO, file("p", POINTER.format(oid="0" * 64, size=100))))
    refused(commit(hub, REPO, file("p", POINTER.format(oid=OID, size=99))))
    refused(commit(hub, REPO, file("p", POINTER.format(oid=OID, size=10**15))))


def test_a_true_pointer_is_the_large_file_and_a_near_one_is_text(
    hub: HubServer,
) -> None:
    near = POINTER.format(oid="../" + "0" * 61, size=5)
    true = POINTER.format(oid=OID, size=len(LARGE))
    assert commit(hub, REPO, file("true", true), file("near", near)).status == 200
    for name, expected in (("true", LARGE), ("near", near.encode())):
        answer = ask(hub, "GET", f"/datasets/{REPO}/resolve/main/{name}")
        assert (answer.status, answer.body) == (200, expected)


def test_attributes_that_git_calls_broken(hub: HubServer, refused: Check) -> None:
    refused(commit(hub, REPO, file("sub/.gitattributes", "x" * 2_048)))


@pytest.mark.parametrize(
    "content",
    [
        "".join(
            f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
        ),
        "a: &a [*a]",
        "a: &a {b: *a}",
        "a: .nan\nb: [.inf, -.inf]",
        'a: "\\ud800"',
        "a: " + "[" * 5_000,
        "? [a, b]\n: c",
        "? !!binary aGk=\n: !!set {x, y}",
        "!!python/object/apply:os.system ['touch /tmp/x']",
        "a: 2001-99-99",
        "a: " + "9" * 50_000,
        "a: !!int x",
        "%YAML 9.9",
        "\t",
        "- a\n- b",
        "a: *missing",
        "<<: [a]",
        "a: b\n" * 30_000,
    ],
)
def test_cards_that_are_traps(hub: HubServer, content: str) -> None:
    """Whoever looks at the repository is answered, and at once."""
    card = (
        f"---\na0: &a0 x\n{content}\n---\n"
        if "*a0" in content
        else f"---\n{content}\n---\n"
    )
    assert commit(hub, REPO, file("README.md", card)).status == 200
    began = time.monotonic()
    for query in ("", "?blobs=1"):
        answer = ask(hub, "GET", f"/api/datasets/{REPO}{query}")
        assert answer.status == 200
        json.loads(answer.body, parse_constant=pytest.fail)
    body = json.dumps({"content": card}).encode()
    assert ask(hub, "POST", "/api/validate-yaml", body=body).status in (200, 400)
    assert time.monotonic() - began < 30  # of minutes that they were made to last


@pytest.mark.parametrize(
    ("rule", "path", "status"),
    [
        ("*a" * 30 + "b", "a" * 240, 200),
        ("a?*" * 50 + "b", "a" * 240, 200),
        ("**/a/" * 30 + "b", "a/" * 10 + "c", 200),
        ("**/a/" * 150 + "b", "a/" * 400 + "c", 413),
        ("[" * 1_000, "a", 200),
        ("[" * 1_001, "a", 413),
        ("[[:alpha:]", "a", 200),
        ("[z-a]", "a", 200),
        ("\\", "a", 200),
        ("!", "a", 200),
        ("/", "a", 200),
        ("***/**/***", "a/b", 200),
    ],
)
def test_ignore_rules_that_are_traps(
    hub: HubServer, rule: str, path: str, status: int
) -> None:
    """Stars are not tried against every part of a name, and steps are counted."""
    files = [{"path": path, "size": 1, "sample": ""}] * 100
    body = json.dumps({"files": files, "gitIgnore": f"{rule}\n" * 5}).encode()
    began = time.monotonic()
    answer = ask(hub, "POST", f"/api/datasets/{REPO}/preupload/main", hub.token, body)
    assert answer.status == status, answer.body
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    "body",
    [
        {"files": "a"},
        {"files": [[]]},
        {"files": [{"path": "a", "size": -1}]},
        {"files": [{"path": "a", "size": True}]},
        {"files": [{"path": "a", "size": 1, "sample": "é"}]},
        {"files": [{"path": "a", "size": 1, "sample": 5}]},
        {"files": [{"path": "a", "size": 1}] * 1_001},
        {"files": [], "gitIgnore": 5},
    ],
)
def test_preuploads_of_no_shape(hub: HubServer, refused: Check, body: object) -> None:
    target = f"/api/datasets/{REPO}/preupload/main"
    refused(ask(hub, "POST", target, hub.token, json.dumps(body).encode()))


def test_ignore_rules_without_end(hub: HubServer, refused: Check) -> None:
    for rules in ("x" * 70_000, ("x" * 900 + "\n") * 80, "a\n" * 1_001):
        body = json.dumps({"files": [], "gitIgnore": rules}).encode()
        target = f"/api/datasets/{REPO}/preupload/main"
        refused(ask(hub, "POST", target, hub.token, body), 413)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"operation": "delete", "objects": []},
        {"operation": "upload", "objects": {}},
        {"operation": "upload", "objects": [OID]},
        {"operation": "upload", "objects": [{"oid": OID, "size": -1}]},
        {"operation": "upload", "objects": [{"oid": OID, "size": 1 << 41}]},
        {"operation": "upload", "objects": [{"oid": OID, "size": 1.5}]},
        {"operation": "upload", "objects": [{"oid": OID, "size": True}]},
        {"operation": "upload", "objects": [{"oid": "../../" + "0" * 58, "size": 1}]},
        {"operation": "upload", "objects": [{"oid": "0" * 63 + "/", "size": 1}]},
        {"operation": "upload", "objects": [{"oid": "0" * 65, "size": 1}]},
        {"operation": "upload", "objects": [{"oid": "\ud800", "size": 1}]},
        {"operation": "upload", "objects": [{"oid": {"a": 1}, "size": 1}]},
        {"operation": "upload", "objects": [{"oid": OID, "size": 1}] * 1_001},
        {"operation": "upload", "objects": [], "hash_algo": "md5"},
    ],
)
def test_batches_of_no_shape(hub: HubServer, refused: Check, body: object) -> None:
    refused(batch(hub, REPO, body, hub.token))


@pytest.mark.parametrize(
    ("oid", "size", "code"), [(OID, 5, 422), ("0" * 64, 1 << 40, 507)]
)
def test_another_size_of_a_stored_file_and_a_terabyte(
    hub: HubServer, oid: str, size: int, code: int
) -> None:
    body = {"operation": "upload", "objects": [{"oid": oid, "size": size}]}
    answer = batch(hub, REPO, body, hub.token)
    assert json.loads(answer.body)["objects"][0]["error"]["code"] == code


def test_texts_that_are_no_unicode(hub: HubServer) -> None:
    header = {"key": "header", "value": {"summary": "a\ud800b\0c\r\nAuthor: x <x@y>"}}
    body = "\n".join(map(json.dumps, (header, file("u.txt")))).encode()
    target = f"/api/datasets/{REPO}/commit/main"
    assert ask(hub, "POST", target, hub.token, body).status == 200
    tag = json.dumps({"tag": "odd", "message": "\ud800\0\r\ntagger x"}).encode()
    answer = ask(hub, "POST", f"/api/datasets/{REPO}/tag/main", hub.token, tag)
    assert answer.status == 200
    titles = [c.title for c in hub.api.list_repo_commits(REPO, repo_type="dataset")]
    assert titles[0].startswith("a?bc")
    paths = json.dumps({"paths": ["\ud800"]}).encode()
    info = f"/api/datasets/{REPO}/paths-info/main"
    kind = {"Content_Type": "application/json"}
    assert ask(hub, "POST", info, body=paths, **kind).status == 400
    assert ask(hub, "POST", info, body=b"paths=%ED%A0%80&paths=%FF").status == 400
    assert ask(hub, "POST", info, body=b"paths=a&" * 10_001).status == 400
    many = b"&".join(b"paths=%d" % n for n in range(1_001))
    assert ask(hub, "POST", info, body=many).status == 413

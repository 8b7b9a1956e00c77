"""Many clients at once: every success is in the history once, nothing is lost."""

import hashlib
import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hub_server import HubServer, served
from raw_requests import Answer, ask, file, upload_address

N_CLIENTS = 16


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    with served(tmp_path_factory.mktemp("hub") / "hub") as server:
        yield server
        assert server.stop() == 0
        found = server.run("fsck")
        assert "0 leftovers, 0 problems" in found.stdout, found.stdout
        for repository in server.folder.glob("datasets/*/*.git"):
            assert git_fsck(repository) == ""


def git_fsck(repository: Path) -> str:
    command = ["git", "-C", repository, "fsck", "--strict", "--full", "--no-dangling"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.fixture
def repo(hub: HubServer, request: pytest.FixtureRequest) -> str:
    name = "race/" + request.node.name.replace("[", "-").replace("]", "")
    hub.api.create_repo(name, repo_type="dataset")
    return name


def commit(
    hub: HubServer, repo: str, title: str, lines: list[object], parent: str | None
) -> Answer:
    value = {"summary": title, **({"parentCommit": parent} if parent else {})}
    header: dict[str, object] = {"key": "header", "value": value}
    body = "\n".join(json.dumps(line) for line in (header, *lines)).encode()
    target = f"/api/datasets/{repo}/commit/main"
    return ask(hub, "POST", target, hub.token, body)


def head(hub: HubServer, repo: str) -> str:
    answer = ask(hub, "GET", f"/api/datasets/{repo}")
    return str(json.loads(answer.body)["sha"])


def history(hub: HubServer, repo: str) -> list[tuple[str, str]]:
    """Commit and title, newest first."""
    answer = ask(hub, "GET", f"/api/datasets/{repo}/commits/main?limit=1000")
    return [(one["id"], one["title"]) for one in json.loads(answer.body)]


def at_once(work: Callable[[int], list[Answer]]) -> list[Answer]:
    """What all clients were answered, each in its thread, started together."""
    together = threading.Barrier(N_CLIENTS)

    def begin(n: int) -> list[Answer]:
        together.wait()
        return work(n)

    with ThreadPoolExecutor(N_CLIENTS) as pool:
        return [
            answer for found in pool.map(begin, range(N_CLIENTS)) for answer in found
        ]


def test_committers_without_a_parent_all_succeed(hub: HubServer, repo: str) -> None:
    def work(n: int) -> list[Answer]:
        names = [f"{n}-{i}" for i in range(4)]
        return [commit(hub, repo, name, [file(name, name)], None) for name in names]

    answers = at_once(work)
    assert Counter(answer.status for answer in answers) == {200: 4 * N_CLIENTS}
    made = {json.loads(answer.body)["commitOid"] for answer in answers}
    found = history(hub, repo)
    assert len(found) == len(made) + 1
    assert made == {sha for sha, _ in found[:-1]}
    expected = {f"{n}-{i}" for n in range(N_CLIENTS) for i in range(4)}
    assert {title for _, title in found[:-1]} == expected
    files = set(hub.api.list_repo_files(repo, repo_type="dataset"))
    assert files == expected | {".gitattributes"}


def test_of_those_with_one_parent_one_succeeds(hub: HubServer, repo: str) -> None:
    parent = head(hub, repo)

    def work(n: int) -> list[Answer]:
        return [commit(hub, repo, str(n), [file("a", str(n))], parent)]

    answers = at_once(work)
    assert Counter(a.status for a in answers) == {200: 1, 412: N_CLIENTS - 1}
    (winner,) = (n for n, answer in enumerate(answers) if answer.status == 200)
    assert [title for _, title in history(hub, repo)] == [str(winner), "initial commit"]
    assert ask(hub, "GET", f"/datasets/{repo}/resolve/main/a").body == b"%d" % winner


def test_a_counter_loses_no_step(hub: HubServer, repo: str) -> None:
    """Each reads a number and commits the next, with the parent it read it at."""
    begun = commit(hub, repo, "0", [file("n", "0")], None)
    assert begun.status == 200

    def step() -> Answer:
        seen = ask(hub, "GET", f"/datasets/{repo}/resolve/main/n")
        parent = seen.headers["x-repo-commit"]
        number = str(int(seen.body) + 1)
        return commit(hub, repo, number, [file("n", number)], parent)

    def work(n: int) -> list[Answer]:
        answers: list[Answer] = []
        while sum(a.status == 200 for a in answers) < 2:
            answers.append(step())
        return answers

    statuses = Counter(answer.status for answer in at_once(work))
    assert set(statuses) == {200, 412}
    assert statuses[200] == 2 * N_CLIENTS
    titles = [title for _, title in history(hub, repo)]
    numbers = [str(n) for n in range(2 * N_CLIENTS, -1, -1)]
    assert titles == [*numbers, "initial commit"]


def test_one_of_many_makes_a_tag_and_a_branch(hub: HubServer, repo: str) -> None:
    commits = []
    for n in range(N_CLIENTS):
        answer = commit(hub, repo, str(n), [file("a", str(n))], None)
        commits.append(json.loads(answer.body)["commitOid"])
    tag = json.dumps({"tag": "v1"}).encode()

    def work(n: int) -> list[Answer]:
        target = f"/api/datasets/{repo}/tag/{commits[n]}"
        start = json.dumps({"startingPoint": commits[n]}).encode()
        branch = f"/api/datasets/{repo}/branch/b"
        return [
            ask(hub, "POST", target, hub.token, tag),
            ask(hub, "POST", branch, hub.token, start),
        ]

    answers = at_once(work)
    for name, found in (("v1", answers[::2]), ("b", answers[1::2])):
        assert Counter(a.status for a in found) == {200: 1, 409: N_CLIENTS - 1}
        (winner,) = (n for n, a in enumerate(found) if a.status == 200)
        info = hub.api.dataset_info(repo, revision=name)
        assert info.sha == commits[winner]


def test_tags_that_come_and_go(hub: HubServer, repo: str) -> None:
    """Making and deleting the same three tags: one answer or the other, no third."""

    def work(n: int) -> list[Answer]:
        found = []
        for i in range(6):
            name = f"v{(n + i) % 3}"
            body = json.dumps({"tag": name, "message": "m" * (i % 2)}).encode()
            made = ask(hub, "POST", f"/api/datasets/{repo}/tag/main", hub.token, body)
            address = f"/api/datasets/{repo}/tag/{name}"
            found += [made, ask(hub, "DELETE", address, hub.token)]
            found.append(ask(hub, "GET", f"/api/datasets/{repo}/refs"))
        return found

    answers = at_once(work)
    assert {a.status for a in answers[::3]} <= {200, 409}
    assert {a.status for a in answers[1::3]} <= {200, 404}
    assert {a.status for a in answers[2::3]} == {200}
    made = sum(a.status == 200 for a in answers[::3])
    gone = sum(a.status == 200 for a in answers[1::3])
    refs = hub.api.list_repo_refs(repo, repo_type="dataset")
    assert made - gone == len(refs.tags)


def test_a_repository_that_comes_and_goes_under_its_users(hub: HubServer) -> None:
    """Made, deleted, written to and read at once: never an answer that is a failure,
    and what is there in the end is whole."""
    repo = "race/fleeting"
    named = json.dumps({"type": "dataset", "name": repo}).encode()

    def work(n: int) -> list[Answer]:
        found = []
        for i in range(6):
            if n % 4 == 0:
                found.append(ask(hub, "POST", "/api/repos/create", hub.token, named))
            elif n % 4 == 1:
                found.append(ask(hub, "DELETE", "/api/repos/delete", hub.token, named))
            elif n % 4 == 2:
                found.append(commit(hub, repo, f"{n}-{i}", [file(f"{n}/{i}")], None))
            else:
                for target in (
                    f"/api/datasets/{repo}",
                    f"/api/datasets/{repo}/tree/main",
                ):
                    found.append(ask(hub, "GET", target, hub.token))
                listed = ask(hub, "GET", "/api/datasets", hub.token)
                assert listed.status == 200, listed.body
        return found

    statuses = Counter(answer.status for answer in at_once(work))
    assert set(statuses) <= {200, 404, 409}
    ask(hub, "POST", "/api/repos/create", hub.token, named)
    done = commit(hub, repo, "last", [file("last")], None)
    assert json.loads(done.body)["commitOid"] == history(hub, repo)[0][0]


def test_readers_never_see_half_a_commit(hub: HubServer, repo: str) -> None:
    """Two files that each commit changes together, read by three clients meanwhile."""
    done = threading.Event()
    names = ("a", "b/c")

    def write() -> None:
        for n in range(40):
            lines = [file(name, str(n)) for name in names]
            assert commit(hub, repo, str(n), list(lines), None).status == 200

    def read() -> int:
        n_read = 0
        while not done.is_set():
            address = f"/api/datasets/{repo}/tree/main?recursive=1"
            entries = {e["path"]: e for e in json.loads(ask(hub, "GET", address).body)}
            oids = {entries[name]["oid"] for name in names if name in entries}
            assert len(oids) <= 1, entries
            sha = head(hub, repo)
            texts = {
                ask(hub, "GET", f"/datasets/{repo}/resolve/{sha}/{name}").body
                for name in names
            }
            assert len(texts) == 1, texts
            n_read += 1
        return n_read

    began = commit(hub, repo, "first", [file(name, "first") for name in names], None)
    assert began.status == 200
    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        try:
            write()
            time.sleep(0.2)
        finally:
            done.set()
        assert all(reader.result() > 3 for reader in readers)


def test_one_large_file_from_many_at_once(hub: HubServer, repo: str) -> None:
    """All send the same bytes; it is stored once, and whole."""
    data = bytes(range(256)) * 8_000
    oid = hashlib.sha256(data).hexdigest()
    target = upload_address(hub, repo, oid, len(data))

    def work(n: int) -> list[Answer]:
        sent = ask(hub, "PUT", target, body=data)
        large = {"key": "lfsFile", "value": {"path": f"{n}.bin", "oid": oid}}
        return [sent, commit(hub, repo, str(n), [large], None)]

    assert {answer.status for answer in at_once(work)} == {200}
    for n in range(N_CLIENTS):
        assert ask(hub, "GET", f"/datasets/{repo}/resolve/main/{n}.bin").body == data
    assert list((hub.folder / "incoming").iterdir()) == []

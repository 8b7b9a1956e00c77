"""What HfApi does against the embedded Hub, over a real connection."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import HubServer
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    RepoFile,
    RepoFolder,
    constants,
)
from huggingface_hub.errors import (
    BadRequestError,
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

ROWS = b"PAR1" + bytes(range(256)) * 64
README = b"---\nlicense: mit\nlanguage:\n- en\n---\n# Tasks\n"


@pytest.fixture(scope="module", autouse=True)
def _without_xet() -> Iterator[None]:
    """As HF_HUB_DISABLE_XET=1, which is read when the library is imported."""
    patch = pytest.MonkeyPatch()
    patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    yield
    patch.undo()


@pytest.fixture
def repo(hub: HubServer, request: pytest.FixtureRequest) -> str:
    """A fresh dataset with a README and a Parquet file, tagged v1.0.0."""
    name = f"ada/{hashlib.md5(request.node.name.encode()).hexdigest()}"
    hub.api.create_repo(name, repo_type="dataset")
    files = {"README.md": README, "data/train.parquet": ROWS}
    hub.api.create_commit(name, adding(files), commit_message="rows", repo_type=TYPE)
    hub.api.create_tag(name, tag="v1.0.0", repo_type="dataset")
    return name


TYPE = "dataset"


def adding(files: dict[str, bytes]) -> list[CommitOperationAdd]:
    return [CommitOperationAdd(path, content) for path, content in files.items()]


def commit(hub: HubServer, repo: str, path: str, content: bytes, **more: str) -> str:
    operations = adding({path: content})
    done = hub.api.create_commit(
        repo, operations, commit_message=f"add {path}", repo_type=TYPE, **more
    )
    return done.oid


def status(error: pytest.ExceptionInfo[HfHubHTTPError]) -> tuple[int, str | None]:
    response = error.value.response
    return response.status_code, response.headers.get("X-Error-Code")


def test_whoami_tells_user_and_rights(hub: HubServer) -> None:
    mine, reader = hub.api.whoami(), hub.reader.whoami()
    assert (mine["name"], mine["type"]) == ("local", "user")
    assert mine["auth"]["accessToken"]["role"] == "write"
    assert (reader["name"], reader["auth"]["accessToken"]["role"]) == ("reader", "read")


@pytest.mark.parametrize("kind", ["dataset", "model"])
def test_files_come_back_as_they_were_committed(
    hub: HubServer, tmp_path: Path, kind: str
) -> None:
    url = hub.api.create_repo("ada/both", repo_type=kind)
    assert (url.repo_id, url.repo_type) == ("ada/both", kind)
    files = {"README.md": README, "data/a.bin": ROWS, "empty.txt": b"", "é ü": b"x"}
    done = hub.api.create_commit(
        "ada/both", adding(files), commit_message="all", repo_type=kind
    )
    folder = Path(
        hub.stranger.snapshot_download(
            "ada/both", repo_type=kind, revision=done.oid, cache_dir=tmp_path
        )
    )
    assert {name: (folder / name).read_bytes() for name in files} == files


def test_info_at_a_revision(hub: HubServer, repo: str) -> None:
    first = hub.api.dataset_info(repo, revision="v1.0.0")
    commit(hub, repo, "more.txt", b"more")
    again = hub.api.dataset_info(repo, revision="v1.0.0", files_metadata=True)
    assert again.sha == first.sha
    assert (again.id, again.private, again.card_data["license"]) == (repo, False, "mit")
    found = {s.rfilename: s for s in again.siblings or []}
    assert set(found) == {".gitattributes", "README.md", "data/train.parquet"}
    large = found["data/train.parquet"]
    assert large.size == len(ROWS)
    assert large.lfs is not None
    assert large.lfs.sha256 == hashlib.sha256(ROWS).hexdigest()
    assert found["README.md"].lfs is None
    # git hash-object README.md
    blob = b"blob %d\0" % len(README) + README
    assert found["README.md"].blob_id == hashlib.sha1(blob).hexdigest()


def test_tree_and_paths(hub: HubServer, repo: str) -> None:
    files = hub.api.list_repo_tree(repo, repo_type=TYPE)
    names = [(type(entry), entry.path) for entry in files]
    assert names == [
        (RepoFile, ".gitattributes"),
        (RepoFile, "README.md"),
        (RepoFolder, "data"),
    ]
    below = hub.api.list_repo_tree(repo, "data", repo_type=TYPE, expand=True)
    (entry,) = list(below)
    assert isinstance(entry, RepoFile)
    assert entry.last_commit is not None
    assert entry.last_commit.title == "rows"
    info = hub.api.get_paths_info(repo, ["data", "no", "README.md"], repo_type=TYPE)
    assert [entry.path for entry in info] == ["data", "README.md"]
    with pytest.raises(EntryNotFoundError):
        list(hub.api.list_repo_tree(repo, "data/train.parquet", repo_type=TYPE))


def test_a_long_tree_comes_in_pages(hub: HubServer, repo: str) -> None:
    files = {f"many/{n:03}.txt": b"%d" % n for n in range(120)}
    hub.api.create_commit(repo, adding(files), commit_message="many", repo_type=TYPE)
    found = hub.api.list_repo_tree(repo, "many", repo_type=TYPE, expand=True)  # 50 each
    assert [entry.path for entry in found] == sorted(files)


def test_history_and_what_last_changed_a_file(hub: HubServer, repo: str) -> None:
    commit(hub, repo, "data/other.txt", b"o")
    titles = [c.title for c in hub.api.list_repo_commits(repo, repo_type=TYPE)]
    assert titles == ["add data/other.txt", "rows", "initial commit"]
    entries = hub.api.list_repo_tree(repo, repo_type=TYPE, expand=True, recursive=True)
    last = {e.path: e.last_commit.title for e in entries if e.last_commit}
    assert last == {
        ".gitattributes": "initial commit",
        "README.md": "rows",
        "data": "add data/other.txt",
        "data/other.txt": "add data/other.txt",
        "data/train.parquet": "rows",
    }


def test_refs(hub: HubServer, repo: str) -> None:
    head = hub.api.dataset_info(repo).sha
    hub.api.create_tag(repo, tag="v1.1.0", tag_message="annotated", repo_type=TYPE)
    hub.api.create_branch(repo, branch="wip/next", revision="v1.0.0", repo_type=TYPE)
    refs = hub.api.list_repo_refs(repo, repo_type=TYPE)
    assert {r.ref: r.target_commit for r in [*refs.branches, *refs.tags]} == {
        "refs/heads/main": head,
        "refs/heads/wip/next": head,
        "refs/tags/v1.0.0": head,
        "refs/tags/v1.1.0": head,
    }
    moved = commit(hub, repo, "b.txt", b"b", revision="wip/next")
    assert hub.api.dataset_info(repo, revision="wip/next").sha == moved
    assert hub.api.dataset_info(repo).sha == head
    hub.api.delete_branch(repo, branch="wip/next", repo_type=TYPE)
    hub.api.delete_tag(repo, tag="v1.1.0", repo_type=TYPE)
    refs = hub.api.list_repo_refs(repo, repo_type=TYPE)
    assert [r.name for r in [*refs.branches, *refs.tags]] == ["main", "v1.0.0"]


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_names_that_are_parts_of_addresses(
    kind: str, hub: HubServer, tmp_path: Path
) -> None:
    """A repository, branches and folders that are called as parts of addresses are."""
    repo = hub.api.create_repo("ada/resolve", repo_type=kind).repo_id
    for branch in ("resolve", "tree", "revision/resolve"):
        hub.api.create_branch(repo, branch=branch, repo_type=kind)
    for branch in ("main", "resolve", "tree", "revision/resolve"):
        for path in ("resolve/a.txt", "resolve/resolve/tree/b.txt", "c.txt"):
            hub.api.upload_file(
                repo_id=repo,
                repo_type=kind,
                revision=branch,
                path_in_repo=path,
                path_or_fileobj=f"{branch}: {path}".encode(),
            )
            found = hub.api.hf_hub_download(
                repo, path, repo_type=kind, revision=branch, local_dir=tmp_path
            )
            assert Path(found).read_text("utf-8") == f"{branch}: {path}"


def test_a_tag_is_never_moved(hub: HubServer, repo: str) -> None:
    with pytest.raises(HfHubHTTPError) as error:
        hub.api.create_tag(repo, tag="v1.0.0", repo_type=TYPE)
    assert status(error)[0] == 409
    hub.api.create_tag(repo, tag="v1.0.0", repo_type=TYPE, exist_ok=True)


def test_files_are_deleted_and_copied_in_one_commit(hub: HubServer, repo: str) -> None:
    commit(hub, repo, "old/a.txt", b"a")
    commit(hub, repo, "old/b/c.txt", b"c")
    operations = [
        CommitOperationDelete("old/", is_folder=True),
        CommitOperationCopy("data/train.parquet", "data/copy.parquet"),
        *adding({"new.txt": b"n"}),
    ]
    hub.api.create_commit(repo, operations, commit_message="move", repo_type=TYPE)
    assert hub.api.list_repo_files(repo, repo_type=TYPE) == [
        ".gitattributes",
        "README.md",
        "data/copy.parquet",
        "data/train.parquet",
        "new.txt",
    ]
    hub.api.delete_file("new.txt", repo, repo_type=TYPE)
    assert "new.txt" not in hub.api.list_repo_files(repo, repo_type=TYPE)
    with pytest.raises(EntryNotFoundError):
        hub.api.delete_file("new.txt", repo, repo_type=TYPE)


def test_a_stale_parent_is_refused(hub: HubServer, repo: str) -> None:
    seen = hub.api.dataset_info(repo).sha
    assert seen is not None
    second = commit(hub, repo, "a.txt", b"a", parent_commit=seen)
    with pytest.raises(HfHubHTTPError) as error:
        commit(hub, repo, "b.txt", b"b", parent_commit=seen)
    assert status(error)[0] == 412
    assert hub.api.dataset_info(repo).sha == second
    commit(hub, repo, "b.txt", b"b", parent_commit=second)


def test_a_repository_is_made_once(hub: HubServer, repo: str) -> None:
    with pytest.raises(HfHubHTTPError) as error:
        hub.api.create_repo(repo, repo_type=TYPE)
    assert status(error)[0] == 409
    assert hub.api.create_repo(repo, repo_type=TYPE, exist_ok=True).repo_id == repo
    assert hub.api.create_repo("mine", repo_type=TYPE).repo_id == "local/mine"
    hub.api.delete_repo("mine", repo_type=TYPE)
    assert not hub.api.repo_exists("local/mine", repo_type=TYPE)


def test_writing_takes_a_token_that_may(hub: HubServer, repo: str) -> None:
    for client, expected in ((hub.stranger, 401), (hub.reader, 403)):
        with pytest.raises(HfHubHTTPError) as error:
            client.create_tag(repo, tag="v2", repo_type=TYPE)
        assert status(error)[0] == expected
        with pytest.raises(HfHubHTTPError) as error:
            client.upload_file(
                path_or_fileobj=b"x", path_in_repo="x", repo_id=repo, repo_type=TYPE
            )
        assert status(error)[0] == expected
    with pytest.raises(HfHubHTTPError) as error:
        hub.api.dataset_info(repo, token="hf_wrong")
    assert status(error) == (401, None)


def test_a_removed_token_counts_no_more(hub: HubServer) -> None:
    token = hub.run("token", "--name", "guest").stdout.strip()
    assert hub.api.whoami(token=token)["name"] == "guest"
    assert hub.run("token", "--name", "guest", "--remove").returncode == 0
    with pytest.raises(HfHubHTTPError) as error:
        hub.api.whoami(token=token)
    assert status(error)[0] == 401


def test_what_is_not_there_has_its_own_error(hub: HubServer, repo: str) -> None:
    with pytest.raises(RepositoryNotFoundError) as no_repo:
        hub.api.dataset_info("ada/none")
    assert status(no_repo) == (404, "RepoNotFound")
    with pytest.raises(RepositoryNotFoundError):
        hub.api.model_info(repo)
    head = hub.api.dataset_info(repo).sha
    assert head is not None
    for revision in ("v9", head[:12], "0" * 40, "refs/pr/1"):
        with pytest.raises(RevisionNotFoundError) as no_revision:
            hub.api.dataset_info(repo, revision=revision)
        assert status(no_revision) == (404, "RevisionNotFound")
    with pytest.raises(EntryNotFoundError) as no_entry:
        hub.api.hf_hub_download(repo, "none.txt", repo_type=TYPE)
    assert status(no_entry) == (404, "EntryNotFound")


def test_a_private_repository_is_not_there_for_strangers(hub: HubServer) -> None:
    hub.api.create_repo("ada/hidden", repo_type=TYPE, private=True)
    with pytest.raises(RepositoryNotFoundError) as hidden:
        hub.stranger.dataset_info("ada/hidden")
    with pytest.raises(RepositoryNotFoundError) as missing:
        hub.stranger.dataset_info("ada/missing")
    assert status(hidden) == status(missing) == (401, "RepoNotFound")
    assert [d.id for d in hub.stranger.list_datasets(search="hidden")] == []
    assert [d.id for d in hub.reader.list_datasets(author="ada", search="hidden")] == [
        "ada/hidden"
    ]
    assert hub.reader.dataset_info("ada/hidden").private
    hub.api.update_repo_settings("ada/hidden", private=False, repo_type=TYPE)
    assert not hub.stranger.dataset_info("ada/hidden").private


def test_a_pull_request_is_refused_in_words(hub: HubServer, repo: str) -> None:
    with pytest.raises(BadRequestError, match="no pull requests"):
        hub.api.create_commit(
            repo,
            adding({"a": b"a"}),
            commit_message="a",
            repo_type=TYPE,
            create_pr=True,
        )


def test_ignored_files_are_left_out(hub: HubServer, repo: str) -> None:
    commit(hub, repo, ".gitignore", b"*.tmp\n")
    files = {"a.tmp": b"a", "a.txt": b"a"}
    hub.api.create_commit(repo, adding(files), commit_message="a", repo_type=TYPE)
    assert "a.tmp" not in hub.api.list_repo_files(repo, repo_type=TYPE)


def test_what_exists(hub: HubServer, repo: str) -> None:
    api = hub.stranger
    files = [
        api.file_exists(repo, path, repo_type=TYPE) for path in ("README.md", "no")
    ]
    revisions = [
        api.revision_exists(repo, name, repo_type=TYPE) for name in ("v1.0.0", "v9")
    ]
    repos = [api.repo_exists(name, repo_type=TYPE) for name in (repo, "ada/none")]
    assert files == revisions == repos == [True, False]


def test_a_folder_replaces_what_was_there(
    hub: HubServer, repo: str, tmp_path: Path
) -> None:
    (tmp_path / "train.parquet").write_bytes(ROWS + b"more")
    (tmp_path / "notes.txt").write_text("notes")
    commit(hub, repo, "data/old.parquet", ROWS)
    done = hub.api.upload_folder(
        repo_id=repo,
        repo_type=TYPE,
        folder_path=tmp_path,
        path_in_repo="data",
        delete_patterns="*.parquet",
        ignore_patterns="*.txt",
        commit_message="replaced",
    )
    history = hub.api.list_repo_commits(repo, repo_type=TYPE)
    assert [one.title for one in history][:2] == ["replaced", "add data/old.parquet"]
    assert history[0].commit_id == done.oid
    files = hub.api.list_repo_tree(repo, "data", repo_type=TYPE)
    found = [(e.path, e.size) for e in files if isinstance(e, RepoFile)]
    assert found == [("data/train.parquet", len(ROWS) + 4)]


def test_text_of_any_language_is_no_large_file(hub: HubServer, repo: str) -> None:
    # Clients send the first 512 bytes, which end within a character in two of three.
    files = {f"{n}.md": ("x" * n + "模" * 1000).encode() for n in range(3)}
    files["bytes.dat"] = b"x" * 100 + b"\xff" * 1000
    hub.api.create_commit(repo, adding(files), commit_message="all", repo_type=TYPE)
    info = hub.api.dataset_info(repo, files_metadata=True)
    large = {s.rfilename for s in info.siblings or [] if s.lfs}
    assert large == {"data/train.parquet", "bytes.dat"}

"""`fusemill release --to hub`: one commit, read back, tagged, registered."""

import shutil

import pytest
from huggingface_hub import CommitOperationAdd
from losing_proxy import losing_replies
from publisher import REPO, Publisher

from fusemill.release.repository import Repository
from small_project import SmallProject, refused

POINTS = (
    "publish.made",
    "publish.committing",
    "publish.committed",
    "publish.read",
    "publish.tagged",
    "publication.written",
    "publication.renamed",
)


def test_published_is_what_was_written(publisher: Publisher) -> None:
    said = publisher.publish()
    assert said.code == 0, said.err
    [place] = publisher.published()
    assert (place["repo"], place["tag"]) == (REPO, "v1.0.0")
    head = publisher.api.dataset_info(REPO)
    assert head.sha == place["commit"]
    assert head.private is True
    assert place["commit"] in said.err
    assert publisher.on_hub("v1.0.0") == publisher.files()
    assert publisher.commits()[0] == "small 1.0.0"
    [commit] = [
        c
        for c in publisher.api.list_repo_commits(REPO, repo_type="dataset")
        if c.commit_id == place["commit"]
    ]
    release_id = publisher.entry.read_text().split("release_id: ")[1].split()[0]
    assert release_id in commit.message


def test_published_again_nothing_happens(publisher: Publisher) -> None:
    publisher.publish()
    entry, commits = publisher.entry.read_bytes(), publisher.commits()
    said = publisher.publish()
    assert said.code == 0, said.err
    assert publisher.entry.read_bytes() == entry
    assert publisher.commits() == commits


def test_an_entry_of_before_publishing_is_read(publisher: Publisher) -> None:
    """Entries had `commit: null` once."""
    text = publisher.entry.read_text()
    assert text.count("published: []\n") == 1
    publisher.entry.write_text(text.replace("published: []\n", "commit:\n"))
    assert publisher.publish().code == 0
    assert len(publisher.published()) == 1
    assert "commit:\n" not in publisher.entry.read_text()


def test_a_dry_run_sends_nothing(publisher: Publisher) -> None:
    said = publisher.publish("--dry-run")
    assert said.code == 0, said.err
    assert "would be made (private)" in said.err
    assert not publisher.api.repo_exists(REPO, repo_type="dataset")
    assert publisher.published() == []


def test_the_next_version_takes_the_place_of_the_last(publisher: Publisher) -> None:
    publisher.publish()
    first = publisher.files()
    publisher.api.create_commit(
        REPO,
        [CommitOperationAdd("sft/old.txt", b"of an older layout")],
        commit_message="by hand",
        repo_type="dataset",
    )
    publisher.project.change("fusemill.yaml", "version: 1.0.0", "version: 1.0.1")
    publisher.project.change("fusemill.yaml", "A small project", "A small set")
    said = publisher.publish()
    assert said.code == 0, said.err
    names = publisher.api.list_repo_files(REPO, revision="v1.0.1", repo_type="dataset")
    assert set(names) - {".gitattributes"} == set(first)
    assert publisher.on_hub("v1.0.0") == first


def test_a_tag_with_other_files_stops_it(publisher: Publisher) -> None:
    publisher.api.create_repo(REPO, repo_type="dataset", private=True)
    publisher.api.create_commit(
        REPO,
        [CommitOperationAdd("README.md", b"other")],
        commit_message="small 1.0.0",
        repo_type="dataset",
    )
    publisher.api.create_tag(REPO, tag="v1.0.0", repo_type="dataset")
    commits = publisher.commits()
    refused(publisher.publish(), "v1.0.0", "other files", "release.version")
    refused(publisher.publish("--dry-run"), "other files")
    assert publisher.published() == []
    assert publisher.commits() == commits


def test_the_same_files_under_the_tag_are_found(publisher: Publisher) -> None:
    """Another machine published the version: its commit is registered."""
    publisher.api.create_repo(REPO, repo_type="dataset", private=True)
    commit = publisher.api.upload_folder(
        repo_id=REPO,
        folder_path=publisher.release,
        repo_type="dataset",
        commit_message="another title",
    ).oid
    publisher.api.create_tag(REPO, tag="v1.0.0", revision=commit, repo_type="dataset")
    assert publisher.publish().code == 0
    assert [place["commit"] for place in publisher.published()] == [commit]


def test_a_stale_parent_is_looked_at_again(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody commits between the look at the head and the commit."""
    commit, others = Repository.commit, [b"first", b"second"]

    def late(self: Repository, *arguments: object) -> str:
        if others:
            publisher.api.create_commit(
                REPO,
                [CommitOperationAdd("note.txt", others.pop())],
                commit_message="somebody else's",
                repo_type="dataset",
            )
        return commit(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Repository, "commit", late)
    said = publisher.publish()
    assert said.code == 0, said.err
    assert "HTTP 412" in said.err
    assert publisher.commits()[:3] == ["small 1.0.0", *["somebody else's"] * 2]
    assert publisher.on_hub("v1.0.0") == publisher.files()


@pytest.mark.parametrize("what", ["/commit/main", "/tag/"])
def test_a_lost_reply_is_no_second_deed(publisher: Publisher, what: str) -> None:
    with losing_replies(publisher.hub.url, what) as (url, lost):
        said = publisher.publish(env={"HF_ENDPOINT": url})
    assert said.code == 0, said.err
    assert lost, "no reply was lost"
    assert publisher.commits().count("small 1.0.0") == 1
    [place] = publisher.published()
    refs = publisher.api.list_repo_refs(REPO, repo_type="dataset")
    assert [(t.name, t.target_commit) for t in refs.tags] == [
        ("v1.0.0", place["commit"])
    ]
    assert publisher.on_hub(place["commit"]) == publisher.files()


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_it_ends_right(publisher: Publisher, point: str) -> None:
    publisher.publish_killed(point)
    said = publisher.publish()
    assert said.code == 0, said.err
    assert publisher.commits().count("small 1.0.0") == 1
    [place] = publisher.published()
    assert publisher.on_hub("v1.0.0") == publisher.files()
    assert publisher.on_hub(place["commit"]) == publisher.files()
    assert not list(publisher.entry.parent.glob(".*"))


def test_nowhere_to_publish(whole: SmallProject) -> None:
    said = whole.cli("release", "--to", "hub")
    refused(said, "fusemill.yaml", "release.hub is not declared", "namespace/name")
    assert whole.cli("release", "--dry-run").code == 2


def test_refusals_say_what_to_set(publisher: Publisher) -> None:
    none = publisher.publish(env={"HF_TOKEN": ""})
    refused(none, "HTTP 401", "HF_TOKEN")
    wrong = publisher.publish(env={"HF_TOKEN": "hf_wrong"})
    refused(wrong, "HTTP 401", "HF_TOKEN")
    read_only = publisher.publish(env={"HF_TOKEN": publisher.hub.read_token})
    refused(read_only, "HTTP 403", "HF_TOKEN")
    publisher.hub.kill()
    refused(publisher.publish(), publisher.hub.url, "no answer", "HF_ENDPOINT")
    assert publisher.published() == []


def test_bytes_that_the_hub_changed_are_not_registered(publisher: Publisher) -> None:
    """An object is altered on the server's disk between commit and reading back."""
    publisher.publish_killed("publish.committed")
    publisher.alter_object("sft/train.parquet")
    refused(publisher.publish(), "sft/train.parquet", "sha256")
    assert publisher.published() == []


def test_what_was_declared_private_does_not_become_public(publisher: Publisher) -> None:
    publisher.api.create_repo(REPO, repo_type="dataset", private=False)
    for more in ((), ("--dry-run",)):
        refused(publisher.publish(*more), "is public", "`private: false`")
    assert publisher.commits() == ["initial commit"]
    publisher.project.change("fusemill.yaml", "private: true", "private: false")
    assert publisher.publish().code == 0


def test_what_main_loses_is_said(publisher: Publisher) -> None:
    """The repository was somebody's already: a wrong name is then seen."""
    publisher.api.create_repo(REPO, repo_type="dataset", private=True)
    publisher.api.create_commit(
        REPO,
        [CommitOperationAdd(f"mine/{i:02}.txt", b"mine") for i in range(12)],
        commit_message="mine",
        repo_type="dataset",
    )
    said = publisher.publish()
    assert said.code == 0, said.err
    assert "main loses mine/00.txt, mine/01.txt, " in said.err
    assert "mine/09.txt and 2 more, which earlier commits keep" in said.err
    assert "main loses" not in publisher.publish().err


@pytest.mark.parametrize(
    ("setting", "value", "needle"),
    [
        ("HF_TOKEN", "hf_é", "HF_TOKEN has characters"),
        ("HF_ENDPOINT", "127.0.0.1:9", "HF_ENDPOINT is no address of http://"),
        ("HF_ENDPOINT", "http://", "HF_ENDPOINT is no address of http://"),
        ("HF_ENDPOINT", "http://127.0.0.1:99999", "HF_ENDPOINT is no address"),
        ("HF_ENDPOINT", "http://[::1", "HF_ENDPOINT is no address of http://"),
    ],
)
def test_settings_that_are_none(
    publisher: Publisher, setting: str, value: str, needle: str
) -> None:
    refused(publisher.publish(env={setting: value}), needle)


def test_a_name_that_the_hub_does_not_take(publisher: Publisher) -> None:
    publisher.project.change("fusemill.yaml", REPO, "api/small")
    said = publisher.publish()
    refused(said, "HTTP 400", "must be put right")
    assert "Try again" not in said.err


def test_a_card_that_was_written_before_the_repository_was_declared(
    publisher: Publisher,
) -> None:
    """It is published as it is, which is said; the next version's names the place."""
    said = publisher.publish("--dry-run")
    assert "Its card does not name team/small" in said.err
    assert "Its card does not name team/small" in publisher.publish().err
    publisher.project.change("fusemill.yaml", "version: 1.0.0", "version: 1.0.1")
    again = publisher.publish()
    assert again.code == 0, again.err
    assert "Its card does not name" not in again.err


def test_a_lost_folder_whose_declarations_changed(publisher: Publisher) -> None:
    """Its card would be another: what was published can be put back, and fits."""
    assert publisher.publish().code == 0
    files, project = publisher.files(), publisher.project
    shutil.rmtree(publisher.release)
    refused(
        project.cli("release"),
        "small/1.0.0: is registered, and gone; made again, README.md, "
        "lineage/lineage.json, lineage/project/fusemill.yaml would not be as",
        "its data would be",
        "`fusemill pull`",
    )
    cache = ("--cache", project.root / "cache")
    pulled = project.cli("pull", "small@1.0.0", *cache, env=publisher.environment)
    shutil.copytree(pulled.out.strip(), publisher.release)
    assert "is there already" in project.ok("release").err
    assert publisher.files() == files

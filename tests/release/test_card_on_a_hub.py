"""A card and the registry's questions where releases lie on a Hub that runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cards import card_of, folder_of, snippets
from publisher import REPO, Publisher

CHECKED = """
print(sft.num_rows, dpo.num_rows, answers.height, len(by_model.fetchall()))
"""


@pytest.fixture
def anew(publisher: Publisher) -> Path:
    """Version 1.0.1, written and published where the repository is declared."""
    publisher.project.change("fusemill.yaml", "version: 1.0.0", "version: 1.0.1")
    assert publisher.publish().code == 0
    return folder_of(publisher.project, "1.0.1")


def test_the_snippets_load_what_the_tag_names(
    publisher: Publisher, anew: Path, tmp_path: Path
) -> None:
    """As another client in a process of its own, which knows the Hub and a token."""
    code = [c for c in snippets(card_of(anew), "python") if "trl" not in c]
    assert "load_dataset(" in code[0]
    assert "snapshot_download(" in code[1]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(code) + CHECKED],
        cwd=tmp_path,
        env={**publisher.hub.environment, "HF_HOME": str(tmp_path / "client")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "5 4 22 2\n", done.stderr


def test_a_client_of_the_hub_reads_the_metadata(
    publisher: Publisher, anew: Path
) -> None:
    info = publisher.api.dataset_info(REPO, revision="v1.0.1")
    assert info.card_data is not None
    assert info.card_data.to_dict() == card_of(anew).data.to_dict()


def test_diff_pulls_what_is_not_here(publisher: Publisher, tmp_path: Path) -> None:
    assert publisher.publish().code == 0
    elsewhere = publisher.release.rename(tmp_path / "elsewhere")
    cache = {"FUSEMILL_CACHE": str(tmp_path / "cache")}
    said = publisher.project.cli(
        "diff",
        "small@1.0.0",
        elsewhere,
        "--json",
        env={**publisher.environment, **cache},
    )
    assert said.code == 0, said.err
    sets = json.loads(said.out)["sets"]
    assert [one["moved"] for one in sets] == [[], [], []]
    [commit] = [one["commit"] for one in publisher.published()]
    assert (tmp_path / "cache/small" / commit / "sft").is_dir()


def test_the_list_says_where_a_version_lies(publisher: Publisher) -> None:
    assert publisher.publish().code == 0
    [commit] = [one["commit"] for one in publisher.published()]
    [listed] = json.loads(publisher.project.ok("releases", "--json").out)
    assert [place["commit"] for place in listed["published"]] == [commit]
    assert commit[:12] in publisher.project.ok("releases").out
    assert f"commit {commit}" in publisher.project.ok("releases", "small@1.0.0").out


def test_a_yanked_version_is_pulled_with_a_warning(
    publisher: Publisher, tmp_path: Path
) -> None:
    assert publisher.publish().code == 0
    publisher.project.ok("yank", "small@1.0.0", "--reason", "a test set in it")
    cache = {"FUSEMILL_CACHE": str(tmp_path / "cache")}
    environment = {**publisher.environment, **cache}
    said = publisher.project.cli("pull", "small@1.0.0", env=environment)
    assert said.code == 0, said.err
    assert "was yanked: a test set in it" in said.err
    assert os.path.isdir(said.out.strip())

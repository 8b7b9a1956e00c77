"""`releases`, `diff` of published data, and `yank`: the registry as people ask it."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from cards import card_of, folder_of, section, table

from small_project import SmallProject, fusemill, refused

ENTRY = "registry/releases/small/1.0.0.yaml"


@pytest.fixture
def two(whole: SmallProject) -> SmallProject:
    """Versions 1.0.0 and 1.1.0, which has a pair of talk more: gaps up to 0.8."""
    release(whole, "1.1.0", ("builders/talk.yaml", "gap_max: 0.1", "gap_max: 0.8"))
    return whole


def release(
    project: SmallProject, version: str, *changes: tuple[str, str, str]
) -> None:
    for change in changes:
        project.change(*change)
    text = project.read("fusemill.yaml").splitlines()
    lines = [f"  version: {version}" if "  version:" in line else line for line in text]
    project.write("fusemill.yaml", "\n".join(lines) + "\n")
    project.ok("run")


def listed(project: SmallProject) -> dict[str, dict[str, Any]]:
    found = json.loads(project.ok("releases", "--json").out)
    return {f"{one['name']}@{one['version']}": one for one in found}


def test_the_list(two: SmallProject) -> None:
    found = listed(two)
    assert list(found) == ["small@1.0.0", "small@1.1.0"]
    first, second = found.values()
    assert first["rows"] == {
        "sft/train": 5,
        "dpo/train": 4,
        "dpo/test": 2,
        "responses/train": 22,
    }
    assert (first["since"], first["changes"], first["published"]) == (None, [], [])
    assert second["since"] == "1.0.0"
    assert "talk has another rule" in second["changes"]
    assert "dpo/train had 4 rows, has 5" in second["changes"]
    shown = " ".join(two.ok("releases").out.split())
    assert "small@1.1.0" in shown
    assert "sft 5, dpo 5, dpo/test 2, responses 22" in shown


def test_ten_comes_after_nine(two: SmallProject) -> None:
    for version in ("1.9.0", "1.10.0"):
        text = two.read(ENTRY).replace("version: 1.0.0", f"version: {version}")
        two.write(f"registry/releases/small/{version}.yaml", text)
    names = [f"small@1.{n}.0" for n in (0, 1, 9, 10)]
    assert list(listed(two)) == names


def test_none_is_registered(small: SmallProject) -> None:
    assert json.loads(small.ok("releases", "--json").out) == []
    assert "`fusemill release` writes one" in small.ok("releases").out


def test_what_one_is_made_of(two: SmallProject) -> None:
    said = json.loads(two.ok("releases", "small@1.0.0", "--json").out)
    assert said["sets"]["talk"]["source"] == "talk.jsonl"
    assert said["sets"]["talk"]["outcomes"]["dpo"] == 3
    assert {one["model"] for one in said["configs"]} == {"model-a", "model-b"}
    assert said["files"]["sft/train.parquet"]["rows"] == 5
    shown = two.ok("releases", "small@1.0.0").out
    for needle in ("sft/train.parquet", "set talk", "model model-b", "made with"):
        assert needle in shown
    shutil.rmtree(folder_of(two))
    said = json.loads(two.ok("releases", "small@1.0.0", "--json").out)
    assert (said["release"]["folder"], said["configs"]) == (None, [])
    assert len(said["sets"]["talk"]["selection_id"]) == 32
    refused(two.cli("releases", "small@3.0.0"), "registered: small@1.0.0, small@1.1.0")
    refused(two.cli("releases", "small/1.0.0"), "expected NAME@VERSION")


def test_diff_of_released_data_needs_no_project(
    two: SmallProject, tmp_path: Path
) -> None:
    """By name, or by folders that lie anywhere; only their own files are read."""
    by_name = two.ok("diff", "small@1.0.0", "small@1.1.0", "--json").out
    moved = [folder_of(two, v).rename(tmp_path / v) for v in ("1.0.0", "1.1.0")]
    said = fusemill("diff", *moved, "--json", "--project", tmp_path)
    assert said.code == 0, said.err
    sets = json.loads(said.out)["sets"]
    assert sets == json.loads(by_name)["sets"]
    talk = next(one for one in sets if one["set"] == "talk")
    assert talk["because"] == ["gap_max 0.1 → 0.8"]
    assert talk["outcomes"]["dpo"] == [3, 4]
    assert talk["outcomes"]["no_pair_in_window"] == [1, 0]


def test_a_release_beside_what_is_selected_now(two: SmallProject) -> None:
    said = json.loads(two.ok("diff", "small@1.0.0", "current", "--json").out)
    talk = next(one for one in said["sets"] if one["set"] == "talk")
    assert talk["outcomes"]["dpo"] == [3, 4]
    refused(
        two.cli("diff", "small@4.0.0", "current"), "registered versions here: 1.0.0"
    )
    refused(two.cli("diff", "4.0.0", "current"), "expected `current`, a release")


def test_a_yanked_version_is_shown_and_is_no_base(two: SmallProject) -> None:
    two.ok("yank", "small@1.1.0", "--reason", "a gap too wide | so")
    assert listed(two)["small@1.1.0"]["yanked"] == "a gap too wide | so"
    assert "yanked: a gap too wide" in two.ok("releases").out
    time.sleep(1.1)  # a card is dated in whole seconds
    release(two, "1.2.0", ("builders/talk.yaml", "gap_max: 0.8", "gap_max: 0.1"))
    later = listed(two)["small@1.2.0"]
    assert later["since"] == "1.0.0"
    assert later["changes"] == []
    card = card_of(folder_of(two, "1.2.0"))
    rows = table(section(card, "Yanked versions").replace("\\|", "/"))
    assert rows[1:] == [["1.1.0", "a gap too wide / so"]]
    assert "Yanked" not in card_of(folder_of(two)).text


def test_a_card_is_written_again_as_it_was(two: SmallProject) -> None:
    """Whatever was yanked, or no longer yanked, after it."""
    two.ok("yank", "small@1.0.0", "--reason", "wrong")
    time.sleep(1.1)
    release(two, "1.1.1", ("fusemill.yaml", "A small project", "A small one"))
    card = folder_of(two, "1.1.1") / "README.md"
    before = card.read_bytes()
    assert b"| 1.0.0 | wrong |" in before
    two.ok("yank", "small@1.0.0", "--undo")
    two.ok("yank", "small@1.1.0", "--reason", "wrong too")
    shutil.rmtree(card.parent)
    two.ok("release")
    assert card.read_bytes() == before


def test_a_pin_survives_being_yanked(two: SmallProject) -> None:
    """Its files and their digests stay; only the mark is added."""
    before = two.read(ENTRY)
    two.ok("yank", "small@1.0.0", "--reason", "wrong")
    files = before.partition("files:")[2]
    assert two.read(ENTRY).partition("files:")[2] == files
    two.ok("yank", "small@1.0.0", "--undo")
    assert listed(two)["small@1.0.0"]["yanked"] is None
    assert two.read(ENTRY).partition("files:")[2] == files


def test_yank_refuses(two: SmallProject) -> None:
    refused(two.cli("yank", "small@1.0.0", "--undo"), "is not yanked")
    two.ok("yank", "small@1.0.0", "--reason", "wrong")
    again = two.cli("yank", "small@1.0.0", "--reason", "wronger")
    refused(again, "is yanked already: wrong", "--undo")
    unknown = two.cli("yank", "small@7.0.0", "--reason", "x")
    refused(unknown, "no such version; registered here: 1.0.0, 1.1.0")
    assert two.cli("yank", "small@1.0.0").code == 2
    assert two.cli("yank", "small@1.0.0", "--undo", "--reason", "x").code == 2
    two.ok("yank", "small@1.0.0", "--undo")
    assert two.cli("yank", "small@1.0.0", "--reason", " ").code == 2
    assert listed(two)["small@1.0.0"]["yanked"] is None


def test_a_mark_that_was_written_by_hand(two: SmallProject) -> None:
    two.change(ENTRY, "\nfiles:", "\nyanked: {at: 2026-11-30T09:12:44+00:00}\nfiles:")
    assert listed(two)["small@1.0.0"]["yanked"] == "no reason is given"
    again = two.cli("yank", "small@1.0.0", "--reason", "wrong")
    refused(again, "is yanked already: no reason is given")
    before = "yanked: {at: 2026-11-30T09:12:44+00:00}"
    for mark in (
        "yanked: true",
        "yanked: {reason: wrong}",
        "yanked: {reason: wrong, at: yesterday}",
        "unyanked: {reason: wrong}",
        "unyanked: [{reason: wrong}]",
    ):
        two.change(ENTRY, before, mark)
        before, key = mark, mark.partition(":")[0]
        refused(two.cli("releases"), f"1.0.0.yaml: {key}: expected reason and at")

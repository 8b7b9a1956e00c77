"""Versions: what a change of rows, columns or rules takes, and that it is enforced."""

from typing import Any

import pytest
from cards import folder_of

from fusemill.release.versions import Level, changes, least
from small_project import SmallProject, refused

ENTRY: dict[str, Any] = {
    "columns": {"sft": {"messages": "VARCHAR[]"}, "dpo": {"prompt": "VARCHAR[]"}},
    "sets": {"talk": {"source": "talk.jsonl", "rule": "a", "selection_id": "b"}},
    "files": {
        "sft/train.parquet": {"sha256": "1", "bytes": 9, "rows": 5},
        "dpo/train.parquet": {"sha256": "2", "bytes": 9, "rows": 4},
        "README.md": {"sha256": "3", "bytes": 9},
    },
}


def altered(**changed: Any) -> dict[str, Any]:
    return {**ENTRY, **changed}


def files(**changed: Any) -> dict[str, Any]:
    return altered(files={**ENTRY["files"], **changed})


def without(name: str) -> dict[str, Any]:
    return altered(files={k: v for k, v in ENTRY["files"].items() if k != name})


@pytest.mark.parametrize(
    ("after", "level", "what"),
    [
        (altered(columns={**ENTRY["columns"], "sft": {}}), 3, "sft.messages is gone"),
        (
            altered(columns={**ENTRY["columns"], "sft": {"messages": "VARCHAR"}}),
            3,
            "sft.messages was VARCHAR[], is VARCHAR",
        ),
        (without("dpo/train.parquet"), 3, "dpo/train is gone"),
        (
            altered(
                columns={
                    **ENTRY["columns"],
                    "dpo": {"prompt": "VARCHAR[]", "n": "BIGINT"},
                }
            ),
            2,
            "dpo.n is new",
        ),
        (
            files(**{"dpo/test.parquet": {"sha256": "4", "bytes": 9, "rows": 1}}),
            2,
            "dpo/test is new",
        ),
        (
            files(**{"sft/train.parquet": {"sha256": "4", "bytes": 9, "rows": 6}}),
            2,
            "sft/train had 5 rows, has 6",
        ),
        (
            files(**{"sft/train.parquet": {"sha256": "4", "bytes": 9, "rows": 5}}),
            2,
            "sft/train has other rows",
        ),
        (altered(sets={}), 2, "set talk is gone"),
        (
            altered(sets={"talk": {**ENTRY["sets"]["talk"], "rule": "c"}}),
            2,
            "talk has another rule",
        ),
        (
            altered(sets={"talk": {**ENTRY["sets"]["talk"], "selection_id": "c"}}),
            2,
            "talk is selected from other data",
        ),
        (
            altered(
                sets={"talk": {**ENTRY["sets"]["talk"], "source": "x", "rule": "y"}}
            ),
            2,
            "talk has another source and rule",
        ),
    ],
)
def test_what_a_change_is(after: dict[str, Any], level: int, what: str) -> None:
    [change] = changes(ENTRY, after)
    assert (change.level, change.what) == (level, what)


def test_cards_and_optional_files_change_nothing_that_is_counted() -> None:
    more = {"README.md": {"sha256": "9", "bytes": 1}, "pictures/x.svg": {"sha256": "8"}}
    assert changes(ENTRY, files(**more)) == []


def test_entries_are_compared_by_what_both_have() -> None:
    old = {"files": ENTRY["files"]}  # of a version before columns were recorded
    assert changes(old, ENTRY) == []
    assert changes(ENTRY, {"sets": ENTRY["sets"]}) == []


@pytest.mark.parametrize(
    ("before", "level", "needed"),
    [
        ("1.2.3", Level.PATCH, "1.2.4"),
        ("1.2.3", Level.MINOR, "1.3.0"),
        ("1.2.3", Level.MAJOR, "2.0.0"),
        ("0.2.3", Level.PATCH, "0.2.4"),
        ("0.2.3", Level.MINOR, "0.2.4"),
        ("0.2.3", Level.MAJOR, "0.3.0"),
    ],
)
def test_the_least_version(before: str, level: Level, needed: str) -> None:
    assert least(before, level) == needed


def released(project: SmallProject, before: str, after: str) -> Any:
    """`fusemill release` of another version, after whatever is due before it."""
    project.change("fusemill.yaml", f"version: {before}", f"version: {after}")
    for stage in ("prompts", "sample", "verify", "score", "select", "audit"):
        project.ok(stage)
    return project.cli("release")


def test_other_rows_take_a_minor_version(whole: SmallProject) -> None:
    """With a window up to 0.8 talk has a pair more."""
    whole.change("builders/talk.yaml", "gap_max: 0.1", "gap_max: 0.8")
    said = released(whole, "1.0.0", "1.0.1")
    refused(said, "small 1.0.1: since 1.0.0, talk has another rule", "at least 1.1.0")
    assert not folder_of(whole, "1.0.1").exists()
    assert released(whole, "1.0.1", "1.1.0").code == 0


def test_a_column_that_another_type_took_the_place_of(whole: SmallProject) -> None:
    """As an entry of an earlier version says that it was."""
    entry = "registry/releases/small/1.0.0.yaml"
    whole.change(entry, "draw: BIGINT", "draw: VARCHAR")
    said = released(whole, "1.0.0", "1.5.0")
    refused(said, "responses.draw was VARCHAR, is BIGINT", "major", "at least 2.0.0")
    assert list(folder_of(whole).parent.iterdir()) == [folder_of(whole)]


def test_a_card_alone_takes_a_patch(whole: SmallProject) -> None:
    whole.change("fusemill.yaml", "title: A small project", "title: A small one")
    assert released(whole, "1.0.0", "1.0.1").code == 0


def test_the_base_is_the_highest_version_below(whole: SmallProject) -> None:
    """2.0.0 is there; a version between is compared with 1.0.0, not with it."""
    whole.change("builders/talk.yaml", "gap_max: 0.1", "gap_max: 0.8")
    assert released(whole, "1.0.0", "2.0.0").code == 0
    said = released(whole, "2.0.0", "1.0.1")
    refused(said, "since 1.0.0")
    assert released(whole, "1.0.1", "2.0.1").code == 0


def test_a_version_that_is_registered_is_not_judged_again(whole: SmallProject) -> None:
    """Its folder is lost; what came after it changes nothing of it."""
    whole.change("fusemill.yaml", "title: A small project", "title: A small one")
    assert released(whole, "1.0.0", "1.0.1").code == 0
    folder_of(whole, "1.0.1").rename(whole.root / "elsewhere")
    whole.change("registry/releases/small/1.0.0.yaml", "draw: BIGINT", "draw: X")
    whole.ok("release")
    assert folder_of(whole, "1.0.1").is_dir()


def test_a_registry_file_that_is_no_version(whole: SmallProject) -> None:
    whole.write("registry/releases/small/latest.yaml", "x: 1\n")
    refused(released(whole, "1.0.0", "1.0.1"), "latest.yaml", "expected a version")

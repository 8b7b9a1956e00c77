"""The card: metadata that the Hub and datasets read, and what it says of a release."""

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest
from cards import card_of, folder_of, section, snippets, table
from datasets import load_dataset

from fusemill.release.metadata import features
from small_project import SmallProject

SPLITS = {"sft": ["train"], "dpo": ["train", "test"], "responses": ["train"]}
# small_files.OUTCOMES: 2 + 1 + 2 SFT rows, 3 + 1 pairs; both SFT prompts of talk, and
# the one of sums only if it has a pair (it has not), are eligible for held-out pairs.
N_ROWS = {"sft train": 5, "dpo train": 4, "dpo test": 2, "responses train": 22}
CONTRACT = """\
name: halved
title: Half of what there was
source: a table
sets:
  talk: {hub: m/talk, category: other, selected: 10, sft: 4, dpo: 6, draws: 2}
  sums: {hub: m/sums, category: other, selected: 4, sft: 2, dpo: 2, draws: null}
  zh: {hub: m/zh, category: chinese, selected: 4, sft: 4, dpo: 0, draws: 1}
totals: {selected: 18, sft: 10, dpo: 8}
"""


@pytest.fixture(scope="module")
def folder(finished: SmallProject) -> Path:
    return folder_of(finished)


def test_the_metadata_are_those_of_the_hub(folder: Path) -> None:
    data = card_of(folder).data.to_dict()
    assert data["language"] == ["en", "zh"]
    assert (data["license"], data["pretty_name"]) == ("cc0-1.0", "A small project")
    assert data["size_categories"] == ["n<1K"]
    assert data["task_categories"] == ["text-generation"]
    assert {"sft", "dpo", "implicit-model-fusion"} <= set(data["tags"])
    assert [one["config_name"] for one in data["configs"]] == list(SPLITS)
    assert [one.get("default", False) for one in data["configs"]] == [
        True,
        False,
        False,
    ]
    found = {
        f"{info['config_name']} {split['name']}": split["num_examples"]
        for info in data["dataset_info"]
        for split in info["splits"]
    }
    assert found == N_ROWS


def test_features_are_what_datasets_itself_writes(folder: Path) -> None:
    infos = {
        i["config_name"]: i for i in card_of(folder).data.to_dict()["dataset_info"]
    }
    for config in SPLITS:
        schema = pq.read_schema(folder / config / "train.parquet")
        own = datasets.Features.from_arrow_schema(schema)._to_yaml_list()
        assert infos[config]["features"] == own == features(schema)


@pytest.mark.parametrize(
    ("config", "split"), [(c, s) for c, splits in SPLITS.items() for s in splits]
)
def test_the_folder_loads_without_a_warning(
    folder: Path,
    config: str,
    split: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What datasets finds is checked against the counts of the card."""
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        loaded = load_dataset(str(folder), config, split=split, cache_dir=str(tmp_path))
    assert loaded.num_rows == N_ROWS[f"{config} {split}"]
    assert not caplog.records


def test_licences_that_the_hub_does_not_know_are_named(small: SmallProject) -> None:
    text = small.read("registry/models.yaml").replace("cc0-1.0", "house rules")
    rules = "https://example.org/rules"
    text = text.replace("rules}", f"rules, licence_url: {rules}}}", 1)
    small.write("registry/models.yaml", text)
    small.change("fusemill.yaml", "[cc0-1.0]", "[cc0-1.0, house rules]")
    small.ok("run")
    card = card_of(folder_of(small))
    data = card.data.to_dict()
    assert (data["license"], data["license_name"]) == ("other", "several-see-licences")
    said = section(card, "Licences")
    assert ["answers", "made-up/a", f"[house rules]({rules})"] in table(said)
    assert ["answers", "made-up/b", "house rules"] in table(said)
    assert ["prompts", "talk", "cc0-1.0"] in table(said)
    assert "must be among cc0-1.0, house rules" in said


def test_the_published_composition_stands_beside(small: SmallProject) -> None:
    """At half its counts; the ratio is of ours to the scaled ones."""
    small.write("registry/compositions/halved.yaml", CONTRACT)
    contract = "contract: {composition: halved, scale: 0.5, tolerance: 0.0}\nrelease:"
    small.change("fusemill.yaml", "release:", contract)
    small.ok("run")
    said = section(card_of(folder_of(small)), "Beside the published composition")
    assert "Half of what there was (a table), at scale 0.5" in said
    assert table(said)[1:] == [
        ["talk", "4", "2", "1.000", "6", "3", "1.000"],
        ["sums", "2", "1", "1.000", "2", "1", "1.000"],
        ["zh", "4", "2", "1.000", "0", "0", "–"],
        ["all", "10", "5", "1.000", "8", "4", "1.000"],
    ]


def test_models_and_rules_are_told(folder: Path) -> None:
    card = card_of(folder)
    assert table(section(card, "Sampling"))[1:] == [
        [
            "model-a",
            "made-up/a",
            "not pinned",
            "recorded",
            "as recorded",
            "talk, sums, zh",
        ],
        [
            "model-b",
            "made-up/b",
            "not pinned",
            "recorded",
            "as recorded",
            "talk, sums, zh",
        ],
    ]
    rules = {row[0]: row for row in table(section(card, "Rules"))[1:]}
    assert rules["talk"][2] == "`sql/select/instruction.sql`"
    assert "gap_min = 0.01, gap_max = 0.1" in rules["talk"][4]
    assert 'rejected_statuses = ["failed"]' in rules["sums"][4]


def test_python_snippets_run_where_the_card_lies(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of datasets, polars and DuckDB; test_card_training.py has TRL's."""
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    for code in snippets(card_of(folder), "python"):
        if "trl" not in code:
            exec(code, names)
    assert (names["sft"].num_rows, names["dpo"].num_rows) == (5, 4)
    assert names["sft"].column_names == ["messages"]
    assert names["answers"].height == 22
    assert dict(names["by_model"].fetchall()) == {"model-a": 13, "model-b": 9}


def test_a_release_without_pairs_speaks_of_none(
    small: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the Chinese set alone, whose prompts all go to SFT and have no score."""
    small.change("fusemill.yaml", "[talk, sums, zh]", "[zh]")
    small.ok("run")
    card = card_of(folder_of(small))
    named = [one["config_name"] for one in card.data.to_dict()["configs"]]
    assert (named, card.data.to_dict()["language"]) == (["sft", "responses"], ["zh"])
    for name in ("`dpo`", "DPOTrainer(", "small_dpo", "dpo/train"):
        assert name not in section(card, "Loading")
    monkeypatch.chdir(folder_of(small))
    names: dict[str, Any] = {}
    for code in snippets(card, "python"):
        if "trl" not in code:
            exec(code, names)
    assert names["sft"].num_rows == 2
    assert "pictures/scores.svg" not in card.text


def test_where_a_repository_is_declared_the_snippets_name_it(
    small: SmallProject,
) -> None:
    small.change(
        "fusemill.yaml",
        "licences: [cc0-1.0]",
        "licences: [cc0-1.0]\n  hub: {repo: some-one/small}",
    )
    small.ok("run")
    card = card_of(folder_of(small))
    code = "\n".join(snippets(card, "python"))
    assert (
        'load_dataset("some-one/small", "sft", split="train", revision="v1.0.0")'
        in code
    )
    assert (
        'snapshot_download("some-one/small", repo_type="dataset", revision="v1.0.0")'
        in code
    )
    assert "registry/releases/small/1.0.0.yaml" in section(card, "Loading")


def test_llama_factory_is_told_names_that_its_description_has(folder: Path) -> None:
    [code] = snippets(card_of(folder), "yaml")
    info = json.loads((folder / "dataset_info.json").read_text("utf-8"))
    assert set(info) == {"small_sft", "small_dpo"}
    assert all(f"dataset: {name}" in code for name in info)


def test_a_title_that_yaml_could_misread(small: SmallProject) -> None:
    small.change("fusemill.yaml", "title: A small project", 'title: "yes: #1 | <b>"')
    small.ok("run")
    assert card_of(folder_of(small)).data.to_dict()["pretty_name"] == "yes: #1 | <b>"

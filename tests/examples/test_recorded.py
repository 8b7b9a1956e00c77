"""examples/recorded from end to end, its release checked against the raw files.

Everything expected here is worked out from the raw files by pyarrow and plain Python;
of the engine's own output only the release is read.
"""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from raw_files import (
    DATA,
    RAW,
    authors,
    final,
    golds,
    judged,
    plain,
    rows,
    windows,
)
from ruamel.yaml import YAML

MATHEMATICS = ("zeroeval_gsm", "zeroeval_math_l5")


def with_lineage(release: Path, split: str) -> list[tuple[dict[str, Any], Any]]:
    """Rows of a released file beside the rows that explain them."""
    released = rows(release / f"{split}.parquet")
    explained = rows(release / "lineage" / f"{split.replace('/', '_')}.parquet")
    return list(zip(released, explained, strict=True))


@cache
def responses(release: Path) -> list[dict[str, Any]]:
    """Every released answer, without its prompt."""
    columns = ["set", "response_id", "model", "draw", "text", "verdict", "used_as"]
    return pq.read_table(
        release / "responses/train.parquet", columns=columns
    ).to_pylist()


def said(messages: list[dict[str, str]]) -> str:
    return messages[-1]["content"]


def outcomes(release: Path) -> pl.DataFrame:
    return pl.read_parquet(release / "lineage" / "outcomes.parquet")


# --- accounts -------------------------------------------------------------------------


def test_every_raw_row_has_one_outcome(release: Path) -> None:
    found = outcomes(release)
    assert set(found["set"]) == set(RAW)
    for name, file in RAW.items():
        n_raw = pq.read_metadata(DATA / file).num_rows
        of_set = found.filter(pl.col("set") == name)
        assert sorted(of_set["source_row"]) == list(range(n_raw))
        assert of_set["outcome"].null_count() == 0
        assert sum(Counter(of_set["outcome"]).values()) == n_raw


def test_released_rows_are_the_selected_ones(release: Path) -> None:
    counts = Counter(outcomes(release)["outcome"])
    assert len(rows(release / "sft/train.parquet")) == counts["sft"]
    assert len(rows(release / "dpo/train.parquet")) == counts["dpo"]
    assert "pending" not in counts


def test_raw_mix_keeps_the_accounts_of_its_labels(release: Path) -> None:
    """Labelled code and mathematics is left out; of English prose little is."""
    mix = pl.read_parquet(DATA / "raw_mix/mix.parquet").with_row_index("source_row")
    labels = pl.read_parquet(DATA / "raw_mix/labels.parquet")
    found = outcomes(release).filter(pl.col("set") == "raw_mix")
    both = (
        found.with_columns(pl.col("source_row").cast(pl.UInt32))
        .join(mix.select("source_row", "id"), on="source_row")
        .join(labels.select("id", "domain"), on="id")
    )
    assert len(both) == len(mix)
    left_out = pl.col("outcome").is_in(["excluded_code", "excluded_math"])
    share = dict(both.group_by("domain").agg(left_out.mean()).iter_rows())
    assert min(share[d] for d in ("code", "math", "zh_code", "zh_math")) >= 0.95
    assert max(share[d] for d in ("general", "zh_general")) <= 0.05


# --- the release ----------------------------------------------------------------------


def test_datasets_loads_the_release(release: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    columns = {
        "sft/train": ["messages"],
        "dpo/train": ["prompt", "chosen", "rejected"],
        "dpo/test": ["prompt", "chosen", "rejected"],
    }
    for name, expected in columns.items():
        file = str(release / f"{name}.parquet")
        loaded = load_dataset(
            "parquet", data_files=file, split="train", cache_dir=str(tmp_path)
        )
        assert loaded.column_names == expected
        assert len(loaded) == pq.read_metadata(file).num_rows
        assert set(loaded[0][expected[-1]][-1]) == {"role", "content"}


def test_registry_entry_names_every_file(workdir: Path, release: Path) -> None:
    entry = workdir / "registry" / "releases" / "recorded" / "0.1.0.yaml"
    declared = YAML(typ="safe").load(entry.read_text("utf-8"))["files"]
    found = {str(p.relative_to(release)): p for p in release.rglob("*") if p.is_file()}
    assert set(declared) == set(found)
    for name, path in found.items():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert declared[name]["sha256"] == digest


def test_running_again_does_nothing(release: Path, run: Callable[[], str]) -> None:
    before = {p: p.stat().st_mtime_ns for p in release.rglob("*") if p.is_file()}
    output = run()
    assert "is there already, unchanged" in output
    assert {int(n) for n in re.findall(r"([\d,]+) new", output)} == {0}
    assert {p: p.stat().st_mtime_ns for p in before} == before


# --- pairs ----------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["dpo/train", "dpo/test"])
def test_a_pair_is_of_one_source(release: Path, split: str) -> None:
    """By the responses' own ids, and by the raw files that hold both texts."""
    answers = {
        (r["set"], r["response_id"]): r
        for r in rows(release / "responses/train.parquet")
    }
    for pair, why in with_lineage(release, split):
        chosen = answers[why["set"], why["chosen_id"]]
        rejected = answers[why["set"], why["rejected_id"]]
        assert chosen["model"] == rejected["model"] == why["source_model"]
        assert chosen["text"] == said(pair["chosen"])
        assert rejected["text"] == said(pair["rejected"])
        assert "chosen" in " ".join(chosen["used_as"])
        written = authors(why["set"])
        assert why["source_model"] in written[said(pair["chosen"])]
        assert why["source_model"] in written[said(pair["rejected"])]


# --- alpaca_eval, the whole rule from the raw files -----------------------------------


def test_alpaca_eval_takes_every_eligible_prompt(release: Path) -> None:
    raw = rows(DATA / RAW["alpaca_eval"])
    decided: dict[str, str] = {}
    for row in outcomes(release).filter(pl.col("set") == "alpaca_eval").to_dicts():
        if row["outcome"] != "duplicate":
            decided[raw[row["source_row"]]["instruction"]] = row["outcome"]
    assert set(decided) == set(judged())
    asked = {i for i, outcome in decided.items() if "excluded" not in outcome}
    eligible = {i for i in asked if windows(i)}
    assert {i for i in asked if decided[i] in ("sft", "dpo")} == eligible
    assert {decided[i] for i in asked - eligible} == {"no_pair_in_window"}
    n_sft = sum(outcome == "sft" for outcome in decided.values())
    assert n_sft == len(eligible) * 4 // 10


@pytest.mark.parametrize("split", ["dpo/train", "dpo/test"])
def test_alpaca_eval_pairs_are_best_and_worst(release: Path, split: str) -> None:
    n_seen = 0
    for pair, why in with_lineage(release, split):
        if why["set"] != "alpaca_eval":
            continue
        n_seen += 1
        instruction = said(pair["prompt"])
        pairs = windows(instruction)
        best, worst = pairs[why["source_model"]]
        answers = judged()[instruction][why["source_model"]]
        assert (best, said(pair["chosen"])) in answers
        assert (worst, said(pair["rejected"])) in answers
        assert Decimal(why["gap"]) == best - worst
        # of several sources, the one whose chosen answer scores highest
        assert best == max(chosen for chosen, _ in pairs.values())
    assert n_seen > 20


def test_alpaca_eval_sft_answers_are_the_best_of_all(release: Path) -> None:
    for row, why in with_lineage(release, "sft/train"):
        if why["set"] == "alpaca_eval":
            instruction, answer = (m["content"] for m in row["messages"])
            of_model = judged()[instruction][why["source_model"]]
            best = max(max(answers) for answers in judged()[instruction].values())
            assert (best[0], answer) in of_model


# --- mathematics, read by another parser ----------------------------------------------


def question(messages: list[dict[str, str]]) -> str:
    """The question, which is the whole message."""
    return said(messages)


def test_mathematics_pairs_are_right_and_wrong(release: Path) -> None:
    gold = golds()
    right, wrong, n_pairs = 0, 0, 0
    for pair, why in with_lineage(release, "dpo/train"):
        if why["set"] in MATHEMATICS:
            expected = plain(gold[question(pair["prompt"])])
            n_pairs += 1
            right += final(said(pair["chosen"])) == expected
            wrong += final(said(pair["rejected"])) != expected
            assert Decimal("0.01") <= why["gap"] <= Decimal("0.1")
    assert n_pairs > 50
    assert right / n_pairs >= 0.99
    assert wrong / n_pairs >= 0.99


def test_mathematics_answers_are_right(release: Path) -> None:
    gold = golds()
    checked = [
        final(said(row["messages"])) == plain(gold[question(row["messages"][:1])])
        for row, why in with_lineage(release, "sft/train")
        if why["set"] in MATHEMATICS
    ]
    assert len(checked) > 1000
    assert sum(checked) / len(checked) >= 0.99


@pytest.mark.parametrize("name", MATHEMATICS)
def test_accuracies_are_those_of_the_source(release: Path, name: str) -> None:
    """ZeroEval's own accuracies, over all its questions, within three points.

    Above them by up to five: where a model corrects itself ZeroEval reads the first
    answer object, the verdict the last one (docs/accuracy.md).
    """
    summary = json.loads((DATA / name / "summary.json").read_text("utf-8"))
    published = {row["Model"].lower(): float(row["Acc"]) for row in summary}
    verdicts = defaultdict(list)
    for row in responses(release):
        if row["set"] == name and row["draw"] == 0:
            verdicts[row["model"]].append(row["verdict"] == "passed")
    known = set(verdicts) & set(published)
    assert len(known) >= 10
    for model in known:
        share = 100 * sum(verdicts[model]) / len(verdicts[model])
        assert -3 < share - published[model] < 5, (model, share, published[model])

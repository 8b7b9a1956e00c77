"""Set humaneval of examples/recorded, checked against what others recorded.

The accuracies are those that the data folder's README states, and Reflexion's own
`is_solved`; the rule is worked out a second time from the released verdicts.
"""

from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
from raw_files import DATA, RAW, plain_runs, programs, rows

# Models that both sources asked: a text that is in both is one answer.
IN_BOTH = {"gpt-4", "gpt-3.5-turbo"}


@cache
def tasks() -> dict[str, str]:
    """Prompt → task."""
    return {row["prompt"]: row["task_id"] for row in rows(DATA / RAW["humaneval"])}


@cache
def answers(release: Path) -> list[dict[str, Any]]:
    """The released answers of the set, each with its task."""
    columns = ["response_id", "prompt", "model", "text", "verdict", "used_as"]
    found = pq.read_table(
        release / "responses/train.parquet",
        columns=columns,
        filters=[("set", "=", "humaneval")],
    ).to_pylist()
    return [row | {"task": tasks()[row["prompt"][0]["content"]]} for row in found]


def outcomes(release: Path) -> dict[str, str]:
    """Task → outcome."""
    by_row = [row["task_id"] for row in rows(DATA / RAW["humaneval"])]
    found = pl.read_parquet(release / "lineage/outcomes.parquet")
    return {
        by_row[row["source_row"]]: row["outcome"]
        for row in found.filter(pl.col("set") == "humaneval").to_dicts()
    }


def test_every_plain_answer_is_there(release: Path) -> None:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in answers(release):
        found[row["task"], row["model"]].append(row["text"])
    assert set(found) == set(programs())
    for key, texts in programs().items():
        expected = set(texts) if key[1] in IN_BOTH else texts
        got = set(found[key]) if key[1] in IN_BOTH else found[key]
        assert Counter(got) == Counter(expected), key


def test_passes_are_those_that_the_data_folder_states(release: Path) -> None:
    """Its README, of 134 tasks: 115 to 117 and 40 to 41."""
    passed = {
        (row["task"], row["text"])
        for row in answers(release)
        if row["verdict"] == "passed"
    }
    counts = Counter(
        row["run"]
        for row in rows(DATA / "humaneval_runs/completions.parquet")
        if (row["task_id"], row["completion"]) in passed
    )
    assert 115 <= counts["gpt4_final_500c_long"] <= 117
    assert 40 <= counts["TheBloke_WizardLM-30B-GPTQ_VICUNA_MEDIUM"] <= 41


def test_verdicts_agree_with_those_of_reflexion(release: Path) -> None:
    """Three differ: two lack an import, one a helper, which their process had."""
    verdicts = {
        (row["task"], row["model"], row["text"]): row["verdict"]
        for row in answers(release)
    }
    agreed = [
        (verdicts[row["task_id"], row["model"], row["solution"]] == "passed")
        == row["is_solved"]
        for row in plain_runs()
        if row["solution"].strip()
    ]
    assert len(agreed) > 300
    assert sum(agreed) / len(agreed) >= 0.98


def test_a_task_that_somebody_solved_is_selected(release: Path) -> None:
    solved = {row["task_id"] for row in plain_runs() if row["is_solved"]}
    selected = {
        task for task, outcome in outcomes(release).items() if outcome in ("sft", "dpo")
    }
    assert len(solved) > 100
    assert solved <= selected


def test_right_and_wrong_of_one_model_make_a_pair(release: Path) -> None:
    by_model: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in answers(release):
        by_model[row["task"], row["model"]].add(row["verdict"])
    expected = dict.fromkeys(outcomes(release), "all_incorrect")
    for (task, _), verdicts in by_model.items():
        if {"passed", "failed"} <= verdicts:
            expected[task] = "dpo"
        elif "passed" in verdicts and expected[task] != "dpo":
            expected[task] = "sft"
    assert outcomes(release) == expected


def test_what_is_chosen_passed_and_what_is_rejected_failed(release: Path) -> None:
    used: dict[str, set[str]] = defaultdict(set)
    for row in answers(release):
        for use in row["used_as"]:
            used[use].add(row["verdict"])
    assert len(used) >= 3
    for use, verdicts in used.items():
        assert verdicts == ({"failed"} if "rejected" in use else {"passed"}), use

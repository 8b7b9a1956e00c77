"""A set of code prompts with tests and references of its own: what fails them stops.

Ten problems, `double0` to `double9`, each with one answer of one model, which is right.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from fusemill.audit.suites import load_suites, validate
from small_files import ANSWERS, ANSWERS_SQL, MODELS
from small_project import SmallProject, refused

ROOT = Path(__file__).resolve().parents[2]
N_PROBLEMS = 10
PROJECT = """\
name: doubles
requires: ">=0.1,<0.2"
sets: [doubles]
sampling_seed: 42
split_seed: 7
release:
  name: doubles
  version: 1.0.0
  title: Doubles
  allowed_licences: [cc0-1.0]
"""
BUILDER = f"""\
set: doubles
title: Doubles
category: coding
language: en
licence: cc0-1.0
source: {{files: data/doubles.jsonl, format: jsonl}}
prompts: {{sql: sql/prompts/doubles.sql, tests: given, n_prompts: null}}
{ANSWERS.format(set="doubles")}\
verify: code
select:
  sql: sql/select/code.sql
  score: null
  params:
    test_points: 1.0
    parse_points: 0.1
    unscored_points: 0.0
    pair_choice: best_eligible
    rejected_statuses: [failed]
    allow_truncated: false
"""
PROMPTS_SQL = """\
select source_row, user_turn(ask) as messages, tests, reference, name as entry_point
from raw
"""


def code(name: str, factor: int) -> str:
    return f"def {name}(x):\n    return {factor} * x\n"


def problems(n_wrong: int) -> list[dict[str, Any]]:
    """The raw rows; the references of the first so many triple."""
    names = [f"double{i}" for i in range(N_PROBLEMS)]
    return [
        {
            "ask": f"Write {name}(x).",
            "name": name,
            "tests": [f"assert {name}(2) == 4"],
            "reference": code(name, 3 if i < n_wrong else 2),
        }
        for i, name in enumerate(names)
    ]


def make(root: Path, rows: list[dict[str, Any]]) -> SmallProject:
    project = SmallProject(root)
    answers = [
        {"ask": row["ask"], "model": "a", "finish_reason": "stop"}
        | {"text": code(row["name"], 2)}
        for row in rows
    ]
    for name in ("sql/select", "sql/macros", "validation"):
        shutil.copytree(ROOT / name, root / name)
    project.write("fusemill.yaml", PROJECT)
    project.write("builders/doubles.yaml", BUILDER)
    project.write("registry/models.yaml", MODELS)
    project.write("sql/prompts/doubles.sql", PROMPTS_SQL)
    project.write("sql/answers/plain.sql", ANSWERS_SQL)
    project.rows("data/doubles.jsonl", rows)
    project.rows("data/doubles_answers.jsonl", answers)
    return project


def outcomes(project: SmallProject) -> dict[str, int]:
    query = "select outcome, count(*) as n from outcomes group by outcome"
    return {row["outcome"]: row["n"] for row in project.ask(query)}


def test_few_references_that_fail_are_left_out_and_the_rest_is_released(
    tmp_path: Path,
) -> None:
    project = make(tmp_path / "doubles", problems(2))
    assert "1.0.0 written" in project.ok("run").err
    assert outcomes(project) == {"reference_failed": 2, "sft": 8}
    rows = project.ask(
        "select excluded, excluded_why, check_id from prompts order by source_row"
    )
    assert [row["excluded"] for row in rows] == ["reference_failed"] * 2 + [None] * 8
    assert rows[0]["excluded_why"].startswith("failed: test 1 of 1")
    assert [row["check_id"] is None for row in rows] == [True] * 2 + [False] * 8


@pytest.mark.parametrize("n_wrong", [3, N_PROBLEMS])
def test_many_references_that_fail_stop_the_release(
    tmp_path: Path, n_wrong: int
) -> None:
    project = make(tmp_path / "doubles", problems(n_wrong))
    said = project.cli("run")
    refused(
        said,
        "doubles: suite prompts failed",
        f"{n_wrong} of 10 rows, {n_wrong * 10}.0%; at most 20.0% may",
        "a set's own references pass its tests",
        '"set":"doubles","source_row":0}',
        "fusemill sql",
        code=3,
    )
    refused(project.cli("release"), "suite prompts failed", code=3)
    assert not (project.root / "releases").exists()
    # The question that the message names shows why.
    question = said.err.partition('fusemill sql "')[2].partition('"')[0]
    shown = json.loads(project.ok("sql", question, "--json").out)
    assert len(shown) == n_wrong
    assert all(row["excluded_why"].startswith("failed: test 1 of 1") for row in shown)


def test_prompts_without_a_reference_or_tests_say_so(tmp_path: Path) -> None:
    rows = problems(0)
    rows[0]["reference"] = " "
    rows[1]["tests"] = None
    rows[2]["tests"] = ["assert double2(2) == 4", ""]
    rows[3]["tests"] = ["assert double3(2) == "]  # nobody can run it
    project = make(tmp_path / "doubles", rows)
    project.ok("prompts")
    read = project.ask("select excluded, excluded_why from prompts order by source_row")
    assert [row["excluded"] for row in read] == ["no_tests"] * 4 + [None] * 6
    why = [row["excluded_why"] for row in read[:4]]
    assert why[:3] == ["no reference", "no tests", "an empty test"]
    assert why[3].startswith("error: test 1 of 1")


def test_a_set_without_anything_to_check_against_stops(tmp_path: Path) -> None:
    rows = problems(0)
    for row in rows[:6]:
        row["tests"] = None
    project = make(tmp_path / "doubles", rows)
    refused(project.cli("run"), "6 of 10 rows, 60.0%; at most 40.0% may", code=3)


def test_a_statement_without_the_reference_is_refused(tmp_path: Path) -> None:
    project = make(tmp_path / "doubles", problems(0))
    project.change("sql/prompts/doubles.sql", "reference, ", "")
    refused(project.cli("prompts"), "doubles.sql", "lacks column `reference`")


def test_rows_that_were_never_tried_do_not_hide_the_share() -> None:
    row = {"set": "s", "prompt_id": None, "licence": "mit", "language": "en"}
    row |= {"gold": None, "outcome": "excluded_empty", "excluded": "excluded_empty"}
    frame = [row | {"source_row": i} for i in range(100)]
    failed = {"outcome": "reference_failed", "excluded": "reference_failed"}
    frame[:3] = [one | failed for one in frame[:3]]
    (suite,) = [one for one in load_suites(ROOT) if one.suite == "prompts"]
    (failure,) = validate(suite, "coding", pd.DataFrame(frame))
    assert failure.found == "3 of 3 rows, 100.0%; at most 20.0% may"

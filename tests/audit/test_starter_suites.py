"""The starter's suites: sound frames pass, and every expectation fails on a bad row."""

from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from fusemill.audit.suites import Expectation, Failure, load_suites, validate

ROOT = Path(__file__).resolve().parents[2]
SUITES = {suite.suite: suite for suite in load_suites(ROOT)}

# Two sound rows of each frame, as a mathematics builder gives them.
PROMPT = {
    "set": "s",
    "source_row": 0,
    "prompt_id": "p0",
    "outcome": "sft",
    "licence": "mit",
    "language": "zh",
    "gold": "4",
    "excluded": None,
}
ANSWER = {
    "response_id": "r0",
    "prompt_id": "p0",
    "text_id": "t0",
    "source": "a",
    "draw": 0,
    "finish_reason": "stop",
    "n_output_tokens": None,
    "score": 0.1,
    "verdict": "passed",
}
SHARES = {
    "source": "a",
    "n_answers": 40,
    "share_passed": 0.5,
    "share_failed": 0.4,
    "share_unparsed": 0.1,
    "share_timeout": 0.0,
    "share_memory": 0.0,
    "share_forbidden": 0.0,
    "share_error": 0.0,
}
CHECK = {
    "prompt_id": "p0",
    "n_answers": 40,
    "n_sources": 4,
    "n_passed": 3,
    "n_errors": 0,
}
SFT = {
    "prompt_id": "p0",
    "response_id": "r0",
    "score": 0.1,
    "source": "a",
    "finish_reason": "stop",
    "answer_prompt_id": "p0",
    "verdict": "passed",
}
DPO = {
    "prompt_id": "p0",
    "split": "train",
    "chosen_id": "r0",
    "rejected_id": "r1",
    "score": 0.15,
    "gap": 0.05,
    "chosen_source": "a",
    "rejected_source": "a",
    "chosen_prompt_id": "p0",
    "rejected_prompt_id": "p0",
    "chosen_text_id": "t0",
    "rejected_text_id": "t1",
    "chosen_finish_reason": "stop",
    "rejected_finish_reason": "recorded",
    "chosen_verdict": "passed",
    "rejected_verdict": "failed",
    "chosen_score": 0.15,
    "rejected_score": 0.10,
}
SOUND: dict[str, list[dict[str, Any]]] = {
    "prompts": [
        PROMPT,
        PROMPT | {"source_row": 1, "outcome": "duplicate"},
        PROMPT | {"source_row": 2, "prompt_id": None, "outcome": "excluded_empty"}
        | {"excluded": "excluded_empty", "gold": None, "language": None},
    ],
    "responses": [
        ANSWER,
        ANSWER | {"response_id": "r1", "draw": 1, "finish_reason": "length"},
        # a refusal has no text, and neither score nor verdict
        ANSWER | {"response_id": "r2", "draw": 2, "score": None, "verdict": None},
    ],
    # Few answers say little of a model or a check.
    "verdicts": [SHARES, SHARES | {"n_answers": 19, "share_unparsed": 1.0}],
    "checks": [CHECK, CHECK | {"n_answers": 19, "n_passed": 0}, CHECK],
    "sft": [
        SFT,
        SFT | {"prompt_id": "p1", "answer_prompt_id": "p1", "response_id": "r4"},
    ],
    "dpo": [
        # the window's ends belong to it
        DPO | {"gap": 0.01},
        DPO | {"prompt_id": "p1", "chosen_prompt_id": "p1", "rejected_prompt_id": "p1"}
        | {"gap": 0.1, "split": "test"},
    ],
}  # fmt: skip

FAILED = {"outcome": "reference_failed", "excluded": "reference_failed"}
UNTESTED = {"outcome": "no_tests", "excluded": "no_tests"}

# What is changed in the first row, and the expectation that must say so.
BAD: list[tuple[str, str, dict[str, Any], str]] = [
    ("prompts", "other", {"source_row": 1}, "compound_columns_to_be_unique"),
    ("prompts", "other", {"outcome": None}, "values_to_not_be_null(column=outcome"),
    ("prompts", "other", {"licence": None}, "values_to_not_be_null(column=licence"),
    ("prompts", "other", {"prompt_id": None}, "values_to_not_be_null(column=prompt_id"),
    ("prompts", "other", {"excluded": "excluded_code"}, "to_be_null(column=excluded"),
    ("prompts", "mathematics", {"gold": None}, "to_not_be_null(column=gold"),
    ("prompts", "chinese", {"language": "en"}, "be_in_set(column=language"),
    ("prompts", "chinese", {"outcome": "dpo"}, "not_match_regex(column=outcome"),
    ("responses", "other", {"response_id": "r1"}, "be_unique(column=response_id"),
    ("responses", "other", {"response_id": None}, "not_be_null(column=response_id"),
    ("responses", "other", {"draw": 1}, "compound_columns_to_be_unique"),
    ("responses", "other", {"source": None}, "not_be_null(column=source"),
    ("responses", "other", {"finish_reason": "eos"}, "in_set(column=finish_reason"),
    ("responses", "mathematics", {"verdict": "ok"}, "be_in_set(column=verdict"),
    ("responses", "coding", {"verdict": None}, "not_be_null(column=verdict"),
    ("prompts", "coding", FAILED, "mostly=0.8"),
    (
        "prompts",
        "coding",
        FAILED | {"set": "leetcode"},
        "mostly=0.3",
    ),
    ("prompts", "mathematics", UNTESTED, "mostly=0.6"),
    ("verdicts", "coding", {"share_error": 0.03}, "be_between(column=share_error"),
    ("verdicts", "coding", {"share_timeout": 0.3}, "be_between(column=share_timeout"),
    ("verdicts", "coding", {"share_memory": 0.2}, "be_between(column=share_memory"),
    ("verdicts", "coding", {"share_forbidden": 0.2}, "between(column=share_forbidden"),
    ("verdicts", "mathematics", {"share_unparsed": 0.95}, "column=share_unparsed"),
    ("checks", "mathematics", {"n_passed": 0}, "be_between(column=n_passed"),
    ("checks", "coding", {"n_errors": 1}, "be_between(column=n_errors"),
    ("sft", "other", {"prompt_id": "p1"}, "be_unique(column=prompt_id"),
    ("sft", "other", {"response_id": None}, "not_be_null(column=response_id"),
    ("sft", "other", {"source": None}, "not_be_null(column=source"),
    ("sft", "other", {"answer_prompt_id": "p9"}, "pair_values_to_be_equal"),
    ("sft", "other", {"finish_reason": "length"}, "not_be_in_set(column=finish_reason"),
    ("sft", "mathematics", {"verdict": "failed"}, "be_in_set(column=verdict"),
    ("sft", "coding", {"verdict": None}, "not_be_null(column=verdict"),
    ("sft", "instruction_following", {"score": None}, "not_be_null(column=score"),
    ("dpo", "other", {"prompt_id": "p1"}, "be_unique(column=prompt_id"),
    ("dpo", "other", {"split": "dev"}, "be_in_set(column=split"),
    ("dpo", "other", {"chosen_source": None}, "not_be_null(column=chosen_source"),
    ("dpo", "other", {"rejected_source": "b"}, "equal(column_A=chosen_source"),
    ("dpo", "other", {"chosen_prompt_id": "p9"}, "column_B=chosen_prompt_id"),
    ("dpo", "other", {"rejected_prompt_id": "p9"}, "column_B=rejected_prompt_id"),
    ("dpo", "other", {"rejected_text_id": "t0"}, "unique_within_record"),
    ("dpo", "mathematics", {"gap": 0.009999}, "be_between(column=gap"),
    ("dpo", "instruction_following", {"gap": 0.100001}, "be_between(column=gap"),
    ("dpo", "mathematics", {"rejected_score": 0.15}, "a_to_be_greater_than_b"),
    ("dpo", "mathematics", {"chosen_verdict": "failed"}, "set(column=chosen_verdict"),
    ("dpo", "coding", {"chosen_verdict": None}, "not_be_null(column=chosen_verdict"),
    ("dpo", "mathematics", {"rejected_verdict": "error"}, "column=rejected_verdict"),
    ("dpo", "coding", {"rejected_verdict": None}, "null(column=rejected_verdict"),
    ("dpo", "other", {"chosen_finish_reason": "length"}, "column=chosen_finish_reason"),
    ("dpo", "other", {"rejected_finish_reason": "length"}, "=rejected_finish_reason"),
]


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("category", ["mathematics", "chinese", "other"])
def test_sound_frames_pass(name: str, category: str) -> None:
    assert validate(SUITES[name], category, pd.DataFrame(SOUND[name])) == []


@cache
def _failures(case: int) -> list[Failure]:
    name, category, change, _ = BAD[case]
    first, *others = SOUND[name]
    return validate(SUITES[name], category, pd.DataFrame([first | change, *others]))


@pytest.mark.parametrize("case", range(len(BAD)), ids=lambda case: BAD[case][3])
def test_a_bad_row_is_named(case: int) -> None:
    failures = _failures(case)
    found = [f for f in failures if BAD[case][3] in f.expectation]
    assert found, [failure.expectation for failure in failures]
    assert found[0].n_rows >= 1
    assert found[0].rows


def test_a_prompt_that_is_selected_twice_is_named() -> None:
    frame = pd.DataFrame([PROMPT, PROMPT | {"source_row": 1}])
    [failure] = validate(SUITES["prompts"], "other", frame)
    assert "values_to_be_unique(column=prompt_id" in failure.expectation
    assert [row["source_row"] for row in failure.rows] == [0, 1]


def test_every_expectation_is_among_the_bad_rows() -> None:
    for suite in SUITES.values():
        cases = [i for i, bad in enumerate(BAD) if bad[0] == suite.suite]
        seen = {failure.expectation for i in cases for failure in _failures(i)}
        said = {_said(expectation) for expectation in suite.expectations}
        # the test above sees this one: it needs two rows that are selected
        twice = {s for s in said if "be_unique(column=prompt_id, row_condition" in s}
        assert said - seen - twice == set()


def _said(expectation: Expectation) -> str:
    arguments = ", ".join(f"{k}={v}" for k, v in expectation.kwargs.items())
    return f"{expectation.type}({arguments})"


def test_code_pairs_have_no_window() -> None:
    frame = pd.DataFrame([DPO | {"gap": 1.1, "chosen_score": 0.1}])
    assert validate(SUITES["dpo"], "coding", frame) == []


def test_the_example_has_the_same_suites() -> None:
    assert load_suites(ROOT / "examples" / "recorded") == list(SUITES.values())

"""Trials (--only, --limit) beside full runs: neither disturbs the other's results."""

import json
from typing import Any

from small_accounts import DONE, check_accounts

from small_files import TALK_SQL
from small_project import SmallProject, refused


def states(project: SmallProject) -> dict[str, str]:
    said = json.loads(project.ok("status", "--json").out)
    return {one["set"]: one["state"] for one in said["sets"]}


def rows(project: SmallProject, set_: str) -> dict[str, int]:
    said = json.loads(project.ok("status", "--json").out)
    [one] = [one for one in said["sets"] if one["set"] == set_]
    found: dict[str, int] = one["rows"]
    return found


def current(project: SmallProject) -> dict[str, Any]:
    query = 'select "set", selection_id from selections where is_current'
    return {row["set"]: row["selection_id"] for row in project.ask(query)}


def test_a_trial_between_two_runs(whole: SmallProject) -> None:
    """By `n_prompts:42:<prompt_id>` under md5sum rows 7, 8 and 10 of talk come first.

    They are without a usable answer, without a score, and the only pair.
    """
    before = current(whole)
    said = whole.ok("run", "--only", "talk", "--limit", "3").err
    assert "release  left out" in said
    assert states(whole) == {"talk": "trial", "sums": "promoted", "zh": "promoted"}
    trial = {"not_sampled": 6, "truncated": 1, "no_score": 1, "dpo": 1}
    trial |= {"duplicate": 1, "excluded_code": 1, "excluded_empty": 1}
    assert rows(whole, "talk") == trial
    shown = whole.ok("status").out
    assert "a trial: at most 3 prompts of talk" in shown
    assert {name: id_ for name, id_ in current(whole).items() if name != "talk"} == {
        name: id_ for name, id_ in before.items() if name != "talk"
    }
    assert "is there already, unchanged" in whole.ok("run").err
    assert current(whole) == before
    assert set(states(whole).values()) == {"promoted"}
    assert "a trial" not in whole.ok("status").out
    assert check_accounts(whole) == DONE


def test_a_trial_before_the_first_run(
    small: SmallProject, finished: SmallProject
) -> None:
    """The release is the one that it would have been without the trial."""
    small.ok("run", "--limit", "1")
    assert set(states(small).values()) == {"trial"}
    small.ok("run")
    assert check_accounts(small) == DONE
    assert current(small) == current(finished)
    entry = "registry/releases/small/1.0.0.yaml"
    kept = [line for line in small.read(entry).split("\n") if "sha256" in line]
    # README.md and lineage.json say when they were made; data files do not.
    expected = [line for line in finished.read(entry).split("\n") if "sha256" in line]
    assert len(kept) == len(expected)
    differ = {i for i, line in enumerate(kept) if line != expected[i]}
    assert len(differ) <= 2


def test_a_limit_that_bounds_nothing(whole: SmallProject) -> None:
    whole.ok("run", "--limit", "500")
    assert set(states(whole).values()) <= {"promoted", "trial"}
    assert check_accounts(whole) == DONE
    assert "is there already, unchanged" in whole.ok("run").err


def test_a_scorer_that_no_rule_reads(whole: SmallProject) -> None:
    """It changes what a release holds, and no selection."""
    before = current(whole)
    first = '  - {engine: python, name: tagged, function: "scores/tagged.py:tagged"}\n'
    second = first.replace("name: tagged", "name: same")
    whole.change("builders/sums.yaml", first, first + second)
    said = whole.cli("run")
    refused(said, "1.0.0", "other content", "raise `release.version`")
    assert current(whole) == before


def test_before_anything_is_selected_rows_are_pending(small: SmallProject) -> None:
    small.ok("prompts")
    assert set(states(small).values()) == {"not selected yet"}
    assert rows(small, "zh") == {
        "pending": 2,
        "not_sampled": 1,
        "excluded_language": 1,
    }
    ready = "select prompt_id from plan where status = 'ready' and set = 'sums'"
    plan = small.ask(ready)[0]
    [one] = json.loads(small.ok("explain", plan["prompt_id"], "--json").out)
    assert one["outcome"] is None
    assert "run `fusemill select`" in one["why"]
    assert "not selected yet" in small.ok("explain", plan["prompt_id"]).out


def test_a_shard_works_on_the_plan_that_is_declared(small: SmallProject) -> None:
    refused(small.cli("sample", "--shard", "0/2"), "no snapshot here yet")
    small.ok("prompts", "--limit", "1")
    needles = ("made for other prompts", "run `fusemill prompts` first")
    refused(small.cli("sample", "--shard", "0/2"), *needles)
    assert small.ok("sample", "--shard", "0/2", "--limit", "1").err
    small.ok("prompts")
    small.ok("sample", "--shard", "0/2")
    parts = small.parts()
    for name, old, new in (
        ("builders/zh.yaml", "n_prompts: 2", "n_prompts: 1"),
        ("fusemill.yaml", "sampling_seed: 42", "sampling_seed: 43"),
        ("fusemill.yaml", "[talk, sums, zh]", "[zh, talk, sums]"),
        ("sql/prompts/talk.sql", TALK_SQL, f"-- other\n{TALK_SQL}"),
    ):
        small.change(name, old, new)
        refused(small.cli("verify", "--shard", "0/2"), *needles)
        small.change(name, new, old)
    # What follows the plan may change: a shard works by its own declarations.
    small.change("builders/talk.yaml", "gap_max: 0.1", "gap_max: 0.2")
    small.ok("sample", "--shard", "1/2")
    assert parts.items() <= small.parts().items()

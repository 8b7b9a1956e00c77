"""diff and what-if on the small project: what moves, by how much, and because of what.

With a window up to 0.8 row 2 of talk ("Name a tree.", 0.9 and 0.1) is eligible too: of
six prompts floor(0.4 · 6) = 2 go to SFT, 4 to DPO.
"""

import json
from typing import Any

from small_files import TALK
from small_project import SmallProject, refused

WIDER = {"sft": [2, 2], "dpo": [3, 4], "no_pair_in_window": [1, 0]}


def difference(project: SmallProject, *arguments: object) -> dict[str, dict[str, Any]]:
    said = json.loads(project.ok(*arguments, "--json").out)
    return {one["set"]: one for one in said["sets"]}


def changed(outcomes: dict[str, list[int]]) -> dict[str, list[int]]:
    return {name: pair for name, pair in outcomes.items() if name in WIDER}


def test_what_if(finished: SmallProject) -> None:
    """Only the sets whose rule has the parameter, and nothing is written."""
    before = finished.parts()
    asked = ("select", "--set", "gap_max=0.8", "--dry-run")
    found = difference(finished, *asked, "--rows", 20)
    assert set(found) == {"talk", "sums"}
    talk = found["talk"]
    assert talk["because"] == ["gap_max 0.1 → 0.8"]
    assert changed(talk["outcomes"]) == WIDER
    assert talk["outcomes"]["truncated"] == [1, 1]
    tree = [row for row in talk["rows"] if row["source_row"] == 2]
    assert [row["before"] for row in tree] == ["no_pair_in_window"]
    assert sum(move["n_rows"] for move in talk["moved"]) == len(
        [row for row in talk["rows"] if row["before"] != row["after"]]
    )
    assert found["sums"]["moved"] == []
    assert finished.parts() == before
    shown = finished.ok(*asked).out
    assert "because: gap_max 0.1 → 0.8" in shown
    assert "from no_pair_in_window to" in shown


def test_what_if_of_the_seed(finished: SmallProject) -> None:
    """The same five prompts, split otherwise."""
    seeds = [
        difference(finished, "select", "--set", f"split_seed={seed}", "--dry-run")
        for seed in range(5)
    ]
    for found in seeds:
        assert set(found) == {"talk"}  # no other rule splits by hash
        assert found["talk"]["outcomes"]["sft"] == [2, 2]
        assert found["talk"]["outcomes"]["dpo"] == [3, 3]
    assert any(found["talk"]["moved"] for found in seeds)


def test_what_if_refuses(finished: SmallProject) -> None:
    dry = ("select", "--dry-run", "--set")
    refused(finished.cli(*dry, "gap_mx=1"), "--set gap_mx", "no rule of talk, sums, zh")
    refused(finished.cli(*dry, "gap_max"), "expected name=value")
    refused(finished.cli(*dry, "gap_max=[1"), "expected name=value")
    said = finished.cli("select", "--set", "gap_max=0.2")
    assert said.code == 2
    assert "--set needs --dry-run" in said.err


def test_two_releases(whole: SmallProject) -> None:
    whole.change("builders/talk.yaml", "gap_max: 0.1", "gap_max: 0.8")
    whole.change("fusemill.yaml", "version: 1.0.0", "version: 1.1.0")
    whole.ok("run")
    found = difference(whole, "diff", "1.0.0", "small/1.1.0")
    assert set(found) == {"talk", "sums", "zh"}
    assert found["talk"]["because"] == ["gap_max 0.1 → 0.8"]
    assert changed(found["talk"]["outcomes"]) == WIDER
    assert found["zh"]["because"] == ["nothing it follows from differs"]
    assert found["zh"]["outcomes"]["sft"] == [2, 2]
    assert found["zh"]["moved"] == []
    # “你叫什么名字？”好。 and “今天天气好吗？”好。 have 11 characters each.
    assert found["zh"]["figures"]["characters of SFT answers"] == [11.0, 11.0]
    # The one pair of sums is 0.15 - 0.10.
    assert found["sums"]["figures"]["gap of pairs, mean"] == [0.05, 0.05]
    assert found["sums"]["sources"] == {"model-a": [1, 1], "model-b": [1, 1]}
    one = difference(whole, "diff", "1.0.0", "1.1.0", "--only", "zh")
    assert set(one) == {"zh"}
    assert "nothing moved" in whole.ok("diff", "1.0.0", "1.1.0", "--only", "zh").out
    current = difference(whole, "diff", "1.0.0", "current", "--only", "talk")
    assert set(current) == {"talk"}
    none = whole.cli("diff", "small@1.0.0", "small@1.1.0", "--only", "list")
    refused(none, "of talk, sums, zh", "nothing to compare of list")


def test_a_release_and_what_is_selected_after_new_answers(whole: SmallProject) -> None:
    """Row 6 of talk had no answer; now model b has a pair for it, of gap 0.1."""
    answers = whole.read("data/talk_answers.jsonl")
    more = [
        {"ask": TALK[6]["ask"], "model": "b", "finish_reason": "stop", **said}
        for said in ({"text": "Rhine.", "score": 0.3}, {"text": "Bonn.", "score": 0.2})
    ]
    lines = "".join(json.dumps(row) + "\n" for row in more)
    whole.write("data/talk_answers.jsonl", answers + lines)
    for stage in ("sample", "score", "select"):
        whole.ok(stage)
    talk = difference(whole, "diff", "1.0.0", "current", "--rows", 50)["talk"]
    assert talk["outcomes"]["no_response"] == [1, 0]
    assert "answers of model-b" in talk["because"]
    assert "another scorer" in talk["because"]  # it reads another file now
    row = [row for row in talk["rows"] if row["source_row"] == 6]
    assert [one["before"] for one in row] == ["no_response"]


def test_two_selections_by_their_ids(whole: SmallProject) -> None:
    whole.change("builders/talk.yaml", "sft_share: 0.4", "sft_share: 0.8")
    whole.ok("select")
    rows = whole.ask(
        "select selection_id, is_current from selections where set = 'talk'"
    )
    [old] = [row["selection_id"] for row in rows if not row["is_current"]]
    [new] = [row["selection_id"] for row in rows if row["is_current"]]
    found = difference(whole, "diff", old[:12], new)
    assert set(found) == {"talk"}
    assert found["talk"]["because"] == ["sft_share 0.4 → 0.8"]
    assert found["talk"]["outcomes"]["sft"] == [2, 4]
    assert found["talk"]["moved"] == [{"before": "dpo", "after": "sft", "n_rows": 2}]
    refused(whole.cli("diff", old[:12], "9" * 12), "there is none", "fusemill sql")
    refused(whole.cli("diff", "", new), "selections begin so")

"""Rows read = sum of outcomes, whichever stage broke off or was left out."""

import csv
import signal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_accounts import (
    DONE,
    WAITING,
    check_accounts,
    check_status,
    live,
    process,
    prompt_of,
    unscored,
    with_rows,
    write_answers,
)

from small_files import OUTCOMES, PLAIN, ZH
from small_project import SmallProject, refused

A, B = (
    {"model": f"made-up/{name}", "sampling": {"temperature": 0.5}, "sampling_seed": 42}
    for name in "ab"
)
STAGES = ("prompts", "sample", "verify", "score")


def run_without(project: SmallProject, *left_out: str) -> None:
    """Every stage up to select but these."""
    for stage in STAGES:
        if stage not in left_out:
            project.ok(stage)
    project.ok("select")


def response_id(project: SmallProject, ask: str, text: str) -> str:
    query = (
        "select response_id from response_texts inner join responses as r "
        f"using (response_id) where text = '{text}' "
        f"and r.prompt_id = '{prompt_of(ask)}'"
    )
    [row] = project.ask(query)
    return str(row["response_id"])


def retract(project: SmallProject, table: str, key: str) -> None:
    project.ok("warehouse", "retract", table, key, "--reason", "test", "--who", "me")


def test_whole_run(finished: SmallProject) -> None:
    assert check_accounts(finished) == DONE
    assert finished.outcomes() == OUTCOMES


def test_parquet_source(small: SmallProject) -> None:
    with (small.root / "data" / "zh.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    pq.write_table(pa.Table.from_pylist(rows), small.root / "data" / "zh.parquet")
    small.change(
        "builders/zh.yaml", "zh.csv, format: csv", "zh.parquet, format: parquet"
    )
    for stage in STAGES:
        small.ok(stage)
        check_status(small)
    small.ok("select")
    assert check_accounts(small) == DONE


def test_only_prompts_read(small: SmallProject) -> None:
    small.ok("prompts")
    small.ok("select")
    assert check_accounts(small) == WAITING
    # Each later stage closes the accounts again, and the last one as a whole run.
    small.ok("sample")
    small.ok("select")
    unread = {**{s: unscored(DONE[s]) for s in ("talk", "sums")}, "zh": DONE["zh"]}
    assert check_accounts(small) == unread
    run_without(small, "prompts", "sample")
    assert check_accounts(small) == DONE


@pytest.mark.parametrize(
    ("left_out", "talk", "sums"),
    [
        # A row that nobody answered needs no check and no score.
        ("verify", DONE["talk"], unscored(DONE["sums"])),
        ("score", unscored(DONE["talk"]), unscored(DONE["sums"])),
    ],
)
def test_stage_not_run(
    small: SmallProject, left_out: str, talk: list[str], sums: list[str]
) -> None:
    run_without(small, left_out)
    assert check_accounts(small) == {"talk": talk, "sums": sums, "zh": DONE["zh"]}


# Each set's sampling writes a part of configs, one of answers and the mark of its end.
@pytest.mark.parametrize(
    ("fault", "n_answers", "read"),
    [
        ("part.written#2", 0, ()),  # talk's answers, not under their name yet
        ("recorded.marking#2", 20, ("talk",)),
        ("snapshot.renamed", 22, ("talk", "sums", "zh")),
    ],
)
def test_sample_killed(
    small: SmallProject, fault: str, n_answers: int, read: tuple[str, ...]
) -> None:
    small.ok("prompts")
    killed = process(small, "sample", FUSEMILL_FAULT=fault)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    small.ok("select")
    after = {"talk": unscored(DONE["talk"]), "sums": unscored(DONE["sums"])}
    after["zh"] = DONE["zh"]
    expected = {name: (after if name in read else WAITING)[name] for name in DONE}
    assert check_accounts(small) == expected
    assert small.ask("select count(*) as n from responses") == [{"n": n_answers}]
    run_without(small, "prompts")
    assert check_accounts(small) == DONE
    assert small.outcomes() == OUTCOMES
    assert small.ask("select count(*) as n from responses") == [{"n": 22}]


def test_scorer_raises_on_a_later_batch(small: SmallProject) -> None:
    """Batches have 200 rows: what the first one scored is kept and used."""
    asks = [f"2 + {n}?" for n in range(300)]
    small.rows(
        "data/sums.json",
        [{"question": ask, "gold": str(n + 2)} for n, ask in enumerate(asks)],
    )
    small.rows(
        "data/sums_answers.jsonl",
        [
            {"ask": ask, "model": "a", "text": f"0.5 | The answer is {n + 2}.", **PLAIN}
            for n, ask in enumerate(asks)
        ],
    )
    raising = (
        "seen = []\n"
        "def tagged(rows):\n"
        "    seen.append(rows)\n"
        "    if len(seen) == 2:\n"
        "        raise ValueError('no more')\n"
        "    return [0.5 for row in rows]\n"
    )
    small.write("scores/tagged.py", raising)
    for stage in ("prompts", "sample", "verify"):
        small.ok(stage)
    refused(small.cli("score"), "tagged.py", "ValueError: no more")
    small.ok("select")
    rows = check_accounts(small)["sums"]
    assert (rows.count("used"), rows.count("pending"), len(rows)) == (200, 100, 300)
    # The function's text is the scores' name: this one goes on with its own.
    small.ok("score")
    small.ok("select")
    assert check_accounts(small)["sums"] == ["used"] * 300


def test_retracted_answer_is_not_chosen(whole: SmallProject) -> None:
    """Without `Blue.` no source has two answers to row 0: four are eligible."""
    retract(whole, "responses", response_id(whole, "Name a colour.", "Blue."))
    whole.ok("select")
    talk = with_rows(DONE["talk"], {0: "no_pair_in_window"})
    assert check_accounts(whole) == {**DONE, "talk": talk}
    counts = whole.outcomes()["talk"]
    assert (counts["sft"], counts["dpo"]) == (1, 3)  # floor(0.4 · 4)


def test_every_answer_retracted(whole: SmallProject) -> None:
    for text in ("Oak.", "A stone."):
        retract(whole, "responses", response_id(whole, "Name a tree.", text))
    whole.ok("select")
    talk = with_rows(DONE["talk"], {2: "retracted"})
    assert check_accounts(whole) == {**DONE, "talk": talk}
    whole.ok("sample")  # asks for none of them again
    whole.ok("select")
    assert check_accounts(whole) == {**DONE, "talk": talk}


def test_retracted_prompts(whole: SmallProject) -> None:
    """A prompt that is taken back keeps its place: its duplicates stay duplicates."""
    for ask in ("Name a colour.", ZH[2]):
        retract(whole, "prompts", prompt_of(ask))
    parts = whole.parts()
    whole.ok("sample")  # nothing is read again
    assert whole.parts() == parts
    whole.ok("select")
    talk = with_rows(DONE["talk"], {0: "retracted"})
    zh = with_rows(DONE["zh"], {2: "retracted"})
    assert check_accounts(whole) == {**DONE, "talk": talk, "zh": zh}


def test_fewer_prompts(small: SmallProject) -> None:
    """By `n_prompts:42:<prompt_id>` under md5sum rows 7, 8 and 10 come first."""
    small.change("builders/talk.yaml", "n_prompts: null", "n_prompts: 3")
    run_without(small)
    talk = with_rows(DONE["talk"], dict.fromkeys((0, 1, 2, 6, 9, 11), "not_sampled"))
    assert check_accounts(small) == {**DONE, "talk": talk}


def test_order_of_sets_says_who_keeps_a_duplicate(small: SmallProject) -> None:
    """`Name a colour.` is row 0 of talk and row 4 of sums, where nobody answers it."""
    small.change("fusemill.yaml", "[talk, sums, zh]", "[zh, sums, talk]")
    run_without(small)
    talk = with_rows(DONE["talk"], {0: "duplicate"})
    sums = with_rows(DONE["sums"], {4: "no_response"})
    assert check_accounts(small) == {**DONE, "talk": talk, "sums": sums}


def test_answers_to_be_asked_for(small: SmallProject) -> None:
    """Two models, two draws: a prompt is ready with its four answers, refusals too."""
    live(small, "zh")
    small.ok("prompts")
    small.ok("select", "--only", "zh")
    assert zh_rows(small) == WAITING["zh"]

    write_answers(small, A, [(ZH[2], 0, "a0"), (ZH[2], 1, "a1")])
    write_answers(small, B, [(ZH[2], 1, "b1")])  # draw 0 is the gap
    write_answers(small, B, [(ZH[3], draw, f"b{draw}") for draw in (0, 1)])
    small.ok("select", "--only", "zh")
    assert zh_rows(small) == WAITING["zh"]

    write_answers(small, B, [(ZH[2], 0, None)])  # a refusal
    small.ok("select", "--only", "zh")
    assert zh_rows(small) == with_rows(WAITING["zh"], {2: "used"})

    # A draw too many does not stand for the one that is missing.
    write_answers(small, A, [(ZH[3], 0, "a0"), (ZH[3], 2, "a2")])
    small.ok("select", "--only", "zh")
    assert zh_rows(small) == with_rows(WAITING["zh"], {2: "used"})
    write_answers(small, A, [(ZH[3], 1, "a1")])
    small.ok("select")
    assert zh_rows(small) == DONE["zh"]
    assert check_accounts(small) == {**WAITING, "zh": DONE["zh"]}


def zh_rows(project: SmallProject) -> list[str]:
    """Outcomes of zh, which alone is selected."""
    rows = project.ask(
        "select outcome from outcomes inner join selections using (selection_id) "
        "where is_current and outcomes.\"set\" = 'zh' order by source_row"
    )
    return ["used" if row["outcome"] == "sft" else row["outcome"] for row in rows]


def test_pending_is_released_only_on_demand(small: SmallProject) -> None:
    """Three sums have answers that nobody has checked."""
    run_without(small, "verify")
    small.ok("audit")
    refused(small.cli("release"), "3 prompts are pending (sums: 3)", "--allow-pending")
    assert not (small.root / "releases" / "small" / "1.0.0").exists()
    small.ok("release", "--allow-pending")
    card = small.read("releases/small/1.0.0/README.md")
    assert "**Incomplete.** 3 prompts were still pending" in card
    assert "| sums | mathematics | 6 | 0 | 0 | pending 3," in card
    outcomes = pq.read_table(
        small.root / "releases/small/1.0.0/lineage/outcomes.parquet"
    )
    assert outcomes["outcome"].to_pylist().count("pending") == 3
    assert outcomes.num_rows == 22


def test_finished_release_says_nothing_of_pending(finished: SmallProject) -> None:
    card = finished.read("releases/small/1.0.0/README.md")
    assert "pending" not in card

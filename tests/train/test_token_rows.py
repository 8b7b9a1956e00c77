"""Rows as columns of token ids, and what becomes of long ones."""

from pathlib import Path

import pytest
from small_training import assistant, make, project, user
from target_families import GEMMA

from fusemill.progress import Progress
from fusemill.train.run import Asked, Run
from needs_torch import torch  # noqa: F401

# <bos><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n
N_PROMPT = 1 + 1 + len("user\nHi") + 1 + 1 + 1 + len("model\n")
LONG = "x" * 40
ROWS = [
    {"messages": [user("Hi"), assistant("Yo")]},
    {"messages": [user("Hi"), assistant(LONG)]},
    {"messages": [user(LONG), assistant("Yo")]},
]
PAIRS = [
    {
        "prompt": [user("Hi")],
        "chosen": [assistant("Yo")],
        "rejected": [assistant(LONG)],
    },
    {"prompt": [user("Hi")], "chosen": [assistant("Yo")], "rejected": [assistant("Y")]},
]
FILES = {
    "sft/train.parquet": ROWS,
    "dpo/train.parquet": PAIRS,
    "dpo/test.parquet": PAIRS[1:],
}


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, stage: str, fate: str) -> Run:
    monkeypatch.setenv("FUSEMILL_CACHE", str(folder / "cache"))
    made = make(folder, GEMMA, FILES, max_length=30, too_long=fate)
    asked = Asked(
        stage,  # type: ignore[arg-type]
        str(folder / "target.yaml"),
        "little@1.0.0",
        folder / "out",
        made.base,
    )
    begun = Run(project(folder), asked, Progress())
    with begun.alone():
        return begun


def listed(folder: Path) -> list[str]:
    return (folder / "out" / "too_long.csv").read_text("utf-8").splitlines()


def test_loss_is_on_the_answer_and_its_end_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = run(tmp_path, monkeypatch, "sft", "drop").dataset("train")
    end = GEMMA.id("<end_of_turn>")
    assert row["labels"] == [-100] * N_PROMPT + [*b"Yo", end]
    assert row["input_ids"][N_PROMPT:] == [*b"Yo", end]
    assert row["length"] == N_PROMPT + 3


def test_dropped_rows_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, monkeypatch, "sft", "drop")
    assert listed(tmp_path) == [
        "file,row,n_tokens,fate",
        f"sft/train.parquet,1,{N_PROMPT + 41},dropped",
        f"sft/train.parquet,2,{N_PROMPT - 2 + 40 + 3},dropped",
    ]


def test_truncated_rows_are_listed_and_long_prompts_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = list(run(tmp_path, monkeypatch, "sft", "truncate").dataset("train"))
    assert [len(row["input_ids"]) for row in rows] == [N_PROMPT + 3, 30]
    assert rows[1]["labels"][N_PROMPT:] == [ord("x")] * (30 - N_PROMPT)
    assert [line.split(",")[1::2] for line in listed(tmp_path)[1:]] == [
        ["1", "truncated"],
        ["2", "dropped"],
    ]


def test_a_pair_is_as_long_as_its_longer_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = run(tmp_path, monkeypatch, "dpo", "drop").dataset("train")
    end = GEMMA.id("<end_of_turn>")
    assert (row["chosen_ids"], row["rejected_ids"]) == ([*b"Yo", end], [*b"Y", end])
    assert len(row["prompt_ids"]) == N_PROMPT
    assert row["length"] == N_PROMPT + 3
    assert listed(tmp_path)[1:] == [f"dpo/train.parquet,0,{N_PROMPT + 41},dropped"]


def test_answers_that_are_cut_to_the_same_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alike = {**PAIRS[1], "chosen": [assistant(LONG)], "rejected": [assistant(LONG * 2)]}
    monkeypatch.setitem(FILES, "dpo/train.parquet", [*PAIRS, alike])
    rows = list(run(tmp_path, monkeypatch, "dpo", "truncate").dataset("train"))
    assert [len(row["rejected_ids"]) for row in rows] == [30 - N_PROMPT, 2]
    assert [line.split(",")[1::2] for line in listed(tmp_path)[1:]] == [
        ["0", "truncated"],
        ["2", "dropped"],
    ]


def test_a_split_of_several_files_is_read_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FILES, "sft/train-00000-of-00002.parquet", ROWS[1:])
    monkeypatch.setitem(FILES, "sft/train-00001-of-00002.parquet", ROWS[:1])
    monkeypatch.delitem(FILES, "sft/train.parquet")
    (row,) = run(tmp_path, monkeypatch, "sft", "drop").dataset("train")
    assert row["length"] == N_PROMPT + 3
    assert [line.split(",")[:2] for line in listed(tmp_path)[1:]] == [
        ["sft/train-00000-of-00002.parquet", "0"],
        ["sft/train-00000-of-00002.parquet", "1"],
    ]


def test_rows_are_tokenized_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(tmp_path, monkeypatch, "sft", "drop").dataset("train")
    again = run(tmp_path, monkeypatch, "sft", "drop").dataset("train")
    assert first.cache_files == again.cache_files
    assert first._fingerprint == again._fingerprint

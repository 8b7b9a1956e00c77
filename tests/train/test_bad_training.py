"""What cannot be trained on is said before training starts, with what to do."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from small_training import (
    Training,
    assistant,
    examples,
    make,
    pairs,
    prepare,
    record,
    user,
    why_it_ends,
    write_release,
)
from target_families import GEMMA, LLAMA, write_tokenizer

from fusemill.errors import (
    EngineError,
    ReleaseError,
    StorageError,
    TrainError,
)
from needs_torch import torch  # noqa: F401

Files = dict[str, list[dict[str, Any]]]


@pytest.fixture
def training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Training:
    monkeypatch.setenv("FUSEMILL_CACHE", str(tmp_path / "cache"))
    return make(tmp_path, LLAMA)


SAME = {**pairs(1)[0], "rejected": pairs(1)[0]["chosen"]}
NO_ANSWER = {"messages": [user("1 + 1")]}
NOTHING = {"messages": []}
SAME_TRIMMED = {**pairs(1)[0], "rejected": [assistant("It is 1. ")]}
SILENT = {"messages": [user("1 + 1"), assistant(" ")]}
NULL = {"messages": [user("1 + 1"), {"role": "assistant", "content": None}]}
NO_QUESTION = {"messages": [assistant("2")]}
ANSWERED = {**pairs(1)[0], "prompt": [user("1 + 1"), assistant("2")]}
ALSO_ASKED = {**pairs(1)[0], "chosen": [assistant("2"), user("Sure?")]}


@pytest.mark.parametrize(
    ("stage", "files", "said"),
    [
        ("sft", {"sft/train.parquet": [{"prompt": "x"}]}, "no column messages; found"),
        ("dpo", {"dpo/train.parquet": examples(2)}, "no column prompt, chosen, rej"),
        (
            "sft",
            {"dpo/train.parquet": pairs(2)},
            "this release has no rows of sft/train",
        ),
        (
            "dpo",
            {"dpo/train.parquet": pairs(2)},
            "no rows of dpo/test.*, or set `dpo.choose_among: 0`",
        ),
        (
            "sft",
            {"sft/train.parquet": [*examples(2), NO_ANSWER]},
            "row 2: messages: expected a turn of assistant at the end, found user",
        ),
        (
            "sft",
            {"sft/train.parquet": [*examples(1), NOTHING]},
            "row 1: messages: expected .*, found nothing",
        ),
        (
            "dpo",
            {"dpo/train.parquet": [*pairs(3), SAME], "dpo/test.parquet": pairs(1)},
            "row 3: chosen and rejected are the same answer",
        ),
        (
            "dpo",
            {"dpo/train.parquet": [ALSO_ASKED], "dpo/test.parquet": pairs(1)},
            "row 0: chosen: expected .*, found assistant, user",
        ),
        (
            "dpo",
            {"dpo/train.parquet": [SAME_TRIMMED], "dpo/test.parquet": pairs(1)},
            "row 0: chosen and rejected are the same answer",
        ),
        (
            "dpo",
            {"dpo/train.parquet": [ANSWERED], "dpo/test.parquet": pairs(1)},
            "row 0: prompt: expected a turn of user at the end, found user, assistant",
        ),
        (
            "sft",
            {"sft/train.parquet": [*examples(1), SILENT]},
            "row 1: messages: a turn has no text",
        ),
        (
            "sft",
            {"sft/train.parquet": [*examples(1), NULL]},
            "row 1: messages: a turn has no text",
        ),
        (
            "sft",
            {"sft/train.parquet": [NO_QUESTION]},
            "row 0: messages before the answer: expected .*, found nothing",
        ),
        (
            "sft",
            {"sft/train.parquet": [{"messages": "It is 2."}]},
            "column messages: expected lists of role and content, both text, found Str",
        ),
    ],
)
def test_rows_that_cannot_be_trained_on(
    stage: str, files: Files, said: str, training: Training, tmp_path: Path
) -> None:
    write_release(tmp_path, files)
    with pytest.raises(TrainError, match=said):
        prepare(training, stage)
    assert not (tmp_path / "out").exists()


def test_an_empty_split(training: Training, tmp_path: Path) -> None:
    folder = write_release(tmp_path, {"sft/train.parquet": examples(1)})
    empty = pl.DataFrame(examples(1)).clear()

    def rewrite(path: Path) -> None:
        empty.write_parquet(path)

    rewritten(folder, tmp_path, rewrite)
    with pytest.raises(TrainError, match="no rows; there is nothing to train on"):
        prepare(training)


def rewritten(folder: Path, workdir: Path, change: Callable[[Path], None]) -> None:
    """Change a release's only data file and its entry with it."""
    import hashlib

    path = folder / "sft" / "train.parquet"
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    change(path)
    entry = workdir / "registry" / "releases" / "little" / "1.0.0.yaml"
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    entry.write_text(entry.read_text("utf-8").replace(before, after), "utf-8")


@pytest.mark.parametrize(
    "pin",
    ["little", "little@main", "little@latest", "little@1.0", "releases/little/1.0.0"],
)
def test_data_without_a_pin(pin: str, training: Training) -> None:
    with pytest.raises((TrainError, ReleaseError), match=r"NAME@VERSION|is no pin"):
        prepare(training, data=pin)


def test_a_version_that_is_not_registered(training: Training) -> None:
    with pytest.raises((TrainError, ReleaseError), match=r"here: 1\.0\.0"):
        prepare(training, data="little@2.0.0")


def test_a_version_that_was_yanked_is_told(
    training: Training, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = tmp_path / "registry" / "releases" / "little" / "1.0.0.yaml"
    why = "yanked: {reason: wrong answers, at: '2026-01-02T00:00:00+00:00'}\n"
    entry.write_text(entry.read_text("utf-8") + why, "utf-8")
    prepare(training)
    assert "little@1.0.0 was yanked: wrong answers" in capsys.readouterr().err


def test_files_that_were_changed_after_the_release(
    training: Training, tmp_path: Path
) -> None:
    path = tmp_path / "releases" / "little" / "1.0.0" / "sft" / "train.parquet"
    pl.DataFrame(examples(3)).write_parquet(path)
    with pytest.raises(ReleaseError, match=r"sft/train\.parquet: does not match"):
        prepare(training)


def test_a_tokenizer_without_a_template(training: Training) -> None:
    write_tokenizer(training.base, LLAMA, template="")
    with pytest.raises(EngineError, match="has no chat template"):
        prepare(training)


def test_a_row_that_the_template_refuses(tmp_path: Path) -> None:
    talk = [{"role": "system", "content": "Be brief."}, user("1"), assistant("2")]
    gemma = make(tmp_path, GEMMA, {"sft/train.parquet": [{"messages": talk}]})
    with pytest.raises(TrainError, match=r"row 0: .*System role not supported"):
        prepare(gemma)


def test_a_folder_that_has_no_weights(training: Training, tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=r"found no config\.json"):
        prepare(training, model=tmp_path)


def test_a_tokenizer_of_other_weights(training: Training) -> None:
    more = replace(LLAMA, special=(*LLAMA.special, "<|python_tag|>"))
    write_tokenizer(training.base, more)
    with pytest.raises(TrainError, match=r"tokens up to 261, the weights rows for 261"):
        prepare(training)


def test_rows_longer_than_the_model_reads(tmp_path: Path) -> None:
    training = make(tmp_path, LLAMA, max_length=513)
    with pytest.raises(TrainError, match="the model reads 512 tokens; lower"):
        prepare(training)


def test_weights_whose_config_cannot_be_read(training: Training) -> None:
    (training.base / "config.json").write_text('{"model_type": "abacus"}', "utf-8")
    with pytest.raises(EngineError, match="abacus"):
        prepare(training)


@pytest.mark.parametrize(
    ("tensor", "row", "said"),
    [
        ("model.norm.weight", 0, "loss of step 1 is nan"),
        # A row that no text has: the loss never meets it.
        ("model.embed_tokens.weight", 200, "final: model.embed_tokens.weight is not f"),
    ],
)
def test_weights_that_are_no_numbers(
    tensor: str,
    row: int,
    said: str,
    training: Training,
    tmp_path: Path,
) -> None:
    from safetensors.torch import load_file, save_file

    path = training.base / "model.safetensors"
    tensors = load_file(path)
    tensors[tensor][row] = float("nan")
    save_file(tensors, path, {"format": "pt"})
    assert said in why_it_ends(training)
    assert "result" not in record(tmp_path / "out")


def test_weights_that_nothing_pins(training: Training) -> None:
    with pytest.raises(TrainError, match=r"revision is null.*--model DIR"):
        prepare(training, model=None)


def test_a_tracker_that_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)  # as where it is not
    tracked = make(tmp_path, LLAMA, report_to=["tensorboard", "wandb"])
    with pytest.raises(TrainError, match="wandb is not installed; pip install wandb"):
        prepare(tracked)


def test_an_output_folder_with_something_else(
    training: Training, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("…", "utf-8")
    run = prepare(training)
    with pytest.raises(TrainError, match="new or empty folder"), run.alone():
        pass
    assert [path.name for path in run.output.iterdir()] == ["thesis.tex"]


def test_an_output_that_cannot_be_a_folder(training: Training, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("…", "utf-8")
    run = prepare(training)
    with pytest.raises(StorageError, match=r"out.*not a folder"), run.alone():
        pass


def test_rows_that_are_all_too_long(tmp_path: Path) -> None:
    training = make(tmp_path, LLAMA, max_length=20)
    with pytest.raises(TrainError, match="all 16 rows are longer than 20 tokens"):
        prepare(training)

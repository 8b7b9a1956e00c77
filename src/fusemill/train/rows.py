"""Rows of a release as token ids, the ones that are too long listed.

sft/train  messages: [{role: user, …}, {role: assistant, …}]
dpo/*      prompt: [{role: user, …}]  chosen: [{role: assistant, …}]  rejected: …
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusemill.errors import TrainError
from fusemill.train.templates import Chat

Row = Mapping[str, Any]
Ids = dict[str, list[int]]
COLUMNS = {"sft": ("messages",), "dpo": ("prompt", "chosen", "rejected")}
IGNORED = -100  # label of a token that has no loss


@dataclass(frozen=True)
class TooLong:
    """A row over the limit, and what became of it."""

    file: str
    row: int  # from 0
    n_tokens: int  # of the longest text
    fate: str  # dropped, truncated


@dataclass(frozen=True)
class Limit:
    """How long a row may be."""

    max_length: int
    truncate: bool


def read_rows(folder: Path, file: str) -> list[Row]:
    """The rows of a file of a release; TrainError where a column lacks."""
    import polars as pl

    stage = file.partition("/")[0]
    path = folder / file
    frame = pl.read_parquet(path)
    missing = [c for c in COLUMNS[stage] if c not in frame.columns]
    if missing:
        raise TrainError(
            f"{path}: no column {', '.join(missing)}; found "
            f"{', '.join(frame.columns)}. It is no file of fusemill's release"
        )
    rows: list[Row] = [*frame.select(COLUMNS[stage]).iter_rows(named=True)]
    return rows


def encode(
    chat: Chat, file: str, rows: list[Row], limit: Limit, too_long: list[TooLong]
) -> Iterator[Ids]:
    """Token ids of each row that takes part, in order; adds to `too_long`.

    SFT: `input_ids` and `labels`; DPO: `prompt_ids`, `chosen_ids`, `rejected_ids`; and
    `length`, the tokens of the longest text. TrainError names the first row that
    cannot be trained on.
    """
    one = _example if file.startswith("sft/") else _pair
    for number, row in enumerate(rows):
        try:
            prompt, answers = one(chat, row)
        except TrainError as error:
            raise TrainError(f"{file}: row {number}: {error}") from None
        length = len(prompt) + max(map(len, answers.values()))
        if length > limit.max_length:
            # An answer that is cut off teaches its beginning, a prompt nothing.
            kept = limit.truncate and len(prompt) < limit.max_length
            fate = "truncated" if kept else "dropped"
            too_long.append(TooLong(file, number, length, fate))
            if not kept:
                continue
            room = limit.max_length - len(prompt)
            answers = {name: ids[:room] for name, ids in answers.items()}
            length = limit.max_length
        yield _columns(prompt, answers, length)


def _columns(prompt: list[int], answers: Ids, length: int) -> Ids:
    if "chosen_ids" in answers:
        return {"prompt_ids": prompt, **answers, "length": [length]}
    answer = answers["answer_ids"]
    return {
        "input_ids": prompt + answer,
        "labels": [IGNORED] * len(prompt) + answer,
        "length": [length],
    }


def _example(chat: Chat, row: Row) -> tuple[list[int], Ids]:
    messages = row["messages"] or []
    if not messages or messages[-1]["role"] != "assistant":
        raise TrainError(_no_answer("messages", messages))
    before, said = messages[:-1], messages[-1]
    return chat.prompt(before), {"answer_ids": chat.answer(before, said)}


def _pair(chat: Chat, row: Row) -> tuple[list[int], Ids]:
    before = row["prompt"] or []
    for column in ("chosen", "rejected"):
        messages = row[column] or []
        if [message["role"] for message in messages] != ["assistant"]:
            raise TrainError(_no_answer(column, messages))
    if row["chosen"] == row["rejected"]:
        raise TrainError(
            "chosen and rejected are the same answer, which prefers nothing; change "
            "the rule that paired them"
        )
    answers = {
        f"{column}_ids": chat.answer(before, row[column][0])
        for column in ("chosen", "rejected")
    }
    return chat.prompt(before), answers


def _no_answer(column: str, messages: list[Mapping[str, str]]) -> str:
    roles = ", ".join(message["role"] for message in messages) or "nothing"
    return (
        f"{column}: expected an assistant's turn at the end, found {roles}; change "
        "the statement that gives this row"
    )

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

    text = {"role": pl.String, "content": pl.String}
    stage = file.partition("/")[0]
    path = folder / file
    frame = pl.read_parquet(path)
    missing = [c for c in COLUMNS[stage] if c not in frame.columns]
    if missing:
        raise TrainError(
            f"{path}: no column {', '.join(missing)}; found "
            f"{', '.join(frame.columns)}. It is no file of fusemill's release"
        )
    for column in COLUMNS[stage]:
        kind = frame.schema[column]
        if not isinstance(kind, pl.List) or kind.inner != pl.Struct(text):
            raise TrainError(
                f"{path}: column {column}: expected lists of role and content, both "
                f"text, found {kind}. It is no file of fusemill's release"
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
            cut = _cut(answers, limit.max_length - len(prompt))
            kept = limit.truncate and cut is not None
            fate = "truncated" if kept else "dropped"
            too_long.append(TooLong(file, number, length, fate))
            if not kept or cut is None:
                continue
            answers, length = cut, limit.max_length
        yield _columns(prompt, answers, length)


def _cut(answers: Ids, room: int) -> Ids | None:
    """Answers of at most `room` tokens, None where nothing of them can be learned.

    An answer that is cut off teaches its beginning, a prompt without one nothing, and
    neither do two answers that differ only in what was cut.
    """
    if room < 1:
        return None
    cut = {name: ids[:room] for name, ids in answers.items()}
    return None if _alike(cut) else cut


def _alike(answers: Ids) -> bool:
    return len({tuple(ids) for ids in answers.values()}) < len(answers)


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
    _require("messages", messages, "assistant")
    before, said = messages[:-1], messages[-1]
    _require("messages before the answer", before, "user")
    return chat.prompt(before), {"answer_ids": chat.answer(before, said)}


def _pair(chat: Chat, row: Row) -> tuple[list[int], Ids]:
    before = row["prompt"] or []
    _require("prompt", before, "user")
    answers: Ids = {}
    for column in ("chosen", "rejected"):
        messages = row[column] or []
        _require(column, messages, "assistant")
        if len(messages) > 1:
            raise TrainError(_unexpected(column, "one turn of assistant", messages))
        answers[f"{column}_ids"] = chat.answer(before, messages[0])
    if _alike(answers):  # perhaps only once the template has trimmed them
        raise TrainError(
            "chosen and rejected are the same answer, which prefers nothing; change "
            "the rule that paired them"
        )
    return chat.prompt(before), answers


def _require(column: str, messages: list[Mapping[str, str]], last: str) -> None:
    """TrainError unless they end with a turn of `last`, and say something."""
    if not messages or messages[-1]["role"] != last:
        raise TrainError(_unexpected(column, f"a turn of {last} at the end", messages))
    texts = [message["content"] for message in messages]
    if None in texts or not texts[-1].strip():
        raise TrainError(
            f"{column}: a turn has no text; change the rule or the statement that "
            "gives this row"
        )


def _unexpected(column: str, expected: str, messages: list[Mapping[str, str]]) -> str:
    roles = ", ".join(str(message["role"]) for message in messages) or "nothing"
    return (
        f"{column}: expected {expected}, found {roles}; change the statement that "
        "gives this row"
    )

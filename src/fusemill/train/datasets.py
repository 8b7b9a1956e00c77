"""Token ids on the disk, made once for a release, a tokenizer and a limit.

TRL keeps reference log-probabilities beside them, by the digest of the weights: other
values of beta, more epochs and resumed runs find what was computed.
"""

import hashlib
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from fusemill import __version__
from fusemill.durable import make_folder, place, storage, temporary_name
from fusemill.errors import TrainError
from fusemill.progress import Count, Progress
from fusemill.train.pin import Release
from fusemill.train.processes import processes
from fusemill.train.rows import Ids, Limit, TooLong, encode, read_rows
from fusemill.train.templates import Chat


def cache_folder() -> Path:
    """$FUSEMILL_CACHE/training, or the user's cache."""
    own = os.environ.get("FUSEMILL_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (Path(own) if own else base / "fusemill") / "training"


def tokenized(
    release: Release,
    split: str,
    chat: Chat,
    reference: tuple[str | int, ...],
    limit: Limit,
    progress: Progress,
) -> tuple[Any, list[TooLong]]:
    """A split's rows as a `datasets.Dataset`, and the rows that were too long.

    `reference` is what log-probabilities that are kept beside the rows depend on: first
    the weights of the start, by revision or digest. TrainError where no row can be
    trained on.
    """
    from datasets import disable_progress_bars, load_from_disk

    disable_progress_bars()
    files = release.files(split)
    if not files:
        unless = ", or set `dpo.choose_among: 0`" if split == "dpo/test" else ""
        raise TrainError(
            f"{release.folder}: this release has no rows of {split}; train on a "
            f"version that has, or change what its rules select{unless}"
        )
    model, *more = reference
    key = _key([[file, release.sha256[file]] for file in files], chat, limit, more)
    folder = cache_folder() / release.name / release.pin / str(model)[:40] / key
    with processes().main_process_first(), storage(folder, "FUSEMILL_CACHE"):
        if not folder.is_dir():
            with progress.stage(split.partition("/")[0], f"{split}: tokens") as count:
                _write(folder, release, files, chat, limit, count)
    dataset = load_from_disk(str(folder / "rows"))
    said = json.loads((folder / "too_long.json").read_text("utf-8"))
    too_long = [TooLong(**one) for one in said]
    return dataset, too_long


def _write(
    folder: Path,
    release: Release,
    files: list[str],
    chat: Chat,
    limit: Limit,
    count: Count,
) -> None:
    from datasets import Dataset

    too_long: list[TooLong] = []
    columns: dict[str, list[Any]] = {}
    n_rows = 0
    for file in files:
        rows = read_rows(release.folder, file)
        count.expect(n_rows := n_rows + len(rows))
        for ids in encode(chat, file, rows, limit, too_long):
            _add(columns, ids)
            count(1)
    if not columns:
        _none(release, files, limit, len(too_long))
    make_folder(folder.parent)
    temporary = temporary_name(folder)
    try:
        Dataset.from_dict(columns).save_to_disk(str(temporary / "rows"))
        said = json.dumps([asdict(one) for one in too_long])
        (temporary / "too_long.json").write_text(said, encoding="utf-8")
        place(temporary, folder, "training")
    except OSError:
        if not folder.is_dir():  # else another run was quicker
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _none(release: Release, files: list[str], limit: Limit, n_long: int) -> NoReturn:
    where = f"{release.folder}: {', '.join(files)}"
    if n_long:
        raise TrainError(
            f"{where}: all {n_long:,} rows are longer than {limit.max_length} tokens; "
            "raise `max_length` of the target"
        )
    raise TrainError(f"{where}: no rows; there is nothing to train on")


def _add(columns: dict[str, list[Any]], ids: Ids) -> None:
    for name, values in ids.items():
        cell = values[0] if name == "length" else np.asarray(values, np.int32)
        columns.setdefault(name, []).append(cell)


def _key(
    files: list[list[str]], chat: Chat, limit: Limit, more: list[str | int]
) -> str:
    parts = [__version__, files, chat.digest, limit.max_length, limit.truncate, *more]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

"""What a registry entry says of a release beside its files: what versions differ by."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from fusemill.ids import H
from fusemill.release.shards import split_of

ORDER = ("sft/train", "dpo/train", "dpo/test", "responses/train")


def rows_of(entry: Mapping[str, Any]) -> dict[str, int]:
    """Rows of each config and split, `sft/train` first."""
    found: dict[str, int] = {}
    for name, file in entry["files"].items():
        split = split_of(name)
        if split is not None:
            found[split] = found.get(split, 0) + int(file.get("rows", 0))
    return {split: found[split] for split in ORDER if split in found}


def columns_of(folder: Path, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Columns of each config with their SQL types, from the data files in `folder`."""
    found: dict[str, dict[str, str]] = {}
    with duckdb.connect() as con:
        for name in sorted(names):
            split = split_of(name)
            config = split.partition("/")[0] if split else None
            if config is not None and config not in found:
                query = "describe select * from read_parquet(?)"
                rows = con.execute(query, [str(folder / name)]).fetchall()
                found[config] = {row[0]: row[1] for row in rows}
    return found


def sets_of(lineage: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What each set came from and was selected by: source, rule, selection.

    The rule is a digest of its SQL text and parameters; models that answered are
    among these.
    """
    found = {}
    for one in lineage["sets"]:
        said = {"source": one["source"], "selection_id": one["selection_id"]}
        if made_of := one.get("made_of"):
            said["rule"] = H("rule", made_of["sql"], made_of["parameters"])
        found[one["set"]] = said
    return found

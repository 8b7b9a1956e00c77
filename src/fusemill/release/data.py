"""The data files of a release: Parquet, totally ordered, the same at any thread count.

No time, host or part name goes into a file.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from fusemill.identity import configs
from fusemill.project.models import Builder
from fusemill.project.project import Project
from fusemill.release.answers import make_answers, write_answers
from fusemill.release.parquet import copy, sql_of
from fusemill.release.shards import Shard, shards_of

# What sorting may take before it goes to disk; the order does not depend on it.
MEMORY_LIMIT = "4GB"
# Files by the split they hold, without their ending; one without rows has no file.
SPLITS = {
    "sft_train": "sft/train",
    "dpo_train": "dpo/train",
    "dpo_test": "dpo/test",
}


@dataclass(frozen=True)
class Released:
    """One builder's promoted selection."""

    builder: Builder
    selection_id: str
    outcomes: dict[str, int]


def prepare(
    con: duckdb.DuckDBPyConnection, project: Project, released: list[Released]
) -> None:
    """Make the temporary tables that the release's statements read."""
    con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
    con.execute(
        "create temp table released "
        '("set" varchar, position integer, selection_id varchar)'
    )
    for position, one in enumerate(released):
        row = [one.builder.set, position, one.selection_id]
        con.execute("insert into released values (?, ?, ?)", row)
    _model_cards(con, project, released)
    con.execute(f"create temp table chosen as {sql_of('chosen')}")
    con.execute(f"create temp table rows as {sql_of('rows')}")
    con.execute(
        'create temp table used as select "set", response_id, '
        "list_sort(list(used_as)) as used_as from chosen "
        'group by "set", response_id'
    )
    make_answers(con, project, released)
    con.execute(
        'create temp table conversations as select p."set", p.source_row, p.messages '
        'from prompt_texts as p inner join (select distinct "set", source_row from '
        'released_answers) as a using ("set", source_row)'
    )


def _model_cards(
    con: duckdb.DuckDBPyConnection, project: Project, released: list[Released]
) -> None:
    con.execute(
        "create temp table model_cards (config_hash varchar, model_name varchar, "
        "revision varchar, licence varchar)"
    )
    cards = {}
    for one in released:
        for config in configs(project, one.builder):
            model = project.models[config.model]
            card = [config.config_hash, model.model, model.revision, model.licence]
            cards[config.config_hash] = card
    con.executemany("insert into model_cards values (?, ?, ?, ?)", list(cards.values()))


def write_data(
    con: duckdb.DuckDBPyConnection, folder: Path, most_bytes: int
) -> dict[str, int]:
    """Write every data file below `folder`; returns rows by file name.

    A split whose texts have more than `most_bytes` is cut into several files.
    """
    con.execute(f"create temp table texts as {sql_of('texts')}")
    written: dict[str, int] = {}
    for split in SPLITS:
        shards = shards_of(con, split, most_bytes)
        for shard in shards:
            _write_shard(con, folder, split, shard, written)
    write_answers(con, folder, most_bytes, written)
    copy(con, sql_of("outcomes"), folder, "lineage/outcomes.parquet", written)
    return written


def _write_shard(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    split: str,
    shard: Shard,
    written: dict[str, int],
) -> None:
    """Data and lineage of some rows of a split, and LLaMA-Factory's copy of pairs."""
    params = {"split_of": split, "first": shard.first, "last": shard.last}
    config = split.split("_", maxsplit=1)[0]
    copy(con, sql_of(config), folder, shard.name(SPLITS[split]), written, params)
    rows = (
        "select * exclude (split_of, number) from rows where split_of = $split_of "
        "and number between $first and $last order by number"
    )
    copy(con, rows, folder, shard.name(f"lineage/{split}"), written, params)
    if split == "dpo_train":
        # One message, not a list.
        query = (
            "select prompt, chosen[1] as chosen, rejected[1] as rejected "
            f"from ({sql_of('dpo')})"
        )
        # LLaMA-Factory reads one file, or every file of a folder.
        stem = "llama_factory/dpo" + ("/train" if shard.n_shards > 1 else "")
        copy(con, query, folder, shard.name(stem), written, params)

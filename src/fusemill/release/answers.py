"""Config `responses`: every answer with its scores, verdict, licences and use."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from fusemill.durable import make_folder, storage
from fusemill.identity import checker_hash, scorer_hash
from fusemill.project.models import Builder
from fusemill.project.project import Project
from fusemill.release.parquet import copy, sql_of
from fusemill.release.shards import shard_name
from fusemill.selection.select import make_inputs
from fusemill.warehouse.snapshot import quoted

if TYPE_CHECKING:
    from fusemill.release.data import Released

ANSWERS_A_FILE = 250_000


def make_answers(
    con: duckdb.DuckDBPyConnection, project: Project, released: list["Released"]
) -> None:
    """`released_answers`: builder by builder, with the scores of its own scorers."""
    for position, one in enumerate(released):
        make_inputs(con, project, one.builder)
        _scores_wide(con, project, one.builder)
        verb = "insert into" if position else "create temp table"
        con.execute(
            f"{verb} released_answers {'' if position else 'as '}{sql_of('answers')}",
            {
                "set": one.builder.set,
                "position": position,
                "checker": checker_hash(one.builder) or "",
            },
        )
    con.execute("drop table temp.plan")


def _scores_wide(
    con: duckdb.DuckDBPyConnection, project: Project, builder: Builder
) -> None:
    """`scores_wide`: per prompt and text, the scores of the builder's scorers."""
    scorers = sorted(
        (scorer.name, scorer_hash(project, builder, scorer, con))
        for scorer in builder.scores
    )
    kind = "struct(scorer varchar, score double, status varchar)[]"
    con.execute(
        "create or replace temp table scores_wide "
        f"(prompt_id varchar, text_id varchar, scores {kind})"
    )
    one = "struct_pack(scorer := $name, score := score, status := status)"
    if len(scorers) == 1:
        con.execute(
            f"insert into scores_wide select prompt_id, text_id, [{one}] from scores "
            "where scorer_hash = $hash",
            {"name": scorers[0][0], "hash": scorers[0][1]},
        )
    elif scorers:
        parts = " union all ".join(
            f"select prompt_id, text_id, {one.replace('$name', f'$name{i}')} as one "
            f"from scores where scorer_hash = $hash{i}"
            for i in range(len(scorers))
        )
        params = {f"name{i}": name for i, (name, _) in enumerate(scorers)}
        params |= {f"hash{i}": hash_ for i, (_, hash_) in enumerate(scorers)}
        con.execute(
            "insert into scores_wide select prompt_id, text_id, list_sort(list(one)) "
            f"from ({parts}) group by prompt_id, text_id",
            params,
        )


def write_answers(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    most_bytes: int,
    written: dict[str, int],
) -> None:
    """All answers, in files by range of prompt_id.

    A file has about ANSWERS_A_FILE answers or `most_bytes` of their texts, whichever
    is less. Several gigabytes of text are not sorted at once: the texts are first dealt
    out to a scratch folder a range, and each range is joined and sorted alone.
    prompt_id is a uniform hash, so ranges are even; how many there are depends on the
    answers only.
    """
    n, n_bytes = con.execute(
        "select count(*), coalesce(sum(strlen(t.text) + strlen(coalesce(t.reasoning, "
        "''))), 0)::bigint from released_answers inner join response_texts as t "
        "using (response_id)"
    ).fetchall()[0]
    n_files = max(1, -(-n // ANSWERS_A_FILE), -(-n_bytes // most_bytes))
    if n_files == 1:
        con.execute("create temp view range_texts as from response_texts")
        con.execute("create temp view range_answers as from released_answers")
        _write_range(con, folder, "responses/train.parquet", written)
        return
    number = f"('0x' || prompt_id[1:8])::bigint * {n_files} // 4294967296"
    scratch = folder / "responses" / ".ranges"
    with storage(scratch):
        make_folder(scratch)
        # Rows each range collects before it writes: more would not fit into memory.
        con.execute("set partitioned_write_flush_threshold = 10000")
        con.execute(
            f"copy (select response_id, text, reasoning, {number} as range_number "
            f"from response_texts) to {quoted(scratch)} (format parquet, "
            "codec 'uncompressed', partition_by (range_number), "
            "overwrite_or_ignore true)"
        )
        for i in range(n_files):
            texts = scratch / f"range_number={i}"
            con.execute(
                "create or replace temp view range_texts as select response_id, text, "
                f"reasoning from read_parquet({quoted(texts / '*.parquet')})"
            )
            con.execute(
                "create or replace temp view range_answers as from released_answers "
                f"where {number} = {i}"
            )
            _write_range(
                con, folder, shard_name("responses/train", i, n_files), written
            )
            shutil.rmtree(texts)
        scratch.rmdir()


def _write_range(
    con: duckdb.DuckDBPyConnection, folder: Path, name: str, written: dict[str, int]
) -> None:
    order = "order by prompt_id, position, response_id"
    query = f"select * exclude (position) from ({sql_of('responses')}) {order}"
    copy(con, query, folder, name, written)

"""Releases in several files: cut at the same rows, and explained row by row."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from cards import card_of, folder_of, snippets
from datasets import load_dataset

from fusemill.errors import ReleaseError
from fusemill.project.project import Project
from fusemill.release.shards import Shard, files_of, shards_of
from fusemill.release.write import write_release
from small_project import SmallProject

MOST_BYTES = 60  # of a release whose conversations have 15 to 40 bytes each


@pytest.fixture
def cut(whole: SmallProject) -> SmallProject:
    """The small release 1.0.0 in one file a split, and again as 1.1.0 in shards."""
    whole.change("fusemill.yaml", "version: 1.0.0", "version: 1.1.0")
    write_release(Project.load(whole.root), most_bytes=MOST_BYTES)
    return whole


def rows(folder: Path, stem: str) -> list[dict[str, Any]]:
    paths = [str(p.relative_to(folder)) for p in folder.rglob("*.parquet")]
    return [
        row
        for name in files_of(paths, stem)
        for row in pq.read_table(folder / name).to_pylist()
    ]


@pytest.mark.parametrize(
    "stem",
    ["sft/train", "dpo/train", "dpo/test", "lineage/sft_train", "lineage/dpo_train"],
)
def test_the_same_rows_in_the_same_order(cut: SmallProject, stem: str) -> None:
    whole = rows(folder_of(cut), stem)
    assert rows(folder_of(cut, "1.1.0"), stem) == whole != []


def test_all_answers_are_there_once(cut: SmallProject) -> None:
    def ids(version: str) -> list[str]:
        found = rows(folder_of(cut, version), "responses/train")
        return sorted(row["response_id"] for row in found)

    assert ids("1.1.0") == ids("1.0.0")
    assert len(list((folder_of(cut, "1.1.0") / "responses").iterdir())) > 2


def test_row_i_of_a_file_is_explained_by_row_i_of_its_lineage(
    cut: SmallProject,
) -> None:
    folder = folder_of(cut, "1.1.0")
    texts = {r["response_id"]: r["text"] for r in rows(folder, "responses/train")}
    shards = sorted((folder / "dpo").glob("train-*.parquet"))
    assert len(shards) > 1
    for path in shards:
        pairs = pq.read_table(path).to_pylist()
        ids = pq.read_table(folder / "lineage" / f"dpo_{path.name}").to_pylist()
        said = [(p["chosen"][0]["content"], p["rejected"][0]["content"]) for p in pairs]
        assert said == [(texts[i["chosen_id"]], texts[i["rejected_id"]]) for i in ids]
        copy = pq.read_table(folder / "llama_factory" / "dpo" / path.name).to_pylist()
        assert [c["chosen"]["content"] for c in copy] == [one[0] for one in said]


def test_explain_names_the_shard_and_diff_reads_all(cut: SmallProject) -> None:
    folder = folder_of(cut, "1.1.0")
    *_, last = sorted((folder / "lineage").glob("dpo_train-*.parquet"))
    row = pq.read_table(last).to_pylist()[-1]
    said = json.loads(cut.ok("explain", row["chosen_id"], "--json").out)
    where = {(one["version"], one["file"]) for one in said[0]["releases"]}
    assert where == {
        ("1.0.0", "dpo/train.parquet"),
        ("1.1.0", last.name.replace("dpo_", "dpo/")),
    }
    found = json.loads(cut.ok("diff", "1.0.0", "1.1.0", "--json").out)["sets"]
    assert [one["moved"] for one in found] == [[], [], []]
    for one in found:
        assert all(a == b for a, b in one["figures"].values())
        assert one["n_other_answers"] == 0


def test_loaders_find_every_shard(cut: SmallProject, tmp_path: Path) -> None:
    folder = folder_of(cut, "1.1.0")
    for config, n_rows in (("sft", 5), ("dpo", 4), ("responses", 22)):
        loaded = load_dataset(
            str(folder), config, split="train", cache_dir=str(tmp_path)
        )
        assert loaded.num_rows == n_rows
    info = json.loads((folder / "dataset_info.json").read_text("utf-8"))
    names = {name: one["file_name"] for name, one in info.items()}
    assert names == {"small_sft": "sft", "small_dpo": "llama_factory/dpo"}
    # LLaMA-Factory takes every file of a folder, so no other split may lie there.
    for name, n_rows in (("sft", 5), ("llama_factory/dpo", 4)):
        assert pq.read_table(folder / name).num_rows == n_rows


def test_the_snippets_of_the_card_read_every_shard(
    cut: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder_of(cut, "1.1.0"))
    names: dict[str, Any] = {}
    for code in snippets(card_of(folder_of(cut, "1.1.0")), "python"):
        if "trl" not in code:
            exec(code, names)
    assert (names["sft"].num_rows, names["dpo"].num_rows) == (5, 4)
    assert names["answers"].height == 22
    assert sum(n for _, n in names["by_model"].fetchall()) == 22


@pytest.mark.parametrize("threads", ["1", "3"])
def test_the_same_bytes_with_any_number_of_threads(
    cut: SmallProject,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    threads: str,
) -> None:
    monkeypatch.setenv("FUSEMILL_THREADS", threads)
    before = folder_of(cut, "1.1.0").rename(tmp_path / "before")
    write_release(Project.load(cut.root), most_bytes=MOST_BYTES)
    for path in before.rglob("*.*"):
        again = folder_of(cut, "1.1.0") / path.relative_to(before)
        assert again.read_bytes() == path.read_bytes()


def table_of(sizes: list[int]) -> duckdb.DuckDBPyConnection:
    """Rows of SFT whose conversation is empty and whose answer has so many bytes."""
    con = duckdb.connect()
    con.execute(
        "create temp table rows (split_of varchar, number bigint, set varchar, "
        "source_row bigint, response_id varchar, chosen_id varchar, "
        "rejected_id varchar)"
    )
    con.execute(
        "create temp table conversations (set varchar, source_row bigint, "
        "messages struct(role varchar, content varchar)[])"
    )
    con.execute("create temp table texts (response_id varchar, text varchar)")
    for i, size in enumerate(sizes):
        row = ["sft_train", i, "s", i, f"r{i}"]
        con.execute("insert into rows values (?, ?, ?, ?, ?, null, null)", row)
        con.execute("insert into conversations values ('s', ?, [])", [i])
        con.execute("insert into texts values (?, ?)", [f"r{i}", "x" * size])
    return con


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([10, 10], [(0, 1)]),  # no more than may be
        ([10, 10, 10], [(0, 1), (2, 2)]),
        ([100, 1, 1], [(0, 0), (1, 2)]),  # a row is never cut
        ([0, 0], [(0, 1)]),
        ([], []),
    ],
)
def test_where_a_split_is_cut(
    sizes: list[int], expected: list[tuple[int, int]]
) -> None:
    found = shards_of(table_of(sizes), "sft_train", 20)
    assert [(one.first, one.last) for one in found] == expected


def test_a_missing_shard_is_named() -> None:
    there = [Shard(0, 0, i, 3).name("sft/train") for i in (0, 2)]
    with pytest.raises(ReleaseError, match="sft/train: expected 3 files"):
        files_of(there, "sft/train")

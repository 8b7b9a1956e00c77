"""A published release as each reader gets it: by tag and by commit, the local rows."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from client import Client
from publisher import REPO, Publisher
from reader import Reader

READ = """
import duckdb, fsspec, pandas, polars
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import get_dataset_config_names, get_dataset_split_names, load_dataset

repo, *revisions = sys.argv[1:]
fs = fsspec.filesystem("hf")
con = duckdb.connect()
con.register_filesystem(fs)

def read(revision, config, split):
    part = {"path": repo, "name": config, "split": split, "revision": revision}
    path = f"{config}/{split}.parquet"
    inside = f"datasets/{repo}@{revision}/{path}"
    url = f"{fs.endpoint}/datasets/{repo}/resolve/{revision}/{path}"
    frame = pandas.read_parquet(f"hf://{inside}", dtype_backend="pyarrow")
    rows = con.sql(f"from read_parquet('hf://{inside}')").to_arrow_table()
    return {
        "datasets": load_dataset(**part).to_list(),
        "datasets, streaming": list(load_dataset(**part, streaming=True)),
        "pandas": pa.Table.from_pandas(frame, preserve_index=False).to_pylist(),
        "polars": polars.read_parquet(url).to_dicts(),
        "duckdb": rows.to_pylist(),
        "pyarrow": pq.read_table(inside, filesystem=fs).to_pylist(),
    }

found = {
    revision: {
        f"{config}/{split}": read(revision, config, split)
        for config in get_dataset_config_names(repo, revision=revision)
        for split in get_dataset_split_names(repo, config, revision=revision)
    }
    for revision in revisions
}
print(json.dumps(found, default=str))
"""


@pytest.fixture(scope="module", autouse=True)
def _public(published: Publisher) -> None:
    """Readers of plain URLs, as polars is one, send no token."""
    published.api.update_repo_settings(REPO, repo_type="dataset", private=False)


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a Parquet file as JSON says them."""
    rows = pq.read_table(path).to_pylist()
    found: list[dict[str, Any]] = json.loads(json.dumps(rows, default=str))
    return found


def test_every_reader_gets_the_rows_that_were_released(
    published: Publisher, tmp_path: Path
) -> None:
    [place] = published.published()
    stranger = Client(published.hub, tmp_path)
    found = stranger.python(READ, REPO, place["tag"], place["commit"])
    files = {
        f"{config}/{path.stem}": rows_of(path)
        for config in ("sft", "dpo", "responses")
        for path in (published.release / config).glob("*.parquet")
    }
    assert len(files) == 4
    assert set(found) == {place["tag"], place["commit"]}
    for revision in found.values():
        assert set(revision) == set(files)
        for name, readers in revision.items():
            for reader, rows in readers.items():
                assert rows == files[name], f"{reader}: {name}"


TRL = """
from trl import DatasetMixtureConfig, get_dataset
from trl.scripts.utils import DatasetConfig

def rows(path, columns):
    one = DatasetConfig(path="parquet", data_files=path, columns=columns)
    return get_dataset(DatasetMixtureConfig(datasets=[one]))["train"].to_list()

folder = sys.argv[1]
tell(
    sft=rows(f"{folder}/sft/train.parquet", ["messages"]),
    dpo=rows(f"{folder}/dpo/train.parquet", ["prompt", "chosen", "rejected"]),
)
"""


def test_trl_reads_what_was_pulled(
    published: Publisher, reader: Reader, tmp_path: Path
) -> None:
    import needs_torch  # noqa: F401

    reader.ok()
    found = Client(published.hub, tmp_path).python(TRL, str(reader.folder))
    for config, rows in found.items():
        released = rows_of(published.release / config / "train.parquet")
        assert rows == [{key: row[key] for key in rows[0]} for row in released]
    assert [m["role"] for m in found["sft"][0]["messages"]][-1] == "assistant"
    assert found["dpo"][0]["chosen"] != found["dpo"][0]["rejected"]

"""What reads files of the embedded Hub: downloads, file systems, readers of Parquet."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from client import Client
from hub_server import HubServer, served
from relay import Relay

TRAIN = "data/train-00000.parquet"
FIRST = {"id": [1, 2, 3], "text": ["a", "é", "c"]}
SECOND = {"id": [4], "text": ["d"]}

PUBLISH = """
from huggingface_hub import HfApi

folder, version = sys.argv[1:]
kind = {"repo_id": "ada/rows", "repo_type": "dataset"}
HfApi().create_repo(**kind, exist_ok=True)
done = HfApi().upload_folder(**kind, folder_path=folder)
HfApi().create_tag(**kind, tag=version)
tell(commit=done.oid)
"""


@pytest.fixture(scope="module")
def commits(hub: HubServer, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two versions of a dataset, v1.0.0 and v2.0.0; the commit of each."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("rows")
    (folder / TRAIN).parent.mkdir(parents=True)
    (folder / "README.md").write_text("# Rows\n")
    made = []
    for version, rows in (("v1.0.0", FIRST), ("v2.0.0", SECOND)):
        pq.write_table(pa.table(rows), folder / TRAIN)
        publisher = Client(hub, home, hub.token)
        made.append(publisher.python(PUBLISH, str(folder), version)["commit"])
    return made


READ = """
import duckdb, fsspec, pandas, polars
import pyarrow.parquet as pq

path, *revisions = sys.argv[1:]
fs = fsspec.filesystem("hf")
con = duckdb.connect()
con.register_filesystem(fs)

def ids_at(revision):
    inside = f"datasets/ada/rows@{revision}/{path}"
    address = f"hf://{inside}"
    url = f"{fs.endpoint}/datasets/ada/rows/resolve/{revision}/{path}"
    scan = polars.scan_parquet(url).filter(polars.col("id") != 2).select("id")
    with fsspec.open(address) as file:
        opened = polars.read_parquet(file)
    return {
        "pandas": pandas.read_parquet(address)["id"].tolist(),
        "pandas, URL": pandas.read_parquet(url)["id"].tolist(),
        "polars": opened["id"].to_list(),
        "polars, URL": polars.read_parquet(url)["id"].to_list(),
        "polars, scan of URL": scan.collect()["id"].to_list(),
        "duckdb": con.sql(f"select id from '{address}'").df()["id"].tolist(),
        "pyarrow": pq.read_table(inside, filesystem=fs)["id"].to_pylist(),
    }

tell(**{revision: ids_at(revision) for revision in revisions})
"""


def test_every_reader_of_parquet_reads_a_revision(
    stranger: Client, commits: list[str]
) -> None:
    found = stranger.python(READ, TRAIN, "v1.0.0", *commits, "main")
    for revision, ids in (
        ("v1.0.0", [1, 2, 3]),
        (commits[0], [1, 2, 3]),
        (commits[1], [4]),
        ("main", [4]),
    ):
        scanned = [1, 3] if ids == [1, 2, 3] else [4]
        assert found[revision] == {
            "pandas": ids,
            "pandas, URL": ids,
            "polars": ids,
            "polars, URL": ids,
            "polars, scan of URL": scanned,
            "duckdb": ids,
            "pyarrow": ids,
        }


FILES = """
import fsspec, pandas
from huggingface_hub import HfApi

fs = fsspec.filesystem("hf")
root = "datasets/ada/rows@v1.0.0"
own = "datasets/local/frames"
HfApi().create_repo("local/frames", repo_type="dataset")
pandas.DataFrame({"n": [1, 2]}).to_parquet(f"hf://{own}/a.parquet")
pandas.DataFrame({"n": [3]}).to_csv(f"hf://{own}/more/b.csv", index=False)
fs.cp_file(f"{own}/a.parquet", f"{own}/copy.parquet")
fs.mv(f"{own}/more/b.csv", f"{own}/c.csv")
fs.rm(f"{own}/a.parquet")
fs.invalidate_cache()
tell(
    found=[name.removeprefix(root) for name in fs.find(root)],
    glob=fs.glob("datasets/ada/rows@v1.0.0/**/*.parquet"),
    is_folder=[fs.isdir(f"{root}/{name}") for name in ("data", "README.md", "no")],
    head=fs.cat_file(f"{root}/README.md", start=0, end=3).decode(),
    tail=fs.tail(f"{root}/README.md", 3).decode(),
    no_file=error_of(lambda: fs.open(f"{root}/no.txt")),
    no_revision=error_of(lambda: fs.ls("datasets/ada/rows@v9")),
    no_repository=error_of(lambda: fs.ls("datasets/ada/none")),
    own=[name.removeprefix(own) for name in fs.find(own)],
    read=pandas.read_parquet(f"hf://{own}/copy.parquet")["n"].tolist(),
    csv=pandas.read_csv(f"hf://{own}/c.csv")["n"].tolist(),
)
"""


def test_the_file_system_of_fsspec_reads_and_writes(
    writer: Client, commits: list[str]
) -> None:
    assert writer.python(FILES) == {
        "found": ["/.gitattributes", "/README.md", f"/{TRAIN}"],
        "glob": [f"datasets/ada/rows@v1.0.0/{TRAIN}"],
        "is_folder": [True, False, False],
        "head": "# R",
        "tail": "ws\n",
        "no_file": "FileNotFoundError",
        "no_revision": "FileNotFoundError",
        "no_repository": "FileNotFoundError",
        "own": ["/.gitattributes", "/c.csv", "/copy.parquet"],
        "read": [1, 2],
        "csv": [3],
    }


DOWNLOAD = """
from pathlib import Path
import pyarrow.parquet as pq
from huggingface_hub import hf_hub_download, snapshot_download

path, first, last = sys.argv[1:]

def get(revision, **more):
    kind = {"repo_id": "ada/rows", "repo_type": "dataset"}
    return hf_hub_download(**kind, filename=path, revision=revision, **more)

def ids(file):
    return pq.read_table(file)["id"].to_pylist()

def whole(**more):
    folder = Path(snapshot_download("ada/rows", repo_type="dataset", **more))
    files = [file for file in folder.rglob("*") if file.is_file()]
    return sorted(str(file.relative_to(folder)) for file in files)

tell(
    tag=ids(get("v1.0.0")),
    commit=ids(get(first)),
    in_folder=ids(get("v1.0.0", local_dir="here")),
    moved=ids(get("v2.0.0", local_dir="here")),
    offline=ids(get("v1.0.0", local_files_only=True)),
    offline_unknown=error_of(lambda: get("0" * 40, local_files_only=True)),
    snapshot=whole(revision=last),
    patterns=whole(revision=last, allow_patterns="data/*", cache_dir="other"),
    unknown=error_of(lambda: get("0" * 40)),
    no_snapshot=error_of(lambda: whole(revision="v9")),
)
"""


def test_downloads_to_the_cache_and_to_a_folder(
    stranger: Client, commits: list[str]
) -> None:
    assert stranger.python(DOWNLOAD, TRAIN, *commits) == {
        "tag": [1, 2, 3],
        "commit": [1, 2, 3],
        "in_folder": [1, 2, 3],
        "moved": [4],
        "offline": [1, 2, 3],
        "offline_unknown": "LocalEntryNotFoundError",
        "snapshot": [".gitattributes", "README.md", TRAIN],
        "patterns": [TRAIN],
        "unknown": "RevisionNotFoundError 404",
        "no_snapshot": "RevisionNotFoundError 404",
    }


AGAIN = """
from huggingface_hub import hf_hub_download

for revision in sys.argv[2:]:
    hf_hub_download("ada/rows", sys.argv[1], repo_type="dataset", revision=revision)
tell()
"""


def test_what_is_in_the_cache_is_not_sent_again(
    hub: HubServer, stranger: Client, commits: list[str]
) -> None:
    before = len(hub.log.read_text())
    stranger.python(AGAIN, TRAIN, "v1.0.0", commits[0], "v1.0.0")
    requests = [
        line.split()[1:3]
        for line in hub.log.read_text()[before:].splitlines()
        if "/resolve/" in line
    ]
    # A commit cannot change, so that of a cached file is not even asked for.
    assert requests == [["200", "HEAD"], ["200", "GET"], ["200", "HEAD"]]


BROKEN = """
from huggingface_hub import HfApi, hf_hub_download

api = HfApi()
api.create_repo("ada/big")
api.upload_file(path_or_fileobj="big.bin", path_in_repo="big.bin", repo_id="ada/big")
open("got", "wb").write(open(hf_hub_download("ada/big", "big.bin"), "rb").read())
tell()
"""


def test_a_download_goes_on_where_the_line_broke(tmp_path: Path) -> None:
    data = os.urandom(24_000_000)  # clients keep whole pieces of 10 MiB
    (tmp_path / "big.bin").write_bytes(data)
    with Relay(cut_after=12_000_000) as relay:
        host = f"127.0.0.1:{relay.port}"
        with served(tmp_path / "hub", "--allow-host", host) as server:
            relay.target = server.port
            client = Client(server, tmp_path, server.token, f"http://{host}")
            client.python(BROKEN)
            log = server.log.read_text()
    assert (tmp_path / "got").read_bytes() == data
    assert relay.n_cut == 1
    assert " 206 GET /ada/big/resolve/" in log

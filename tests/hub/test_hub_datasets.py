"""What the datasets library does against the embedded Hub."""

from client import Client

PUSH = """
from datasets import Dataset, DatasetDict
from huggingface_hub import HfApi

rows = Dataset.from_dict({"id": [1, 2, 3], "text": ["a", "é", "c"]})
first = rows.push_to_hub("ada/pushed", config_name="sft")
HfApi().create_tag("ada/pushed", tag="v1.0.0", repo_type="dataset")
both = DatasetDict(train=rows.select([0, 1]), test=rows.select([2]))
both.push_to_hub("ada/pushed", config_name="dpo")
last = rows.select([2, 1]).push_to_hub("ada/pushed", config_name="sft")
rows.to_iterable_dataset().push_to_hub("ada/streamed")
tell(first=first.oid, last=last.oid)
"""

LOAD = """
from datasets import get_dataset_config_names, get_dataset_split_names, load_dataset

def ids(config, split="train", **more):
    rows = load_dataset("ada/pushed", config, split=split, **more)
    return [row["id"] for row in rows]

first, last = sys.argv[1:]
dpo = load_dataset("ada/pushed", "dpo")
tell(
    configs=get_dataset_config_names("ada/pushed"),
    first_configs=get_dataset_config_names("ada/pushed", revision="v1.0.0"),
    splits=get_dataset_split_names("ada/pushed", "dpo"),
    tag=ids("sft", revision="v1.0.0"),
    first=ids("sft", revision=first),
    last=ids("sft", revision=last),
    main=ids("sft"),
    text=load_dataset("ada/pushed", "sft", split="train", revision=first)["text"][:],
    whole={name: part["id"][:] for name, part in dpo.items()},
    slice=ids("sft", "train[1:]", revision=first),
    stream_tag=ids("sft", revision="v1.0.0", streaming=True),
    stream_last=ids("sft", revision=last, streaming=True),
    stream_test=ids("dpo", "test", streaming=True),
    iterable=load_dataset("ada/streamed", split="train")["id"][:],
)
"""


def test_pushed_datasets_load_by_tag_and_by_commit(
    writer: Client, stranger: Client
) -> None:
    pushed = writer.python(PUSH)
    assert stranger.python(LOAD, pushed["first"], pushed["last"]) == {
        "configs": ["dpo", "sft"],
        "first_configs": ["sft"],
        "splits": ["train", "test"],
        "tag": [1, 2, 3],
        "first": [1, 2, 3],
        "last": [3, 2],
        "main": [3, 2],
        "text": ["a", "é", "c"],
        "whole": {"train": [1, 2], "test": [3]},
        "slice": [2, 3],
        "stream_tag": [1, 2, 3],
        "stream_last": [3, 2],
        "stream_test": [3],
        "iterable": [1, 2, 3],
    }


LOAD_FILES = """
from datasets import load_dataset
from huggingface_hub import HfApi

api = HfApi()
api.create_repo("ada/plain", repo_type="dataset")
for name, lines in (("a", '{"n": 1}\\n{"n": 2}\\n'), ("b", '{"n": 3}\\n')):
    api.upload_file(
        path_or_fileobj=lines.encode(),
        path_in_repo=f"data/{name}.jsonl",
        repo_id="ada/plain",
        repo_type="dataset",
    )
one = load_dataset("ada/plain", data_files="data/b.jsonl", split="train")
address = "hf://datasets/ada/plain@main/data/*.jsonl"
tell(
    without_card=load_dataset("ada/plain", split="train")["n"][:],
    one_file=one["n"][:],
    by_address=load_dataset("json", data_files=address, split="train")["n"][:],
)
"""


def test_files_without_a_card_load(writer: Client) -> None:
    found = writer.python(LOAD_FILES)
    assert found == {
        "without_card": [1, 2, 3],
        "one_file": [3],
        "by_address": [1, 2, 3],
    }


PRIVATE = """
from datasets import Dataset
Dataset.from_dict({"id": [7]}).push_to_hub("ada/hidden", private=True)
tell()
"""

REFUSED = """
from datasets import Dataset, load_dataset

tell(
    hidden=error_of(lambda: load_dataset("ada/hidden")),
    missing=error_of(lambda: load_dataset("ada/missing")),
    push=error_of(lambda: Dataset.from_dict({"id": [1]}).push_to_hub("ada/hidden")),
)
"""

READ = """
from datasets import Dataset, load_dataset

tell(
    hidden=load_dataset("ada/hidden", split="train")["id"][:],
    stream=list(load_dataset("ada/hidden", split="train", streaming=True)),
    revision=error_of(lambda: load_dataset("ada/hidden", revision="v9")),
    push=error_of(lambda: Dataset.from_dict({"id": [1]}).push_to_hub("ada/hidden")),
)
"""


def test_what_is_private_loads_with_a_token_only(
    writer: Client, reader: Client, stranger: Client
) -> None:
    writer.python(PRIVATE)
    assert stranger.python(REFUSED) == {
        "hidden": "DatasetNotFoundError",
        "missing": "DatasetNotFoundError",
        "push": "HfHubHTTPError 401",
    }
    assert reader.python(READ) == {
        "hidden": [7],
        "stream": [{"id": 7}],
        "revision": "DatasetNotFoundError",
        "push": "HfHubHTTPError 403",
    }

"""The YAML at the head of a dataset card: what the Hub and `datasets` read of it."""

from collections.abc import Iterable, Mapping
from importlib import resources
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML

# Rows below which a release is in a category, as the Hub names them.
SIZES = {
    1_000: "n<1K",
    10_000: "1K<n<10K",
    100_000: "10K<n<100K",
    1_000_000: "100K<n<1M",
    10_000_000: "1M<n<10M",
    100_000_000: "10M<n<100M",
}


def front_matter(
    folder: Path,
    configs: Iterable[Mapping[str, Any]],
    rows: Mapping[str, int],
    *,
    title: str,
    languages: list[str],
    licences: set[str],
    source_datasets: list[str],
) -> str:
    """The card's YAML, fences included, of the data files in `folder`.

    `configs` as `card.config_files` has them; `rows` by file.
    """
    named = list(configs)
    n_rows = sum(rows[f] for f in rows if f.startswith(("sft/train", "dpo/train")))
    size = next((s for n, s in SIZES.items() if n_rows < n), "100M<n<1B")
    data: dict[str, Any] = {
        "language": languages,
        **_licence(licences),
        "pretty_name": title,
        "size_categories": [size],
        "task_categories": ["text-generation"],
        "tags": ["sft", "dpo", "preference", "implicit-model-fusion", "fusemill"],
    }
    if source_datasets:
        data["source_datasets"] = source_datasets
    data["configs"] = [_config(one) for one in named]
    data["configs"][0] = {"config_name": named[0]["name"], "default": True} | data[
        "configs"
    ][0]
    data["dataset_info"] = [_info(folder, one, rows) for one in named]
    text = StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 1000
    yaml.dump(data, text)
    return f"---\n{text.getvalue()}---"


def _licence(licences: set[str]) -> dict[str, str]:
    one = next(iter(licences)) if len(licences) == 1 else "several-see-licences"
    return licence_keys(one, "README.md#licences")


def licence_keys(licence: str, link: str | None) -> dict[str, str]:
    """A licence that the Hub knows as itself; any other as `other`, named and linked.

    hub_licences.txt has the identifiers of the Hub's documentation, page Licenses.

    >>> licence_keys("llama3.1", "https://www.llama.com/llama3_1/license/")
    {'license': 'llama3.1'}
    >>> licence_keys("Our Licence", None)
    {'license': 'other', 'license_name': 'our-licence'}
    """
    file = resources.files("fusemill.release").joinpath("hub_licences.txt")
    if licence in file.read_text().split():
        return {"license": licence}
    name = "-".join(licence.lower().split())
    linked = {} if link is None else {"license_link": link}
    return {"license": "other", "license_name": name, **linked}


def _config(config: Mapping[str, Any]) -> dict[str, Any]:
    files = [{"split": split, "path": files} for split, files in config["splits"]]
    return {"config_name": config["name"], "data_files": files}


def _info(
    folder: Path, config: Mapping[str, Any], rows: Mapping[str, int]
) -> dict[str, Any]:
    """Features and sizes of one config; num_bytes are those of uncompressed columns."""
    splits = [
        {
            "name": split,
            "num_bytes": sum(uncompressed_bytes(folder / f) for f in files),
            "num_examples": sum(rows[f] for f in files),
        }
        for split, files in config["splits"]
    ]
    all_files = [folder / f for _, files in config["splits"] for f in files]
    return {
        "config_name": config["name"],
        "features": features(pq.read_schema(all_files[0])),
        "splits": splits,
        "download_size": sum(path.stat().st_size for path in all_files),
        "dataset_size": sum(split["num_bytes"] for split in splits),
    }


def uncompressed_bytes(path: Path) -> int:
    """Bytes of a Parquet file's columns before compression, from its footer."""
    footer = pq.read_metadata(path)
    return sum(
        footer.row_group(i).total_byte_size for i in range(footer.num_row_groups)
    )


def features(schema: pa.Schema) -> list[dict[str, Any]]:
    """Columns as `datasets` writes them into a card.

    >>> features(pa.schema([("n", pa.int64()), ("words", pa.list_(pa.string()))]))
    [{'name': 'n', 'dtype': 'int64'}, {'name': 'words', 'list': 'string'}]
    """
    return [{"name": field.name, **_feature(field.type)} for field in schema]


def _feature(kind: pa.DataType) -> dict[str, Any]:
    if pa.types.is_list(kind):
        of = _feature(kind.value_type)
        return {"list": of.get("struct", of.get("dtype", of))}
    if pa.types.is_struct(kind):
        return {"struct": [{"name": f.name, **_feature(f.type)} for f in kind]}
    return {
        "dtype": {"double": "float64", "float": "float32"}.get(str(kind), str(kind))
    }

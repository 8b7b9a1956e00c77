"""What the hf command does against the embedded Hub."""

import json
from pathlib import Path

from client import Client

KIND = ("--repo-type", "dataset")


def files(folder: Path) -> dict[str, str]:
    """The files of a folder but for hidden ones, by path."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("[!.]*")
        if path.is_file() and ".cache" not in path.parts
    }


def test_the_way_of_a_dataset(writer: Client, stranger: Client) -> None:
    assert "user: local" in writer.hf("auth", "whoami")
    writer.hf("repos", "create", "ada/cli", *KIND)
    assert "exists already" in writer.hf("repos", "create", "ada/cli", *KIND, code=1)

    folder = writer.home / "rows"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "train.jsonl").write_text('{"n": 1}\n')
    (folder / "README.md").write_text("# Rows\n")
    writer.hf("upload", "ada/cli", str(folder), ".", *KIND)
    writer.hf("repos", "tag", "create", "ada/cli", "v1.0.0", *KIND)
    (folder / "data" / "train.jsonl").write_text('{"n": 2}\n')
    writer.hf("upload", "ada/cli", "rows/data/train.jsonl", "data/train.jsonl", *KIND)
    writer.hf("repos", "delete-files", "ada/cli", "README.md", *KIND)

    listed = stranger.hf("repos", "tag", "list", "ada/cli", *KIND, "--format", "json")
    (tag,) = json.loads(listed)
    assert tag["name"] == "v1.0.0"
    info = json.loads(stranger.hf("datasets", "info", "ada/cli"))
    assert (info["id"], info["private"]) == ("ada/cli", False)

    first = ("--revision", tag["target_commit"], "--local-dir", "first")
    stranger.hf("download", "ada/cli", *KIND, *first)
    assert files(stranger.home / "first") == {
        "README.md": "# Rows\n",
        "data/train.jsonl": '{"n": 1}\n',
    }
    stranger.hf("download", "ada/cli", *KIND, "--local-dir", "last")
    assert files(stranger.home / "last") == {"data/train.jsonl": '{"n": 2}\n'}
    assert "not found" in stranger.hf("download", "ada/cli", "no.txt", *KIND, code=1)

    writer.hf("repos", "delete", "ada/cli", *KIND, "--yes")
    assert "not found" in stranger.hf("download", "ada/cli", *KIND, code=1)

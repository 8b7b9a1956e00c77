"""A release that was pulled before: given again, made right, or refused."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from publisher import Publisher
from reader import DATA, Reader, damage_bytes, make_writable

from small_project import refused


def damage_link(folder: Path) -> None:
    (folder / DATA).unlink()
    (folder / DATA).symlink_to(folder / "README.md")


def damage_folder_link(folder: Path) -> None:
    elsewhere = folder.parent.parent / "elsewhere"
    (folder / "sft").rename(elsewhere)
    (folder / "sft").symlink_to(elsewhere)


DAMAGES: list[Callable[[Path], object]] = [
    damage_bytes,
    damage_link,
    damage_folder_link,
    lambda folder: (folder / DATA).unlink(),
    lambda folder: (folder / DATA).rename(folder / "sft/train-00000.parquet"),
    lambda folder: shutil.rmtree(folder / "lineage"),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_folder_that_was_altered(
    reader: Reader, damage: Callable[[Path], object]
) -> None:
    """Repaired where the Hub answers; an error where it does not, never other rows."""
    reader.ok()
    make_writable(reader.folder)
    damage(reader.folder)
    refused(reader.pull(HF_ENDPOINT="http://127.0.0.1:9"), "no answer")
    assert "made right" in reader.ok().err
    assert reader.left() == []


def test_a_file_that_hides_its_change(reader: Reader) -> None:
    """As long as before, in the same inode, with its old time of writing."""
    reader.ok()
    path = reader.folder / DATA
    before = path.stat()
    damage_bytes(reader.folder)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    path.chmod(0o444)
    assert path.stat().st_size == before.st_size
    refused(reader.pull(HF_ENDPOINT="http://127.0.0.1:9"), "no answer")
    reader.ok()


def test_what_no_stamp_can_say(reader: Reader) -> None:
    """A disk that loses bytes changes no time: `--verify` hashes. Shown by stamps."""
    reader.ok()
    damage_bytes(reader.folder)
    (reader.folder / DATA).chmod(0o444)
    kept = reader.folder.parent / f".{reader.commit}.checked"
    stamps = json.loads(kept.read_text())
    info = (reader.folder / DATA).stat()
    stamps[DATA][2:] = [info.st_ino, info.st_mtime_ns, info.st_ctime_ns]
    kept.write_text(json.dumps(stamps))
    assert reader.pull().code == 0
    refused(
        reader.pull("small@1.0.0", "--verify", HF_ENDPOINT="http://127.0.0.1:9"), DATA
    )
    assert "made right" in reader.ok("--verify").err


@pytest.mark.parametrize("stamps", ["", "[]", "{", '{"sft/train.parquet": 1}'])
def test_stamps_that_cannot_be_read(reader: Reader, stamps: str) -> None:
    """All is hashed."""
    reader.ok()
    (reader.folder.parent / f".{reader.commit}.checked").write_text(stamps)
    damage_bytes(reader.folder)
    assert "made right" in reader.ok().err


def test_a_folder_with_more_than_was_published(reader: Reader) -> None:
    """All bytes are here: made right without a Hub."""
    reader.ok()
    make_writable(reader.folder)
    (reader.folder / "sft/more.parquet").write_bytes(b"more rows")
    assert "made right" in reader.ok(HF_ENDPOINT="http://127.0.0.1:9").err


def test_offline_what_was_pulled_is_verified_and_given(reader: Reader) -> None:
    reader.ok()
    assert reader.ok(HF_ENDPOINT="http://127.0.0.1:9").out == f"{reader.folder}\n"


@pytest.mark.parametrize("whole", [True, False])
def test_offline_by_setting(reader: Reader, whole: bool) -> None:
    """HF_HUB_OFFLINE is read when the client is imported: a process of its own."""
    if whole:
        reader.ok()
    process = reader.started(HF_HUB_OFFLINE="1")
    out, err = process.communicate(timeout=60)
    if whole:
        assert (process.returncode, out) == (0, f"{reader.folder}\n"), err
    else:
        assert (process.returncode, out) == (1, "")
        assert "HF_HUB_OFFLINE is set" in err
        assert not reader.folder.exists()


def test_a_release_that_lies_here_needs_no_hub(
    published: Publisher, tmp_path: Path
) -> None:
    env = {"FUSEMILL_CACHE": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9"}
    said = published.project.cli("pull", "small@1.0.0", env=env)
    assert said.code == 0, said.err
    pulled = Path(said.out.strip())
    assert (pulled / DATA).read_bytes() == published.files()[DATA]
    assert (pulled / DATA).stat().st_ino != (published.release / DATA).stat().st_ino

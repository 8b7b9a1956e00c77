"""`fusemill pull`: the registered bytes in a folder of their own, or an error."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from hub_server import served
from publisher import KILLED, Publisher
from reader import DATA, Reader, damage_bytes, make_writable

from fusemill.errors import ReleaseError, RemoteError
from fusemill.release.pull import cache_folder, pull
from small_project import refused


def test_the_folder_is_printed_and_its_files_are_the_published(reader: Reader) -> None:
    said = reader.ok()
    assert said.out == f"{reader.folder}\n"
    assert (reader.folder / DATA).stat().st_mode & 0o777 == 0o444
    assert (reader.folder / "sft").stat().st_mode & 0o777 == 0o555
    assert reader.folder.stat().st_mode & 0o777 == 0o555
    assert reader.left() == []


def test_a_commit_is_a_pin_too(reader: Reader) -> None:
    said = reader.pull(f"small@{reader.commit}", "--json")
    assert said.code == 0, said.err
    files = reader.published.files()
    assert json.loads(said.out) == {
        "folder": str(reader.folder),
        "name": "small",
        "version": "1.0.0",
        "commit": reader.commit,
        "files": len(files),
        "bytes": sum(map(len, files.values())),
        "yanked": None,
    }


def test_an_entry_alone_is_enough(reader: Reader, tmp_path: Path) -> None:
    entry = shutil.copy(reader.entry, tmp_path / "sent-by-mail.yaml")
    reader.ok("--entry", str(entry))


def test_the_function_gives_the_folder(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in reader.published.environment.items():
        monkeypatch.setenv(name, value)
    folder = pull("small@1.0.0", workdir=reader.root, cache=reader.cache)
    assert folder == reader.folder
    reader.assert_right()


@pytest.mark.parametrize(
    "pin",
    [
        "small@main",
        "small@latest",
        "small@v1.0.0",
        "small@1.0",
        "small@SHORT",
        "small@",
    ],
)
def test_what_can_move_is_no_pin(reader: Reader, pin: str) -> None:
    refused(
        reader.pull(pin.replace("SHORT", reader.commit[:12])),
        "expected" if pin == "small@" else "no pin",
    )


@pytest.mark.parametrize("pin", ["small", "../small@1.0.0", "Small@1.0.0"])
def test_a_pin_has_a_name(reader: Reader, pin: str) -> None:
    refused(reader.pull(pin), "NAME@VERSION")


def test_an_entry_that_is_not_there(reader: Reader) -> None:
    said = reader.pull("small@1.0.0", "--entry", "none.yaml")
    refused(said, "--entry none.yaml: no such file")


def test_a_hub_that_is_down_is_told_of_once(reader: Reader) -> None:
    said = reader.pull(HF_ENDPOINT="http://127.0.0.1:9")
    refused(said, "no answer")
    assert said.err.count("Trying again") == 3


@pytest.mark.parametrize("pin", ["small@1.0.1", f"small@{'0' * 40}", "other@1.0.0"])
def test_what_is_not_registered(reader: Reader, pin: str) -> None:
    refused(reader.pull(pin), pin, "does not register it", "--entry")


@pytest.mark.parametrize("stated", ["published: []", "commit:"])
def test_a_version_that_was_not_published(reader: Reader, stated: str) -> None:
    before, _, rest = reader.entry.read_text().partition("published:")
    reader.entry.write_text(before + stated + "\n" + rest[rest.index("files:") :])
    refused(reader.pull(), "was not published", "fusemill release --to hub")


def test_a_yanked_version_comes_with_a_warning(reader: Reader) -> None:
    with reader.entry.open("a") as file:
        file.write("yanked: {reason: wrong answers, at: '2026-11-27'}\n")
    assert "yanked: wrong answers" in reader.ok().err


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "sft/../../x", "a//b", "a\\b", "."]
)
def test_an_entry_that_reaches_outside(reader: Reader, name: str) -> None:
    text = reader.entry.read_text()
    reader.entry.write_text(text.replace(f"{DATA}:", f"{json.dumps(name)}:"))
    refused(reader.pull(), "is no path inside a release")


# --- deaths and company -------------------------------------------------------


@pytest.mark.parametrize(
    "point",
    ["pull.file#1", "pull.file#4", "pull.written", "pull.fsynced", "pull.renamed"],
)
def test_killed_a_pull_goes_on(reader: Reader, point: str) -> None:
    process = reader.started(FUSEMILL_FAULT=point)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (KILLED, ""), err
    reader.ok()
    assert reader.left() == []


def test_killed_while_it_repairs(reader: Reader) -> None:
    reader.ok()
    make_writable(reader.folder)
    damage_bytes(reader.folder)
    process = reader.started(FUSEMILL_FAULT="pull.aside")
    _, err = process.communicate(timeout=60)
    assert process.returncode == KILLED, err
    reader.ok()
    assert reader.left() == []


@pytest.mark.parametrize("torn", [False, True])
def test_a_file_that_came_by_half_is_gone_on_with(reader: Reader, torn: bool) -> None:
    """Also one whose first half the disk lost: it is brought from the start."""
    content = reader.published.files()[DATA]
    half = bytes(len(content) // 2) if torn else content[: len(content) // 2]
    partial = reader.cache / "small" / f".{reader.commit}.partial" / DATA
    partial.parent.mkdir(parents=True)
    partial.write_bytes(half)
    said = reader.ok()
    assert ("does not fit" in said.err) == torn


def test_many_pulls_at_once_share_one(reader: Reader) -> None:
    processes = [reader.started() for _ in range(6)]
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out) == (0, f"{reader.folder}\n"), err
    reader.assert_right()
    assert reader.left() == []


# --- a Hub that gives other bytes -----------------------------------------------


def test_a_hub_that_gives_other_bytes(publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish()
    publisher.alter_object(DATA)
    shutil.rmtree(publisher.release)
    env = {**publisher.environment, "FUSEMILL_CACHE": str(tmp_path / "cache")}
    said = publisher.project.cli("pull", "small@1.0.0", env=env)
    refused(said, DATA)
    assert said.out == ""
    commit = publisher.published()[0]["commit"]
    assert not (tmp_path / "cache/small" / commit).exists()


def test_a_version_that_was_published_twice_comes_from_either(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The later place is gone, with its Hub; the earlier one is asked."""
    publisher.publish()
    first = publisher.published()
    with served(tmp_path / "second") as second:
        said = publisher.publish(
            env={"HF_ENDPOINT": second.url, "HF_TOKEN": second.token}
        )
        assert said.code == 0, said.err
    assert publisher.published()[:1] == first
    assert len(publisher.published()) == 2
    shutil.rmtree(publisher.release)
    env = {**publisher.environment, "FUSEMILL_CACHE": str(tmp_path / "cache")}
    said = publisher.project.cli("pull", "small@1.0.0", env=env)
    assert said.code == 0, said.err
    assert Path(said.out.strip()).name == first[0]["commit"]
    content = (Path(said.out.strip()) / DATA).read_bytes()
    pinned = publisher.entry.read_text().split(f"{DATA}:")[1].split()[1]
    assert hashlib.sha256(content).hexdigest() == pinned


def test_errors_of_the_function(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(RemoteError, match="no answer"):
        pull("small@1.0.0", workdir=reader.root, cache=reader.cache)
    with pytest.raises(ReleaseError, match="no pin"):
        pull("small@main", workdir=reader.root, cache=reader.cache)


def test_a_cache_that_cannot_be_written(reader: Reader) -> None:
    (reader.cache).write_text("a file")
    refused(reader.pull(), str(reader.cache), "not a folder")


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FUSEMILL_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert cache_folder() == Path("/home/somebody/.cache/fusemill/releases")
    monkeypatch.setenv("XDG_CACHE_HOME", "/fast")
    assert cache_folder() == Path("/fast/fusemill/releases")
    monkeypatch.setenv("FUSEMILL_CACHE", "/shared/releases")
    assert cache_folder() == Path("/shared/releases")

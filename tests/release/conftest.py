"""Fixtures: a Hub that runs, and the small project that publishes to it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import served
from publisher import Publisher, declare
from reader import Reader

from small_project import SmallProject


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once, in this process."""
    monkeypatch.setattr("fusemill.release.repository.WAITS_S", (0, 0, 0))


@pytest.fixture
def publisher(
    whole: SmallProject,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Publisher]:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    declare(whole)
    with served(tmp_path / "hub") as hub:
        yield Publisher(whole, hub)


@pytest.fixture(scope="module")
def published(
    finished: SmallProject, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Publisher]:
    """A version on a Hub; only to be pulled."""
    folder = tmp_path_factory.mktemp("published")
    project = finished.moved_copy(folder / "small")
    declare(project)
    with served(folder / "hub") as hub:
        publisher = Publisher(project, hub)
        assert publisher.publish().code == 0
        yield publisher


@pytest.fixture
def reader(published: Publisher, tmp_path: Path) -> Reader:
    """Somebody who has the registry entry and an empty cache, and no release."""
    registry = tmp_path / "reader/registry/releases/small"
    registry.mkdir(parents=True)
    shutil.copy(published.entry, registry)
    return Reader(published, tmp_path / "reader", tmp_path / "cache")

"""One server for each module, and those who use it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from client import Client
from hub_server import HubServer, served


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    with served(tmp_path_factory.mktemp("hub") / "hub") as server:
        yield server


@pytest.fixture
def writer(hub: HubServer, tmp_path: Path) -> Client:
    """A user whose token may write, with an empty cache."""
    return _user(hub, tmp_path / "writer", hub.token)


@pytest.fixture
def reader(hub: HubServer, tmp_path: Path) -> Client:
    """A user whose token may only read, with an empty cache."""
    return _user(hub, tmp_path / "reader", hub.read_token)


@pytest.fixture
def stranger(hub: HubServer, tmp_path: Path) -> Client:
    """A user without a token, with an empty cache."""
    return _user(hub, tmp_path / "stranger", "")


def _user(hub: HubServer, home: Path, token: str) -> Client:
    home.mkdir()
    return Client(hub, home, token)

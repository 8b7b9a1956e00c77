"""Tokens, signed addresses and hosts: who is let in, and for how long."""

from pathlib import Path

import httpx2
import pytest
from hub_server import served

from fusemill.errors import HubError
from fusemill.hub import signatures
from fusemill.hub.access import Hub
from fusemill.hub.names import RepositoryId
from fusemill.hub.refusals import Refusal
from fusemill.hub.serve import _hosts
from fusemill.hub.signatures import Signer
from fusemill.hub.tokens import Tokens
from small_project import fusemill, refused

TASKS = RepositoryId("datasets", "ada", "tasks")
OID = "0" * 64


def test_a_signed_address_expires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = Signer(tmp_path)
    monkeypatch.setattr(signatures.time, "time", lambda: 1_800_000_000.0)
    address = httpx2.URL(signer.address("http://hub", "PUT", TASKS, OID, 5))
    query = dict(address.params)
    assert query["expires"] == "1800021600"  # six hours later
    assert signer.check(query, "PUT", TASKS, OID) == 5
    monkeypatch.setattr(signatures.time, "time", lambda: 1_800_021_601.0)
    with pytest.raises(Refusal, match="expired"):
        signer.check(query, "PUT", TASKS, OID)


def test_another_key_is_another_signature(tmp_path: Path) -> None:
    address = httpx2.URL(
        Signer(tmp_path / "a").address("http://h", "PUT", TASKS, OID, 5)
    )
    with pytest.raises(Refusal, match="signature"):
        Signer(tmp_path / "b").check(dict(address.params), "PUT", TASKS, OID)
    assert Signer(tmp_path / "a").check(dict(address.params), "PUT", TASKS, OID) == 5


def test_the_first_token_may_write(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    reader = tokens.find(tokens.add("eve", "read"))
    assert reader is not None
    assert not reader.can_write
    tokens.add_first()
    first = tokens.find(tokens.first.read_text().strip())
    assert first is not None
    assert (first.name, first.can_write) == ("local", True)
    kept = tokens.first.read_text()
    tokens.add_first()
    assert tokens.first.read_text() == kept
    assert tokens.remove("local") == 1
    assert not tokens.first.exists()
    assert [token.name for token in tokens.list()] == ["eve"]


@pytest.mark.parametrize("name", ["", "a b", "../a", "-a", "a\n", "a" * 41, "é"])
def test_a_token_is_of_a_plain_user(tmp_path: Path, name: str) -> None:
    with pytest.raises(HubError, match="token name"):
        Tokens(tmp_path).add(name, "read")


def test_behind_a_proxy(tmp_path: Path) -> None:
    with served(tmp_path / "hub", "--allow-host", "hub.example") as server:
        answer = httpx2.post(
            f"{server.url}/api/repos/create",
            json={"type": "dataset", "organization": "ada", "name": "tasks"},
            headers={
                "Host": "hub.example",
                "X-Forwarded-Proto": "https",
                "Authorization": f"Bearer {server.token}",
            },
        )
        assert answer.json()["url"] == "https://hub.example/datasets/ada/tasks"


def test_tokens_are_of_a_folder_that_was_served(tmp_path: Path) -> None:
    for more in ((), ("--list",), ("--remove",)):
        said = fusemill("hub", "token", "--folder", tmp_path / "none", *more)
        refused(said, "no Hub's folder", "--folder")
    assert not (tmp_path / "none").exists()
    Hub.of(tmp_path / "hub").tokens.add("eve", "read")
    of_hub = ("hub", "token", "--folder", tmp_path / "hub", "--remove", "--name")
    refused(fusemill(*of_hub, "evee"), "evee has no tokens; --list")
    assert fusemill(*of_hub, "eve").out == "1 tokens of eve removed\n"


def test_clients_leave_out_the_port_of_http() -> None:
    found = {
        f"{host}{port}" for host in ("127.0.0.1", "localhost") for port in ("", ":80")
    }
    assert _hosts("127.0.0.1", 80, ()) == found
    assert _hosts("127.0.0.1", 8383, ()) == {"127.0.0.1:8383", "localhost:8383"}

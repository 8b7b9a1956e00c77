"""Who may do what: tokens, signed addresses, what is private."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator

import pytest
from hub_server import HubServer, served
from raw_requests import Answer, ask, batch, commit, file, tree, upload_address

SECRET = b"PAR1 for those with a token"
OID = hashlib.sha256(SECRET).hexdigest()
OTHER = b"other bytes"
OTHER_OID = hashlib.sha256(OTHER).hexdigest()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    """A Hub with a public dataset, and a private one that has a large file."""
    with served(tmp_path_factory.mktemp("hub") / "hub") as server:
        server.api.create_repo("ada/open", repo_type="dataset")
        server.api.create_repo("ada/closed", repo_type="dataset", private=True)
        href = upload_address(server, "ada/closed", OID, len(SECRET))
        assert put(server, href, SECRET).status == 200
        large = {"key": "lfsFile", "value": {"path": "s.parquet", "oid": OID}}
        assert commit(server, "ada/closed", large, file("s.txt")).status == 200
        yield server


def by_digest(hub: HubServer, repo: str, operation: str, token: str | None) -> Answer:
    objects = [{"oid": OID, "size": len(SECRET)}]
    return batch(hub, repo, {"operation": operation, "objects": objects}, token)


def put(hub: HubServer, target: str, body: bytes) -> Answer:
    return ask(hub, "PUT", target, body=body)


CLOSED = "/api/datasets/ada/closed"
READS = [
    ("GET", CLOSED),
    ("GET", f"{CLOSED}/revision/main"),
    ("GET", f"{CLOSED}/auth-check"),
    ("GET", f"{CLOSED}/tree/main"),
    ("GET", f"{CLOSED}/tree/main/s.txt"),
    ("GET", f"{CLOSED}/refs"),
    ("GET", f"{CLOSED}/commits/main"),
    ("POST", f"{CLOSED}/paths-info/main"),
    ("GET", "/datasets/ada/closed/resolve/main/s.txt"),
    ("GET", "/datasets/ada/closed/resolve/main/s.parquet"),
    ("HEAD", "/datasets/ada/closed/resolve/main/s.parquet"),
]
WRITES = [
    ("POST", f"{CLOSED}/preupload/main"),
    ("POST", f"{CLOSED}/commit/main"),
    ("POST", f"{CLOSED}/tag/main"),
    ("DELETE", f"{CLOSED}/tag/v1"),
    ("POST", f"{CLOSED}/branch/new"),
    ("DELETE", f"{CLOSED}/branch/new"),
    ("PUT", f"{CLOSED}/settings"),
    ("POST", "/api/repos/create"),
    ("DELETE", "/api/repos/delete"),
]


@pytest.mark.parametrize(("method", "target"), READS)
def test_what_is_private_looks_as_if_it_were_not_there(
    hub: HubServer, method: str, target: str
) -> None:
    hidden = ask(hub, method, target)
    missing = ask(hub, method, target.replace("closed", "absent"))
    for answer in (hidden, missing):
        assert answer.status == 401
        assert answer.headers["x-error-code"] == "RepoNotFound"
    assert hidden.body.replace(b"closed", b"absent") == missing.body
    assert ask(hub, method, target, hub.read_token).status in (200, 404)
    # A token stands in one header, nowhere else.
    for query in ("token", "access_token", "authorization"):
        assert ask(hub, method, f"{target}?{query}={hub.token}").status == 401
    assert ask(hub, method, target, Cookie=f"token={hub.token}").status == 401


@pytest.mark.parametrize(("method", "target"), WRITES)
def test_a_token_for_reading_writes_nothing(
    hub: HubServer, method: str, target: str
) -> None:
    before = tree(hub.folder / "datasets")
    body = json.dumps({"tag": "v1", "type": "dataset", "name": "ada/closed"}).encode()
    assert ask(hub, method, target, hub.read_token, body).status == 403
    assert ask(hub, method, target, None, body).status == 401
    assert tree(hub.folder / "datasets") == before


@pytest.mark.parametrize(
    "token",
    ["", "x", "hf_" + "a" * 34, "é", "../token", "fusemill_" + "0" * 40, "a b", "*"],
)
@pytest.mark.parametrize(("method", "target"), [READS[0], WRITES[1]])
def test_a_token_that_is_none_is_refused_everywhere(
    hub: HubServer, method: str, target: str, token: str
) -> None:
    assert ask(hub, method, target, token).status == 401
    public = ask(hub, "GET", "/api/datasets/ada/open", token)
    assert public.status == 401


@pytest.mark.parametrize("scheme", ["Basic", "Token", "", "Bearer Bearer"])
def test_a_token_comes_as_bearer(hub: HubServer, scheme: str) -> None:
    given = {"Authorization": f"{scheme} {hub.token}"}
    assert ask(hub, "GET", CLOSED, **given).status == 401


def test_lists_leave_out_what_is_private(hub: HubServer) -> None:
    for query in ("", "?search=closed", "?author=ada"):
        listed = json.loads(ask(hub, "GET", f"/api/datasets{query}").body)
        assert "ada/closed" not in [one["id"] for one in listed]
    assert b"ada/closed" in ask(hub, "GET", "/api/datasets", hub.read_token).body


def test_a_digest_alone_is_no_right_to_a_file(hub: HubServer) -> None:
    """Else a file of a private repository came through any public one."""
    for repo in ("ada/open", "ada/closed"):
        answer = by_digest(hub, repo, "download", None)
        assert answer.status == 401
        assert b"actions" not in answer.body
    assert ask(hub, "GET", f"/lfs/datasets/ada/open/{OID}").status == 403
    answer = by_digest(hub, "ada/open", "download", hub.read_token)
    assert answer.status == 200
    assert by_digest(hub, "ada/open", "upload", hub.read_token).status == 403
    assert by_digest(hub, "ada/open", "upload", None).status == 401


def forged(href: str) -> list[str]:
    """The address for another use, in every part that it is signed for."""
    path, _, query = href.partition("?")
    size, expires, signature = (part.partition("=")[2] for part in query.split("&"))
    return [
        href.replace(OTHER_OID, OID),
        href.replace("/ada/open/", "/ada/closed/"),
        href.replace("/lfs/datasets/", "/lfs/models/"),
        f"{path}?size={int(size) + 1}&expires={expires}&signature={signature}",
        f"{path}?size=-1&expires={expires}&signature={signature}",
        f"{path}?size={'9' * 5_000}&expires={expires}&signature={signature}",
        f"{path}?size={size}&expires={int(expires) + 1}&signature={signature}",
        f"{path}?size={size}&expires=9999999999&signature={signature}",
        f"{path}?size={size}&expires={expires}&signature={signature[:-1]}",
        f"{path}?size={size}&expires={expires}&signature=",
        f"{path}?size={size}&expires={expires}&signature=é".replace("é", "%C3%A9"),
        f"{path}?size={size}&expires={expires}&signature={'0' * 64}",
        f"{path}?{query}&size={int(size) + 1}",
        path,
    ]


def test_forged_addresses(hub: HubServer) -> None:
    href = upload_address(hub, "ada/open", OTHER_OID, len(OTHER))
    for target in forged(href):
        answer = put(hub, target, OTHER)
        assert answer.status == 403, target
    assert ask(hub, "GET", href).status == 403
    assert ask(hub, "POST", href, body=b"{}").status == 403
    assert ask(hub, "DELETE", href, hub.token).status == 405
    assert (
        put(hub, href.replace(OTHER_OID, "%2e%2e%2f" + OTHER_OID), OTHER).status == 400
    )
    assert not list((hub.folder / "incoming").iterdir())


def signed(hub: HubServer, expires: int) -> str:
    """An address as the server signs it: the form of signatures.py, by its own key."""
    key = (hub.folder / "signing.key").read_bytes()
    size = len(OTHER)
    text = f"PUT\ndatasets/ada/open\n{OTHER_OID}\n{size}\n{expires}"
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    path = f"/lfs/datasets/ada/open/{OTHER_OID}"
    return f"{path}?size={size}&expires={expires}&signature={signature}"


def test_an_address_expires(hub: HubServer) -> None:
    now = int(time.time())
    late = put(hub, signed(hub, now - 1), OTHER)
    assert (late.status, late.error) == (
        403,
        "the address has expired; ask for another",
    )
    assert put(hub, signed(hub, 0), OTHER).status == 403
    assert put(hub, signed(hub, now + 600), OTHER).status == 200


def test_other_bytes_than_the_address_is_for(hub: HubServer) -> None:
    data = b"a third file"
    oid = hashlib.sha256(data).hexdigest()
    href = upload_address(hub, "ada/open", oid, len(data))
    assert put(hub, href, data[:-1] + b"!").status == 400
    assert put(hub, href, data[:-1]).status == 400
    assert put(hub, href, data + b"!").status == 413
    assert put(hub, href, b"").status == 400
    assert not list((hub.folder / "incoming").iterdir())
    place = hub.folder / "objects" / oid[:2] / oid[2:4] / oid
    assert not place.exists()
    assert put(hub, href, data).status == 200
    assert place.read_bytes() == data
    assert put(hub, href, data).status == 200  # a client that lost the answer

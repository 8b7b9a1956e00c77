"""Repositories: making, deleting, listing, and what is said about one.

POST    /api/repos/create                   {"type", "name", "organization", "private"}
DELETE  /api/repos/delete                   {"type", "name", "organization"}
GET     /api/K                              ?author, ?search, ?limit
GET     /api/K/R[/revision/V]               ?blobs
PUT     /api/K/R/settings                   {"private"}
GET     /api/K/R/auth-check
"""

import contextlib
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fusemill.hub import access, names
from fusemill.hub.bodies import is_true, json_object, number, text
from fusemill.hub.cards import card_metadata
from fusemill.hub.refusals import Refusal, malformed
from fusemill.hub.repositories import set_private, settings
from fusemill.hub.repository import MAIN, Entry, Repository
from fusemill.hub.tokens import Token

CARD_MAX = 1 << 20  # bytes of a README.md that is looked at


async def create(request: Request) -> Response:
    """A new repository; 409 with its URL where it exists."""
    token = access.writer(request)
    given = await json_object(request)
    wanted = _named(given, token)
    private = given.get("visibility") == "private" or given.get("private") is True
    url = f"{access.base(request)}/{wanted.address}"
    repositories = access.hub(request).repositories
    try:
        await run_in_threadpool(repositories.create, wanted, token.name, private)
    except Refusal as refusal:
        if refusal.status != 409:
            raise
        content = {"error": str(refusal), "url": url, "name": str(wanted)}
        return JSONResponse(content, 409, {"X-Error-Message": str(refusal)})
    return JSONResponse({"url": url, "name": str(wanted), "id": str(wanted)})


async def delete(request: Request) -> Response:
    """A repository goes, with its history."""
    token = access.writer(request)
    wanted = _named(await json_object(request), token)
    await run_in_threadpool(access.hub(request).repositories.delete, wanted)
    return JSONResponse({"success": True})


def _named(given: dict[str, Any], token: Token) -> names.RepositoryId:
    """The repository of a body; without an organization it is the user's own."""
    type_ = given.get("type") or "model"
    kind = names.TYPES.get(type_) if isinstance(type_, str) else None
    if kind is None:
        raise malformed(f"body: type {str(type_)[:40]!r}: expected dataset or model")
    namespace = given.get("organization") or token.name
    name = text(given, "name")
    if not isinstance(namespace, str):
        raise malformed("body: organization: expected a text")
    if "/" in name:  # older clients send the whole id as the name
        namespace, _, name = name.partition("/")
    return names.repository_id(kind, namespace, name)


async def change(request: Request) -> Response:
    """Private or public. Refusal 400 where nothing is said that can be set here."""
    repository, _ = await run_in_threadpool(access.writable, request)
    given = await json_object(request)
    if given.get("gated"):
        raise malformed("body: gated: this Hub has no gated repositories")
    private = _private(given)
    if private is None and given.get("gated") is not False:
        raise malformed("body: expected private (true, false) or visibility")
    if private is not None:
        await run_in_threadpool(set_private, repository, private)
    return JSONResponse({"private": settings(repository)["private"]})


def _private(given: dict[str, Any]) -> bool | None:
    """What is to become of it; None where that is not said."""
    private, visibility = given.get("private"), given.get("visibility")
    if visibility is not None:
        if visibility not in ("private", "public"):
            raise malformed(
                f"body: visibility {str(visibility)[:40]!r}: expected private or public"
            )
        return bool(visibility == "private")
    if private is not None and not isinstance(private, bool):
        raise malformed(f"body: private {str(private)[:40]!r}: expected true or false")
    return private


def listed(request: Request) -> Response:
    """The repositories of a kind that the caller may see."""
    kind = request.path_params["kind"]
    if kind not in names.KINDS:
        raise HTTPException(404)
    token = access.caller(request)
    author = request.query_params.get("author")
    search = request.query_params.get("search", "").lower()
    found = []
    repositories = access.hub(request).repositories
    for wanted in repositories.ids(kind):
        repository = repositories.find(wanted)
        if repository is None or (author and wanted.namespace != author):
            continue
        if search not in str(wanted).lower():
            continue
        try:
            if token is not None or not settings(repository)["private"]:
                found.append(_about(repository, repository.resolve(MAIN)))
        except (Refusal, KeyError):
            if not repository.deleted:  # else it went while the others were listed
                raise
    return JSONResponse(found[: number(request, "limit", len(found))])


def info(request: Request) -> Response:
    """One repository at a revision: commit, files, card."""
    repository = access.readable(request)
    at = access.revision(request) if "revision" in request.path_params else MAIN
    sha = repository.resolve(at)
    files = [e for e in repository.entries(sha, "", recursive=True) if not e.is_folder]
    blobs = is_true(request.query_params.get("blobs", ""))
    siblings = [_sibling(entry, blobs) for entry in files]
    card = {"cardData": _card(repository, files)}
    return JSONResponse({**_about(repository, sha), "siblings": siblings, **card})


def auth_check(request: Request) -> Response:
    """200 where the caller may read."""
    access.readable(request)
    return JSONResponse({})


def _about(repository: Repository, sha: str) -> dict[str, Any]:
    kept = settings(repository)
    changed = datetime.fromtimestamp(repository.commit(sha).commit_time, UTC)
    about = {
        "_id": f"{repository.id.kind}/{repository.id}",
        "id": str(repository.id),
        "author": repository.id.namespace,
        "sha": sha,
        "lastModified": iso(changed),
        "createdAt": iso(datetime.fromisoformat(kept["created"])),
        "private": kept["private"],
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": [],
    }
    if repository.id.kind == "models":
        about["modelId"] = str(repository.id)
    return about


def iso(time: datetime) -> str:
    """A time as the Hub writes it: 2026-11-27T16:40:02.000Z."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _sibling(entry: Entry, blobs: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"rfilename": entry.path}
    if blobs:
        found |= {"size": entry.size, "blobId": entry.oid}
        if entry.pointer is not None:
            size = len(entry.pointer.encode())
            lfs = {"sha256": entry.pointer.oid, "size": entry.size, "pointerSize": size}
            found["lfs"] = lfs
    return found


def _card(repository: Repository, files: list[Entry]) -> dict[str, Any] | None:
    """Metadata of the README; None where there is none, or none that can be read."""
    for entry in files:
        if entry.path == "README.md" and entry.size <= CARD_MAX and not entry.pointer:
            card = repository.blob(entry.oid).decode(errors="replace")
            with contextlib.suppress(ValueError):
                return card_metadata(card)
    return None


_R = "/api/{kind}/{namespace}/{name}"
ROUTES = [
    Route("/api/repos/create", create, methods=["POST"]),
    Route("/api/repos/delete", delete, methods=["DELETE"]),
    Route("/api/{kind}", listed),
    Route(_R, info),
    Route(f"{_R}/revision/{{revision}}", info),
    Route(f"{_R}/settings", change, methods=["PUT"]),
    Route(f"{_R}/auth-check", auth_check),
]

"""Large files: Git LFS's batch call, and the addresses that it hands out.

POST      /[datasets/]R.git/info/lfs/objects/batch
PUT, GET  /lfs/K/R/<oid>?size=…&expires=…&signature=…
POST      the same: is it stored, with this size?
"""

import asyncio
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fusemill.hub import access, names
from fusemill.hub.bodies import json_object, refuse_announced
from fusemill.hub.downloads import large_file
from fusemill.hub.objects import Incoming
from fusemill.hub.refusals import Refusal, malformed, too_large
from fusemill.hub.repository import Repository

LARGEST = 1 << 40  # bytes of one file
MOST_OBJECTS = 1_000  # of one batch
CHUNK = 4 << 20  # bytes that are hashed and written at once
MOST_PARTS = 256  # of a chunk: single bytes as parts would take 40 times their size

_TYPE = "application/vnd.git-lfs+json"


async def batch(request: Request) -> Response:
    """Where to send or fetch each file; no actions for one that is stored already."""
    given = await json_object(request)
    operation, objects = given.get("operation"), given.get("objects")
    if operation not in ("upload", "download"):
        raise malformed("body: operation: expected upload or download")
    if not isinstance(objects, list) or len(objects) > MOST_OBJECTS:
        raise malformed(f"body: objects: expected a list of up to {MOST_OBJECTS}")
    if given.get("hash_algo", "sha256") != "sha256":
        raise malformed("body: hash_algo: sha256 is taken")
    return await run_in_threadpool(_actions, request, operation, objects)


def _actions(request: Request, operation: str, objects: list[Any]) -> Response:
    if operation == "upload":
        repository, _ = access.writable(request)
        found = [_upload(request, repository, *_object(one)) for one in objects]
    else:
        # By its digest any large file could be had, also one of a private repository.
        access.reader(request)
        repository = access.readable(request)
        found = [_download(request, repository, *_object(one)) for one in objects]
    return JSONResponse(
        {"transfer": "basic", "hash_algo": "sha256", "objects": found}, media_type=_TYPE
    )


def _object(given: Any) -> tuple[str, int]:
    size = given.get("size") if isinstance(given, dict) else None
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= LARGEST:
        raise malformed(f"body: objects: expected oid, and size from 0 to {LARGEST}")
    return names.oid(given.get("oid")), size


def _upload(
    request: Request, repository: Repository, oid: str, size: int
) -> dict[str, Any]:
    hub = access.hub(request)
    stored = hub.objects.size(oid)
    if stored is not None and stored != size:
        return _failed(oid, size, 422, f"stored with {stored} bytes, not {size}")
    if stored is not None:
        return {"oid": oid, "size": size}
    if not hub.objects.has_room(size):
        return _failed(oid, size, 507, "the disk of the server has no room for it")
    put, verify = (
        hub.signer.address(access.base(request), method, repository.id, oid, size)
        for method in ("PUT", "POST")
    )
    actions = {"upload": {"href": put}, "verify": {"href": verify}}
    return {"oid": oid, "size": size, "authenticated": True, "actions": actions}


def _download(
    request: Request, repository: Repository, oid: str, size: int
) -> dict[str, Any]:
    hub = access.hub(request)
    if hub.objects.size(oid) is None:
        return _failed(oid, size, 404, "not stored here")
    base = access.base(request)
    href = hub.signer.address(base, "GET", repository.id, oid, size)
    actions = {"download": {"href": href}}
    return {"oid": oid, "size": size, "authenticated": True, "actions": actions}


def _failed(oid: str, size: int, code: int, message: str) -> dict[str, Any]:
    return {"oid": oid, "size": size, "error": {"code": code, "message": message}}


async def receive(request: Request) -> Response:
    """A file as it comes: in memory there are two chunks, whatever its size."""
    oid, size = _signed(request, "PUT")
    refuse_announced(request, size)
    objects = access.hub(request).objects
    if not objects.has_room(size):
        raise Refusal(507, "the disk of the server has no room for it")
    with objects.receive(oid, size) as incoming:
        await _write(request, incoming, size)
        await run_in_threadpool(incoming.finish)
    return Response(status_code=200)


async def _write(request: Request, incoming: Incoming, size: int) -> None:
    """Hash and write one chunk in a thread while the next one comes.

    A chunk stays the parts that it came in: to join them costs more than to hash them.
    Refusal 413 as soon as there are more bytes than the size.
    """
    parts: list[bytes] = []
    n_bytes, left, writing = 0, size, None
    try:
        async for part in request.stream():
            left -= len(part)
            if left < 0:
                raise too_large(f"a body of more than the announced {size} bytes")
            parts.append(part)
            n_bytes += len(part)
            if n_bytes >= CHUNK or len(parts) == MOST_PARTS:
                if writing is not None:
                    await writing
                writing = asyncio.ensure_future(
                    run_in_threadpool(incoming.write, parts)
                )
                parts, n_bytes = [], 0
    finally:
        if writing is not None:
            await writing
    await run_in_threadpool(incoming.write, parts)


async def verify(request: Request) -> Response:
    """200 where the file is stored with this size, else 404."""
    oid, size = _signed(request, "POST")
    given = await json_object(request)
    stored = access.hub(request).objects.size(oid)
    if not (given.get("oid") == oid and given.get("size") == stored == size):
        raise Refusal(404, f"{oid} with {given.get('size')} bytes is not stored here")
    return JSONResponse({"oid": oid, "size": stored})


def fetch(request: Request) -> Response:
    """A file by its oid, for clients of Git LFS."""
    oid, _ = _signed(request, "GET")
    return large_file(request, access.hub(request).objects, oid, {"ETag": f'"{oid}"'})


def _signed(request: Request, method: str) -> tuple[str, int]:
    """Oid and size of an address that is signed for this use of it."""
    oid = names.oid(request.path_params["oid"])
    query = dict(request.query_params)
    signer = access.hub(request).signer
    return oid, signer.check(query, method, access.identity(request), oid)


_BATCH = "/{namespace}/{name}.git/info/lfs/objects/batch"
_FILE = "/lfs/{kind}/{namespace}/{name}/{oid}"
ROUTES = [
    Route("/{kind}" + _BATCH, batch, methods=["POST"]),
    Route(_BATCH, batch, methods=["POST"]),
    Route(_FILE, receive, methods=["PUT"]),
    Route(_FILE, verify, methods=["POST"]),
    Route(_FILE, fetch, methods=["GET"]),
]

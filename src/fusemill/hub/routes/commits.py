"""Committing: which files go by LFS, and the commit itself.

POST  /api/K/R/preupload/V    {"files": [{"path", "size", "sample"}], "gitIgnore"}
POST  /api/K/R/commit/V       lines of JSON (drafts.py)
"""

import base64
import binascii
import contextlib
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fusemill.hub import access, names
from fusemill.hub.attributes import is_large
from fusemill.hub.bodies import is_true, json_lines, json_object, text
from fusemill.hub.drafts import Draft
from fusemill.hub.ignores import Ignores
from fusemill.hub.refusals import Refusal, malformed
from fusemill.hub.repository import BRANCHES, Repository

MOST_FILES = 1_000  # of one preupload


async def preupload(request: Request) -> Response:
    """How each file is to be sent, whether it is ignored, and what is there now."""
    repository, _ = await run_in_threadpool(access.writable, request)
    _refuse_pull_request(request)
    given = await json_object(request)
    files = given.get("files")
    if not isinstance(files, list) or len(files) > MOST_FILES:
        raise malformed(f"body: files: expected a list of up to {MOST_FILES}")
    rules = given.get("gitIgnore")
    if rules is not None and not isinstance(rules, str):
        raise malformed("body: gitIgnore: expected a text")
    return await run_in_threadpool(_advice, request, repository, files, rules)


def _advice(
    request: Request, repository: Repository, files: list[Any], rules: str | None
) -> Response:
    sha = repository.resolve(access.revision(request))
    if rules is None:
        rules = _committed_ignores(repository, sha)
    ignores = Ignores(rules)
    found = []
    for index, file in enumerate(files):
        if not isinstance(file, dict):
            raise malformed(f"body: files[{index}]: expected an object")
        path = names.file_path(text(file, "path"))
        size = file.get("size", 0)
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise malformed(f"body: files[{index}]: size: expected a number of bytes")
        large = size > 0 and is_large(path, size, _sample(file, index))
        found.append(
            {
                "path": path,
                "uploadMode": "lfs" if large else "regular",
                "shouldIgnore": ignores.leaves_out(path),
                "oid": _present(repository, sha, path),
            }
        )
    return JSONResponse({"files": found, "commitOid": sha})


def _sample(file: dict[str, Any], index: int) -> bytes:
    try:
        return base64.b64decode(text(file, "sample", ""), validate=True)
    except (binascii.Error, ValueError):
        raise malformed(f"body: files[{index}]: sample: not base64") from None


def _committed_ignores(repository: Repository, sha: str) -> str:
    with contextlib.suppress(Refusal):
        entry = repository.entry(sha, ".gitignore")
        if not entry.is_folder and entry.pointer is None:
            return repository.blob(entry.oid).decode(errors="replace")
    return ""


def _present(repository: Repository, sha: str, path: str) -> str | None:
    with contextlib.suppress(Refusal):
        entry = repository.entry(sha, path)
        return None if entry.is_folder else entry.etag
    return None


async def commit(request: Request) -> Response:
    """One commit on a branch, all of it or nothing of it."""
    repository, token = await run_in_threadpool(access.writable, request)
    _refuse_pull_request(request)
    branch = access.revision(request).removeprefix(BRANCHES)
    objects = access.hub(request).objects
    with contextlib.closing(Draft(repository, objects, branch)) as draft:
        async for item, where in json_lines(request):
            await run_in_threadpool(draft.take, item, where)
        sha = await run_in_threadpool(draft.finish, token.name)
    url = f"{access.base(request)}/{repository.id.address}/commit/{sha}"
    return JSONResponse(
        {"success": True, "commitOid": sha, "commitUrl": url, "hookOutput": ""}
    )


def _refuse_pull_request(request: Request) -> None:
    if is_true(request.query_params.get("create_pr", "")):
        raise malformed("this Hub has no pull requests; commit to a branch instead")


_R = "/api/{kind}/{namespace}/{name}"
ROUTES = [
    Route(f"{_R}/preupload/{{revision}}", preupload, methods=["POST"]),
    Route(f"{_R}/commit/{{revision}}", commit, methods=["POST"]),
]

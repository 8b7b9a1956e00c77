"""Branches, tags and the history behind them.

GET           /api/K/R/refs
GET           /api/K/R/commits/V        ?p (page, from 0), ?limit
POST, DELETE  /api/K/R/tag/V            POST {"tag", "message"} at V; DELETE tag V
POST, DELETE  /api/K/R/branch/V         POST {"startingPoint"}
"""

from datetime import UTC, datetime
from itertools import islice
from typing import Any

from dulwich.objects import Commit, ObjectID
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fusemill.hub import access, names
from fusemill.hub.bodies import is_true, json_object, number, text
from fusemill.hub.refusals import Refusal, exists, no_revision
from fusemill.hub.repository import BRANCHES, MAIN, TAGS, Repository
from fusemill.hub.routes.repos import iso
from fusemill.hub.writing import ObjectWriter, move_ref, new_tag, remove_ref

PAGE = 1_000  # commits


def refs(request: Request) -> Response:
    """All branches and tags with the commits that they name."""
    repository = access.readable(request)
    found: dict[str, Any] = {
        "branches": _named(repository, BRANCHES),
        "converts": [],
        "tags": _named(repository, TAGS),
    }
    if is_true(request.query_params.get("include_prs", "")):
        found["pullRequests"] = []
    return JSONResponse(found)


def _named(repository: Repository, prefix: str) -> list[dict[str, str]]:
    return [
        {"name": name, "ref": prefix + name, "targetCommit": sha}
        for name, sha in repository.named(prefix).items()
    ]


def commits(request: Request) -> Response:
    """The history of a revision, newest first, a page at a time."""
    repository = access.readable(request)
    sha = repository.resolve(access.revision(request))
    page = number(request, "p", 0)
    size = min(number(request, "limit", PAGE) or PAGE, PAGE)
    formatted = "formatted" in request.query_params.getlist("expand[]")
    first = page * size
    found = list(islice(repository.history(sha), first, first + size + 1))
    headers = {}
    if len(found) > size:
        here = f"{access.base(request)}/api/{repository.id.kind}/{repository.id}"
        further = f"?p={page + 1}&limit={size}"
        further += "&expand[]=formatted" if formatted else ""
        headers["Link"] = f'<{here}/commits/{sha}{further}>; rel="next"'
    described = [_described(commit, formatted) for commit in found[:size]]
    return JSONResponse(described, headers=headers)


def _described(commit: Commit, formatted: bool) -> dict[str, Any]:
    title, _, message = commit.message.decode(errors="replace").partition("\n")
    user = commit.author.decode(errors="replace").partition(" <")[0]
    found: dict[str, Any] = {
        "id": commit.id.decode(),
        "title": title,
        "message": message.strip(),
        "authors": [{"user": user}],
        "date": iso(datetime.fromtimestamp(commit.commit_time, UTC)),
    }
    if formatted:
        found["formatted"] = {"title": title, "message": message.strip()}
    return found


async def tag(request: Request) -> Response:
    """A new tag at a revision, annotated where it has a message; 409 if it exists."""
    repository, token = await run_in_threadpool(access.writable, request)
    given = await json_object(request)
    name = names.ref_name(text(given, "tag"), "tag")
    message = text({**given, "message": given.get("message") or ""}, "message").strip()

    def add() -> str:
        with repository.lock:
            sha = repository.resolve(access.revision(request))
            _refuse_existing(repository, TAGS + name)
            target = ObjectID(sha.encode())
            if message:
                writer = ObjectWriter(repository)
                target = writer.add(new_tag(name, sha, token.name, message))
                writer.flush()
            move_ref(repository, TAGS + name, None, target)
        return sha

    return JSONResponse({"tag": name, "targetCommit": await run_in_threadpool(add)})


async def branch(request: Request) -> Response:
    """A new branch, from `startingPoint` or the main branch; 409 if it exists."""
    repository, _ = await run_in_threadpool(access.writable, request)
    given = await json_object(request)
    name = names.ref_name(access.revision(request), "branch")
    start = names.revision(text(given, "startingPoint", MAIN))

    def add() -> str:
        with repository.lock:
            sha = repository.resolve(start)
            _refuse_existing(repository, BRANCHES + name)
            move_ref(repository, BRANCHES + name, None, ObjectID(sha.encode()))
        return sha

    return JSONResponse({"branch": name, "targetCommit": await run_in_threadpool(add)})


def _refuse_existing(repository: Repository, ref: str) -> None:
    there = repository.ref(ref)
    if there is not None:
        raise exists(f"{ref} exists already, at {repository.peeled(there)}")


def delete_tag(request: Request) -> Response:
    """A tag goes; the commit stays."""
    return _deleted(request, TAGS)


def delete_branch(request: Request) -> Response:
    """A branch goes; not the main one."""
    if access.revision(request) == MAIN:
        raise Refusal(403, f"the branch {MAIN} cannot be deleted", "Forbidden")
    return _deleted(request, BRANCHES)


def _deleted(request: Request, prefix: str) -> Response:
    repository, _ = access.writable(request)
    name = names.ref_name(access.revision(request), "name")
    with repository.lock:
        if repository.ref(prefix + name) is None:
            raise no_revision(name, str(repository.id))
        remove_ref(repository, prefix + name)
    return JSONResponse({"success": True})


_R = "/api/{kind}/{namespace}/{name}"
ROUTES = [
    Route(f"{_R}/refs", refs),
    Route(f"{_R}/commits/{{revision}}", commits),
    Route(f"{_R}/tag/{{revision}}", tag, methods=["POST"]),
    Route(f"{_R}/tag/{{revision}}", delete_tag, methods=["DELETE"]),
    Route(f"{_R}/branch/{{revision}}", branch, methods=["POST"]),
    Route(f"{_R}/branch/{{revision}}", delete_branch, methods=["DELETE"]),
]

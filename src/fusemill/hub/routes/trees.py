"""What is in a repository at a revision.

GET   /api/K/R/tree/V[/path]       ?recursive, ?expand, ?limit, ?cursor
POST  /api/K/R/paths-info/V        paths=…&paths=…&expand=…
"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from dulwich.objects import Commit
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fusemill.hub import access, names
from fusemill.hub.bodies import fields, is_true, number
from fusemill.hub.refusals import Refusal, too_large
from fusemill.hub.repository import Entry, Repository
from fusemill.hub.routes.repos import iso

PAGE = 1_000  # entries
PAGE_EXPANDED = 50
MOST_PATHS = 1_000


def tree(request: Request) -> Response:
    """The entries of a folder by path, a page at a time (Link: …; rel="next")."""
    repository = access.readable(request)
    sha, path = repository.resolve(access.revision(request)), access.path(request)
    query = request.query_params
    recursive = is_true(query.get("recursive", ""))
    expand = is_true(query.get("expand", ""))
    most = PAGE_EXPANDED if expand else PAGE
    size = min(number(request, "limit", most) or most, most)
    first = number(request, "cursor", 0)
    entries = repository.entries(sha, path, recursive)
    headers = {"X-Repo-Commit": sha}
    if first + size < len(entries):
        # The commit, not the branch: it may move between two pages.
        here = f"{access.base(request)}/api/{repository.id.kind}/{repository.id}"
        here += f"/tree/{sha}"
        here += f"/{names.encoded(path)}" if path else ""
        further = {"recursive": recursive, "expand": expand, "limit": size}
        further["cursor"] = first + size
        headers["Link"] = f'<{here}?{urlencode(further)}>; rel="next"'
    page = entries[first : first + size]
    return JSONResponse(described(repository, sha, page, expand), headers=headers)


async def paths_info(request: Request) -> Response:
    """The entries at these paths; those that are not there are left out."""
    given = await fields(request)
    paths = list(dict.fromkeys(given.get("paths", [])))
    if len(paths) > MOST_PATHS:
        raise too_large(f"{len(paths)} paths; {MOST_PATHS} are taken at once")
    expand = is_true(given.get("expand", [""])[0])
    return await run_in_threadpool(_found, request, paths, expand)


def _found(request: Request, paths: list[str], expand: bool) -> Response:
    repository = access.readable(request)
    sha = repository.resolve(access.revision(request))
    entries = []
    for path in paths:
        try:
            entries.append(repository.entry(sha, names.file_path(path.strip("/"))))
        except Refusal as refusal:
            if refusal.status != 404:
                raise
    return JSONResponse(
        described(repository, sha, entries, expand), headers={"X-Repo-Commit": sha}
    )


def described(
    repository: Repository, sha: str, entries: list[Entry], expand: bool
) -> list[dict[str, Any]]:
    """Entries as the Hub describes them; `expand` adds each one's last commit."""
    last: dict[str, Commit] = {}
    if expand:
        last = repository.last_commits(sha, {entry.path for entry in entries})
    found = []
    for entry in entries:
        one: dict[str, Any] = {
            "type": "directory" if entry.is_folder else "file",
            "oid": entry.oid,
            "size": entry.size,
            "path": entry.path,
        }
        if entry.pointer is not None:
            size = len(entry.pointer.encode())
            oid = entry.pointer.oid
            one["lfs"] = {"oid": oid, "size": entry.size, "pointerSize": size}
        if entry.path in last:
            one["lastCommit"] = _commit(last[entry.path])
        found.append(one)
    return found


def _commit(commit: Commit) -> dict[str, str]:
    date = datetime.fromtimestamp(commit.commit_time, UTC)
    title = commit.message.decode(errors="replace").partition("\n")[0]
    return {"id": commit.id.decode(), "title": title, "date": iso(date)}


_R = "/api/{kind}/{namespace}/{name}"
ROUTES = [
    Route(f"{_R}/tree/{{revision}}", tree),
    Route(f"{_R}/tree/{{revision}}/{{path:path}}", tree),
    Route(f"{_R}/paths-info/{{revision}}", paths_info, methods=["POST"]),
]

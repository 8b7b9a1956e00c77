"""A file at a revision, by the address that every client downloads from.

HEAD, GET  /[datasets/]R/resolve/V/path
"""

from urllib.parse import quote

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fusemill.hub import access, names
from fusemill.hub.downloads import large_file, small_file
from fusemill.hub.refusals import Refusal, no_entry
from fusemill.hub.repository import Entry


def resolve(request: Request) -> Response:
    """The bytes of a file; ETag is git's sha1, or the sha256 of a large file."""
    repository = access.readable(request)
    sha = repository.resolve(access.revision(request))
    path = access.path(request)
    entry = repository.entry(sha, path) if path else None
    if entry is None or entry.is_folder:
        raise no_entry(path, sha)
    headers = _headers(entry, sha)
    if entry.pointer is not None:
        headers["X-Linked-Size"] = str(entry.size)
        headers["X-Linked-ETag"] = headers["ETag"]
        objects = access.hub(request).objects
        return large_file(request, objects, entry.pointer.oid, headers)
    data = repository.blob(entry.oid)
    headers["Content-Type"] = _type(data)
    return small_file(request, data, headers)


def _headers(entry: Entry, sha: str) -> dict[str, str]:
    name = entry.path.rpartition("/")[2]
    return {
        "X-Repo-Commit": sha,
        "ETag": f'"{entry.etag}"',
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(name, safe='')}",
        # Files are data: a browser must neither guess what they are nor run them.
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }


def _type(data: bytes) -> str:
    try:
        data.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/plain; charset=utf-8"


def no_namespace(request: Request) -> Response:
    """404: names without a namespace, as some models of the real Hub have, are none."""
    name = request.path_params["name"]
    raise Refusal(404, f"{name}: repositories are NAMESPACE/NAME here", "RepoNotFound")


class _Kind(StringConvertor):
    """A kind, and no namespace of a model one of whose branches is called resolve."""

    regex = "|".join(names.KINDS)


register_url_convertor("kind", _Kind())
_PATH = "/{namespace}/{name}/resolve/{revision}/{path:path}"
ROUTES = [
    Route("/{kind:kind}" + _PATH, resolve),
    Route(_PATH, resolve),
    Route("/{name}/resolve/{revision}/{path:path}", no_namespace),
]

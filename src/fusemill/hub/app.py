"""The application: routes, and how errors are told."""

import sys
import traceback

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fusemill.errors import FusemillError, StorageError
from fusemill.hub import access
from fusemill.hub.access import Hub
from fusemill.hub.gate import Gate
from fusemill.hub.refusals import Refusal, gone
from fusemill.hub.routes import (
    account,
    commits,
    large_files,
    refs,
    repos,
    resolve,
    trees,
)

LONGEST_MESSAGE = 2_000  # characters; a message may quote what a request said

ROUTES = [
    *account.ROUTES,
    *large_files.ROUTES,
    *resolve.ROUTES,
    *repos.ROUTES,
    *trees.ROUTES,
    *refs.ROUTES,
    *commits.ROUTES,
]

# What the real Hub has and this one has not, by a part of its address.
ABSENT = {
    "/xet": "it has no xet: set HF_HUB_DISABLE_XET=1",
    "/super-squash/": "it keeps every commit",
    "/discussions": "it has no pull requests and no discussions",
    "/api/repos/move": "it renames no repositories",
    "/duplicate": "it copies no repositories",
}


def application(hub: Hub, hosts: frozenset[str], quiet: bool = False) -> Gate:
    """The ASGI application of a Hub that is reached as one of these hosts."""
    app = Starlette(
        routes=list(ROUTES),
        exception_handlers={
            Refusal: _refused,
            FusemillError: _failed,
            KeyError: _missing,
            HTTPException: _unknown,
            Exception: _broken,
        },
    )
    app.router.redirect_slashes = False
    app.state.hub = hub
    return Gate(app, hosts, quiet)


def _answer(
    status: int, message: str, code: str | None, headers: dict[str, str]
) -> Response:
    # JSON carries no half of a surrogate pair, headers nothing but ASCII.
    message = message[:LONGEST_MESSAGE].encode(errors="backslashreplace").decode()
    plain = message.encode("ascii", "replace").decode()
    plain = "".join(c if c.isprintable() else " " for c in plain)
    told = {"X-Error-Message": plain, **({"X-Error-Code": code} if code else {})}
    return JSONResponse({"error": message}, status, {**headers, **told})


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return _answer(error.status, str(error), error.code, error.headers)


def _failed(request: Request, error: Exception) -> Response:
    if access.is_deleted(request):
        return _missing(request, error)
    print(f"error: {error}", file=sys.stderr, flush=True)
    status = 507 if isinstance(error, StorageError) else 500
    return _answer(status, str(error), None, {})


def _missing(request: Request, error: Exception) -> Response:
    """An object that is not there: its repository was deleted meanwhile, or is torn."""
    if access.is_deleted(request):
        return _refused(request, gone(access.identity(request)))
    return _broken(request, error)


def _unknown(request: Request, error: Exception) -> Response:
    """No such address, or not with this method."""
    assert isinstance(error, HTTPException)
    path = request.scope["path"]
    message = f"{request.method} {path}: not an address of this Hub"
    for part, why in ABSENT.items():
        if part in path:
            message += f"; {why}"
    return _answer(error.status_code, message, None, dict(error.headers or {}))


def _broken(_: Request, error: Exception) -> Response:
    traceback.print_exception(error, file=sys.stderr)
    return _answer(500, "the server failed; its log says why", None, {})

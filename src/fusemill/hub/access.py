"""Who asks, for which repository, and whether they may.

An invalid token is refused everywhere (401). Without a token, what is private and what
does not exist look the same: 401 with RepoNotFound, which is what the real Hub says.
"""

from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from fusemill.hub import names
from fusemill.hub.objects import Objects
from fusemill.hub.refusals import Refusal, gone
from fusemill.hub.repositories import Repositories, settings
from fusemill.hub.repository import Repository
from fusemill.hub.signatures import Signer
from fusemill.hub.tokens import Token, Tokens


@dataclass(frozen=True)
class Hub:
    """What is served."""

    folder: Path
    repositories: Repositories
    objects: Objects
    tokens: Tokens
    signer: Signer

    @classmethod
    def of(cls, folder: Path) -> "Hub":
        """The Hub of a folder, made where it is not there yet."""
        objects = Objects(folder)
        objects.prepare()
        signer = Signer(folder)
        return cls(folder, Repositories(folder), objects, Tokens(folder), signer)


def hub(request: Request) -> Hub:
    """What this server serves."""
    found: Hub = request.app.state.hub
    return found


def base(request: Request) -> str:
    """The address under which the client reached this server; its Host was checked."""
    return f"{request.url.scheme}://{request.headers['host']}"


def caller(request: Request) -> Token | None:
    """Whose token came; None where none did. Refusal 401 for one that is not known."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, secret = header.partition(" ")
    found = hub(request).tokens.find(secret) if scheme.lower() == "bearer" else None
    if found is None:
        raise Refusal(401, "Invalid credentials in Authorization header")
    return found


def reader(request: Request) -> Token:
    """Any token, for what strangers do not get. Refusal 401 without one."""
    token = caller(request)
    if token is None:
        message = "a token is needed here: Authorization: Bearer …"
        raise Refusal(401, message, "Unauthorized")
    return token


def writer(request: Request) -> Token:
    """The token of one who may write. Refusal 401 without one, 403 with a weak one."""
    token = reader(request)
    if not token.can_write:
        raise Refusal(403, f"the token of {token.name} may only read", "Forbidden")
    return token


def identity(request: Request, default_kind: str = "models") -> names.RepositoryId:
    """The repository that the URL names."""
    given = request.path_params
    return names.repository_id(
        given.get("kind", default_kind),
        names.decoded(given["namespace"]),
        names.decoded(given["name"]),
    )


def readable(request: Request) -> Repository:
    """The repository of the URL, for reading."""
    return _visible(request, identity(request), caller(request))


def writable(request: Request) -> tuple[Repository, Token]:
    """The repository of the URL and the writer's token."""
    token = writer(request)
    return _visible(request, identity(request), token), token


def _visible(
    request: Request, wanted: names.RepositoryId, token: Token | None
) -> Repository:
    found = hub(request).repositories.find(wanted)
    if token is None and (found is None or settings(found)["private"]):
        raise Refusal(
            401,
            f"{wanted.type} {wanted} is not here, or is private and needs a token",
            "RepoNotFound",
        )
    if found is None:
        raise gone(wanted)
    request.state.repository = found
    return found


def is_deleted(request: Request) -> bool:
    """Whether the repository of this request was deleted while it was served."""
    found: Repository | None = getattr(request.state, "repository", None)
    return found is not None and found.deleted


def revision(request: Request) -> str:
    """The revision that the URL names."""
    return names.revision(names.decoded(request.path_params["revision"]))


def path(request: Request) -> str:
    """The path in the repository that the URL names; '' for its root."""
    given = names.decoded(request.path_params.get("path", "")).strip("/")
    return names.file_path(given) if given else ""

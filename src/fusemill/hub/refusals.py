"""What the server answers where a request cannot be met."""

from typing import TYPE_CHECKING

from fusemill.errors import HubError

if TYPE_CHECKING:
    from fusemill.hub.names import RepositoryId


class Refusal(HubError):
    """An answer with an error status.

    `code` goes into X-Error-Code, by which clients choose the exception they raise;
    `headers` are further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers or {}


def malformed(message: str) -> Refusal:
    """400: the request is not what is expected; the message says where."""
    return Refusal(400, message, "BadRequest")


def gone(repository: "RepositoryId") -> Refusal:
    """404: there is no such repository, or it is not to be seen."""
    return Refusal(404, f"no {repository.type} {repository} here", "RepoNotFound")


def no_revision(revision: str, where: str) -> Refusal:
    """404: no such branch, tag or commit."""
    return Refusal(
        404,
        f"{where}: no branch, tag or full commit id {revision!r}",
        "RevisionNotFound",
    )


def no_entry(path: str, commit: str) -> Refusal:
    """404: no such file or folder at a commit, which clients remember."""
    return Refusal(
        404,
        f"{path!r} is not in commit {commit}",
        "EntryNotFound",
        {"X-Repo-Commit": commit},
    )


def exists(message: str) -> Refusal:
    """409: the name is taken."""
    return Refusal(409, message, "Conflict")


def too_large(message: str) -> Refusal:
    """413: more bytes than are taken."""
    return Refusal(413, message, "PayloadTooLarge")

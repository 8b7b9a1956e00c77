"""A dataset repository on a Hub, as publishing and pulling see it.

The same calls reach the real Hub and `fusemill hub serve`: HF_ENDPOINT says which, and
HF_TOKEN (or what `hf auth login` stored) as whom. No token gets into a message.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fusemill.errors import RemoteError
from fusemill.release.endpoint import REAL_HUB, endpoint

if TYPE_CHECKING:
    from huggingface_hub import HfApi

T = TypeVar("T")

CHUNK = 1 << 20
WAITS_S = (1, 2, 4)  # before the second to the fourth try
CONNECT_S, NEXT_BYTES_S = 10.0, 60.0  # how long an answer is waited for
RECENT = 50  # commits that are looked through for one of ours
GIT_ATTRIBUTES = ".gitattributes"  # the Hub's own: says which files are large ones
# Stale parent or tag, too many requests, a server in trouble: look, and try again.
_MAY_PASS = {408, 409, 412, 429, 500, 502, 503, 504}
_TOKEN = "HF_TOKEN (or `hf auth login`)"  # noqa: S105 - where one is set, not one


@dataclass(frozen=True)
class Blob:
    """What a commit holds under a name; of two digests the Hub states one."""

    size: int
    sha256: str | None  # of a large file
    git_sha1: str | None  # of a small one, as git names blobs


@dataclass(frozen=True)
class Change:
    """One commit: files to send by name, names to delete, and what it says.

    The digests save the client from reading every large file once more to find them.
    """

    files: dict[str, Path]
    sha256: dict[str, str]  # of each file, by name
    deleted: list[str]
    title: str
    description: str


@dataclass(frozen=True)
class Repository:
    """namespace/name at an endpoint. Every call may raise RemoteError."""

    repo: str
    endpoint: str

    @classmethod
    def named(cls, repo: str) -> "Repository":
        """The repository on the Hub that the environment names."""
        return cls(repo, endpoint())

    def __str__(self) -> str:
        """Where it is, without a name or password that the address may hold."""
        return f"{self.repo} at {re.sub('//[^/@]*@', '//', self.endpoint)}"

    @cached_property
    def api(self) -> "HfApi":
        """The Hub's client; large files go by xet only where xet surely is."""
        from huggingface_hub import HfApi, constants

        if self.endpoint != REAL_HUB and "HF_HUB_DISABLE_XET" not in os.environ:
            constants.HF_HUB_DISABLE_XET = True
        return HfApi(endpoint=self.endpoint)

    def make(self, private: bool) -> None:
        """Make the repository where it is missing; one that is there stays as it is."""
        with self._answered("cannot be made"):
            self.api.create_repo(
                self.repo, repo_type="dataset", private=private, exist_ok=True
            )

    def head(self) -> str | None:
        """Commit of the branch main, None where there is none yet."""
        from huggingface_hub.errors import RevisionNotFoundError

        with self._answered("cannot be read"):
            try:
                return self.api.dataset_info(self.repo, revision="main").sha
            except RevisionNotFoundError:
                return None

    def is_private(self) -> bool | None:
        """Whether it is; None where it is not there, or this token may not see it."""
        from huggingface_hub.errors import RepositoryNotFoundError

        with self._answered("cannot be read"):
            try:
                return bool(self.api.dataset_info(self.repo).private)
            except RepositoryNotFoundError:
                return None

    def tagged(self, tag: str) -> str | None:
        """Commit of a tag, None where there is no such tag."""
        with self._answered("cannot be read"):
            refs = self.api.list_repo_refs(self.repo, repo_type="dataset")
        found = [ref.target_commit for ref in refs.tags if ref.name == tag]
        return found[0] if found else None

    def recent(self, title: str) -> list[str]:
        """The latest commits of main with this title, newest first."""
        with self._answered("cannot be read"):
            commits = self.api.list_repo_commits(
                self.repo, repo_type="dataset", revision="main"
            )
        return [c.commit_id for c in commits[:RECENT] if c.title == title]

    def tree(self, commit: str) -> dict[str, Blob]:
        """Every file of a commit by name, but for .gitattributes."""
        from huggingface_hub.hf_api import RepoFile

        with self._answered("cannot be read"):
            entries = self.api.list_repo_tree(
                self.repo, recursive=True, revision=commit, repo_type="dataset"
            )
            return {
                entry.path: Blob(entry.size, None, entry.blob_id)
                if entry.lfs is None
                else Blob(entry.size, entry.lfs.sha256, None)
                for entry in entries
                if isinstance(entry, RepoFile) and entry.path != GIT_ATTRIBUTES
            }

    def commit(self, change: Change, parent: str | None) -> str:
        """Commit on main, on this parent alone; returns the commit's id."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete
        from huggingface_hub.utils import (  # type: ignore[attr-defined]
            disable_progress_bars,
        )

        if not sys.stderr.isatty():
            disable_progress_bars()  # a log would get a line for each of its steps
        add = [
            CommitOperationAdd(path_in_repo=name, path_or_fileobj=path)
            for name, path in change.files.items()
        ]
        for one in add:
            one.upload_info.sha256 = bytes.fromhex(change.sha256[one.path_in_repo])
        delete = [
            CommitOperationDelete(name, is_folder=False) for name in change.deleted
        ]
        with self._answered("refused the commit"):
            info = self.api.create_commit(
                self.repo,
                [*add, *delete],
                commit_message=change.title,
                commit_description=change.description,
                repo_type="dataset",
                parent_commit=parent,
            )
        return info.oid

    def tag(self, tag: str, commit: str, message: str) -> None:
        """Give a commit a tag that is not there yet."""
        with self._answered(f"refused the tag {tag}"):
            self.api.create_tag(
                self.repo,
                tag=tag,
                tag_message=message,
                revision=commit,
                repo_type="dataset",
            )

    def read(self, name: str, commit: str, start: int = 0) -> Iterator[bytes]:
        """Bytes of a file at a commit from `start` on, as they come."""
        import httpx2
        from huggingface_hub import hf_hub_url
        from huggingface_hub.utils import (  # type: ignore[attr-defined]
            build_hf_headers,
            get_session,
            hf_raise_for_status,
        )

        url = hf_hub_url(
            self.repo,
            name,
            repo_type="dataset",
            revision=commit,
            endpoint=self.api.endpoint,
        )
        # As it is stored: a compressed answer could not be taken up in the middle.
        headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
        timeout = httpx2.Timeout(NEXT_BYTES_S, connect=CONNECT_S)
        if start:
            headers["Range"] = f"bytes={start}-"
        with (
            self._answered(f"{name} cannot be read"),
            get_session().stream(
                "GET", url, headers=headers, timeout=timeout
            ) as response,
        ):
            hf_raise_for_status(response)
            left_out = start if response.status_code == httpx2.codes.OK else 0
            for chunk in response.iter_bytes(CHUNK):
                yield chunk[left_out:]
                left_out = max(left_out - len(chunk), 0)

    @contextmanager
    def _answered(self, what: str) -> Iterator[None]:
        """Turns what the client raises into a RemoteError that says what to do."""
        import httpx2
        from huggingface_hub.errors import (
            HfHubHTTPError,
            LocalTokenNotFoundError,
            OfflineModeIsEnabled,
        )

        try:
            yield
        except OfflineModeIsEnabled:
            raise RemoteError(
                f"{self}: {what}: HF_HUB_OFFLINE is set; unset it, or go where "
                "there is a network"
            ) from None
        except LocalTokenNotFoundError:
            raise RemoteError(f"{self}: {what}: no token; set {_TOKEN}") from None
        except (httpx2.HTTPError, RuntimeError) as error:
            # A large file's failure comes wrapped.
            cause = error if isinstance(error, httpx2.HTTPError) else error.__cause__
            if isinstance(cause, HfHubHTTPError):
                status = cause.response.status_code
                said = " ".join((cause.server_message or "").split())
                raise RemoteError(
                    f"{self}: {what}: HTTP {status}{f' ({said})' if said else ''}. "
                    f"{_what_to_do(status)}",
                    may_pass=status in _MAY_PASS,
                ) from None
            if not isinstance(cause, httpx2.HTTPError):
                raise
            raise RemoteError(
                f"{self}: {what}: no answer ({type(cause).__name__}). Check "
                "HF_ENDPOINT, the network, and whether the server runs; then try again",
                may_pass=True,
            ) from None
        except UnicodeEncodeError:
            raise RemoteError(
                f"{self}: {what}: HF_TOKEN has characters that no token has; set "
                f"{_TOKEN} as it was given out"
            ) from None
        except ValueError as error:  # what the client itself finds wrong
            said = " ".join(str(error).split())
            raise RemoteError(f"{self}: {what}: {said}") from None


def persist(attempt: Callable[[], T], say: Callable[[str], None]) -> T:
    """What `attempt` returns, made again after errors that may pass; four times.

    An attempt first looks what was done: a reply that is lost leaves its deed.
    """
    for wait_s in WAITS_S:
        try:
            return attempt()
        except RemoteError as error:
            if not error.may_pass:
                raise
            say(f"{error}. Trying again in {wait_s} s")
            time.sleep(wait_s)
    return attempt()


def _what_to_do(status: int) -> str:
    if status == 401:
        return f"Set {_TOKEN} to a token that may do this; check the repository's name"
    if status == 403:
        return f"The token has not the right to do this: set {_TOKEN} to one that may"
    if status == 404:
        return (
            "Check the repository's name, HF_ENDPOINT, and, where it is private, that "
            f"{_TOKEN} is a token that may see it"
        )
    if status == 412:
        return "Somebody else committed meanwhile"
    if status not in _MAY_PASS:
        return "What it says must be put right first; what was sent is kept"
    return "Try again; what was sent is kept"

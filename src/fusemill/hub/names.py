"""Every name that comes from outside is checked here before anything is done with it.

/api/datasets/ada/tasks/tree/v1.0.0/data%2Ftrain.parquet
     kind     └ id ───┘      └ revision └ path
"""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

from dulwich.refs import Ref, check_ref_format

from fusemill.hub.refusals import malformed

KINDS = {"datasets": "dataset", "models": "model"}
TYPES = {kind: name for name, kind in KINDS.items()}
LONGEST_PATH = 1_000  # characters
LONGEST_PART = 240  # bytes, of a path or a ref; file systems take 255

_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_-])?")
# What git itself refuses in a tree: .git as Windows (.git., .git::$x, GIT~1) and macOS
# (invisible characters within) read it. And .gitmodules: there are no submodules here.
_GITS_OWN = re.compile(r"\.git(?=[. ]*(?::|$))|git~|\.gitmodules|gitmod~|gi7eba~")
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_RESERVED = {"api", "datasets", "models", "spaces", "lfs", "buckets", "kernels"}
_SHA1 = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, order=True)
class RepositoryId:
    """A repository: kind (datasets, models), namespace and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def type(self) -> str:
        """What one of its kind is called: dataset, model."""
        return KINDS[self.kind]

    @property
    def folder(self) -> Path:
        """Its folder, relative to the served one."""
        return Path(self.kind, self.namespace, f"{self.name}.git")

    @property
    def address(self) -> str:
        """Its path on the web: models have no prefix."""
        return f"{self}" if self.kind == "models" else f"{self.kind}/{self}"


def repository_id(kind: str, namespace: str, name: str) -> RepositoryId:
    """A checked id. Refusal 400 where a part is not letters, digits, `-`, `_`, `.`.

    >>> repository_id("datasets", "ada", "tasks").address
    'datasets/ada/tasks'
    """
    if kind not in KINDS:
        raise malformed(f"{kind!r}: datasets and models are served here, nothing else")
    for part in (namespace, name):
        if not _PART.fullmatch(part) or ".." in part or "--" in part:
            raise malformed(
                f"repository {namespace!r}/{name!r}: a name is 1 to 96 letters, "
                "digits, '-', '_' and '.', not '--' or '..', not a '.' at an end"
            )
    if namespace.lower() in _RESERVED:
        raise malformed(f"namespace {namespace!r} is a path of this server's own")
    if name.endswith(".git"):
        raise malformed(f"repository name {name!r}: '.git' at the end is not taken")
    return RepositoryId(kind, namespace, name)


def file_path(text: str) -> str:
    """A checked path of a file or folder in a repository.

    >>> file_path("data/train.parquet")
    'data/train.parquet'
    """
    why = _against_path(text)
    if why:
        raise malformed(f"path {text[:200]!r}: {why}")
    return text


def _against_path(text: str) -> str | None:
    if not text or len(text) > LONGEST_PATH:
        return f"expected 1 to {LONGEST_PATH} characters"
    if any(ord(c) < 32 or ord(c) == 127 for c in text) or "\\" in text:
        return "control characters and backslashes are not taken"
    try:
        parts = [(part, len(part.encode())) for part in text.split("/")]
    except UnicodeEncodeError:
        return "not valid Unicode"
    faults = (_against_part(part, size) for part, size in parts)
    return next((why for why in faults if why), None)


def _against_part(part: str, size: int) -> str | None:
    if part in ("", ".", ".."):
        return "empty parts, '.' and '..' are not taken"
    if _GITS_OWN.match(_IGNORED.sub("", part).lower()):
        return f"a part {part!r} is git's own"
    return f"a part is over {LONGEST_PART} bytes" if size > LONGEST_PART else None


def revision(text: str) -> str:
    """A branch, a tag, a full ref or 40 hex digits; only its form is checked."""
    full = text if text.startswith("refs/") else f"refs/heads/{text}"
    if len(text) > LONGEST_PATH or not _is_ref(full):
        raise malformed(f"revision {text[:200]!r} is no name of a branch or tag")
    return text


def ref_name(text: str, what: str) -> str:
    """A checked name for a new branch or tag: not one that reads as a commit id."""
    if (
        not _is_ref(f"refs/heads/{text}")
        or text.startswith(("-", "refs/"))
        or text == "HEAD"
        or is_commit_id(text.lower())
    ):
        raise malformed(f"{what} {text[:200]!r}: not a name that git takes for one")
    return text


def _is_ref(full: str) -> bool:
    try:
        encoded = full.encode()
    except UnicodeEncodeError:
        return False
    short = all(len(part) <= LONGEST_PART for part in encoded.split(b"/"))
    return short and len(encoded) <= LONGEST_PATH and check_ref_format(Ref(encoded))


def is_commit_id(text: str) -> bool:
    """Whether this is a full commit id: 40 hex digits in lower case."""
    return bool(_SHA1.fullmatch(text))


def oid(text: object) -> str:
    """A checked id of a large file: the sha256 of its bytes, 64 hex digits."""
    if not isinstance(text, str) or not _SHA256.fullmatch(text):
        raise malformed(f"oid {str(text)[:200]!r}: expected 64 hex digits (sha256)")
    return text


def decoded(segment: str) -> str:
    """A part of a URL's path, percent-decoded. Refusal 400 where it is not UTF-8."""
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise malformed(f"{segment[:200]!r} in the URL is not UTF-8") from None


def encoded(path: str) -> str:
    """A path in a repository as part of a URL."""
    return quote(path, safe="/")


def suffix(path: str) -> str:
    """What a file's name ends with, in lower case: `.parquet`."""
    return PurePosixPath(path).suffix.lower()

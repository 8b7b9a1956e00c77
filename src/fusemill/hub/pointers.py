"""What stands in git for a large file: a pointer of Git LFS, spec v1."""

import re
from dataclasses import dataclass

LONGEST = 200  # bytes; a pointer with an oid of sha256 and any size is shorter

_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n"
    rb"oid sha256:([0-9a-f]{64})\nsize (0|[1-9][0-9]{0,15})\n"
)


@dataclass(frozen=True)
class Pointer:
    """A large file: sha256 and size in bytes."""

    oid: str
    size: int

    def encode(self) -> bytes:
        """The blob that stands for it.

        >>> Pointer("0" * 64, 5).encode().splitlines()[2]
        b'size 5'
        """
        return (
            "version https://git-lfs.github.com/spec/v1\n"
            f"oid sha256:{self.oid}\nsize {self.size}\n"
        ).encode()


def pointer(blob: bytes) -> Pointer | None:
    """The pointer that a blob is; None for any other blob."""
    found = _POINTER.fullmatch(blob) if len(blob) <= LONGEST else None
    return Pointer(found[1].decode(), int(found[2])) if found else None

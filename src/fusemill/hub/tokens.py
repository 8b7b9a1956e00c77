"""Who may read and write. Of a token only the sha256 is kept: tokens/<sha256>.json.

    {"name": "ada", "rights": "write", "created": "2026-11-27T16:40:02+00:00"}

`name` is the user that whoami tells, commits are signed with, and repositories without
a namespace go to.
"""

import hashlib
import json
import os
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from fusemill.durable import (
    fsync,
    make_folder,
    place,
    storage,
    temporary_name,
    write_text,
)
from fusemill.errors import HubError

Rights = Literal["read", "write"]
FIRST_USER = "local"


@dataclass(frozen=True)
class Token:
    """What a token stands for."""

    name: str
    rights: Rights
    created: str

    @property
    def can_write(self) -> bool:
        """Whether it may create, commit, tag and delete."""
        return self.rights == "write"


class Tokens:
    """The tokens of one folder; one that is added or removed counts at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "tokens"
        self.first = folder / "token.txt"

    def add(self, name: str, rights: Rights) -> str:
        """A new token, in clear; it cannot be shown again."""
        if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38}[A-Za-z0-9])?", name):
            raise HubError(
                f"token name {name!r}: expected 1 to 40 letters, digits, '-' and '_', "
                "with a letter or digit at both ends"
            )
        secret = _new()
        self._keep(secret, name, rights)
        return secret

    def add_first(self) -> None:
        """A write token where there is none yet, kept in token.txt (mode 0600)."""
        if not any(token.can_write for token in self.list()):
            secret = _new()
            # First what can be read: a token that nobody was told would count as one.
            write_private(self.first, f"{secret}\n".encode())
            self._keep(secret, FIRST_USER, "write")

    def find(self, secret: str) -> Token | None:
        """What a token stands for; None for one that is not (or no longer) known."""
        try:
            kept = json.loads(self._path(secret).read_text("utf-8"))
        except FileNotFoundError:
            return None
        return Token(**kept)

    def list(self) -> list[Token]:
        """All tokens, by name and age."""
        kept = (json.loads(p.read_text("utf-8")) for p in self.folder.glob("*.json"))
        found = [Token(**one) for one in kept]
        return sorted(found, key=lambda token: (token.name, token.created))

    def remove(self, name: str) -> int:
        """Remove every token of a name, token.txt too if it is one; how many."""
        n_removed = 0
        for path in list(self.folder.glob("*.json")):
            if json.loads(path.read_text("utf-8"))["name"] == name:
                path.unlink()
                n_removed += 1
        if n_removed:
            fsync(self.folder)
        if self.first.exists() and self.find(self.first.read_text().strip()) is None:
            self.first.unlink()
        return n_removed

    def _keep(self, secret: str, name: str, rights: Rights) -> None:
        created = datetime.now(UTC).isoformat(timespec="seconds")
        kept = json.dumps(asdict(Token(name, rights, created)))
        write_text(self._path(secret), kept + "\n", "hub.token")

    def _path(self, secret: str) -> Path:
        digest = hashlib.sha256(secret.encode(errors="replace")).hexdigest()
        return self.folder / f"{digest}.json"


def _new() -> str:
    return f"fusemill_{secrets.token_hex(20)}"


def write_private(path: Path, content: bytes) -> None:
    """A small file that only its owner can read, written as a whole."""
    with storage(path):
        make_folder(path.parent)
        temporary = temporary_name(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(content)
        place(temporary, path, "hub.private")

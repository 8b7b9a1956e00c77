"""Addresses of large files that carry their own right, for a while.

Clients send no token with an upload; the address that the LFS batch call gave them is
signed for one method, repository, oid and size:

    /lfs/datasets/ada/tasks/<oid>?size=52&expires=1793…&signature=<hex>
"""

import hmac
import secrets
import time
from pathlib import Path
from urllib.parse import urlencode

from fusemill.hub.names import RepositoryId
from fusemill.hub.refusals import Refusal
from fusemill.hub.tokens import write_private

LIFETIME_S = 6 * 3600


class Signer:
    """Signs and checks with the key of one folder (signing.key, mode 0600)."""

    def __init__(self, folder: Path) -> None:
        path = folder / "signing.key"
        if not path.exists():
            write_private(path, secrets.token_bytes(32))
        self._key = path.read_bytes()

    def address(
        self, base: str, method: str, repository: RepositoryId, oid: str, size: int
    ) -> str:
        """A signed URL, good for LIFETIME_S seconds."""
        expires = int(time.time()) + LIFETIME_S
        signature = self._signature(method, repository, oid, size, expires)
        query = {"size": size, "expires": expires, "signature": signature}
        path = f"lfs/{repository.kind}/{repository}/{oid}"
        return f"{base}/{path}?{urlencode(query)}"

    def check(
        self,
        query: dict[str, str],
        method: str,
        repository: RepositoryId,
        oid: str,
    ) -> int:
        """The size an address is signed for. Refusal 403 where it is forged or old."""
        try:
            size, expires = int(query["size"]), int(query["expires"])
            given = query["signature"].encode("ascii")
        except (KeyError, ValueError):
            raise Refusal(403, "the address is not signed", "Forbidden") from None
        right = self._signature(method, repository, oid, size, expires).encode()
        if not hmac.compare_digest(given, right):
            raise Refusal(403, "the signature of the address is wrong", "Forbidden")
        if expires < time.time():
            raise Refusal(403, "the address has expired; ask for another", "Forbidden")
        return size

    def _signature(
        self, method: str, repository: RepositoryId, oid: str, size: int, expires: int
    ) -> str:
        text = f"{method}\n{repository.kind}/{repository}\n{oid}\n{size}\n{expires}"
        return hmac.digest(self._key, text.encode(), "sha256").hex()

"""HTTP connections: one a client, since a client looks through all that it has.

With 64 under way a single httpx2 client spends a third of its time on that.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from fusemill import __version__

CONNECT_S = 20.0
# Below the five seconds after which uvicorn, and so vLLM, closes an idle connection:
# one that is closed while a request is being sent costs a try.
IDLE_S = 4.0


class Connections:
    """Clients that send the key and follow no redirect; as many as are used at once."""

    def __init__(self, key: str | None) -> None:
        self._headers = {
            "Content-Type": "application/json",
            "User-Agent": f"fusemill/{__version__}",
        }
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._certificates = httpx2.create_ssl_context()  # slow to make: one for all
        self._idle: list[httpx2.AsyncClient] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[httpx2.AsyncClient]:
        """A client for one request; the one that was last used, which is still warm."""
        client = self._idle.pop() if self._idle else self._new()
        try:
            yield client
        finally:
            self._idle.append(client)

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._idle:
            await client.aclose()

    def _new(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            headers=self._headers,
            verify=self._certificates,
            timeout=httpx2.Timeout(None, connect=CONNECT_S),
            limits=httpx2.Limits(keepalive_expiry=IDLE_S),
        )

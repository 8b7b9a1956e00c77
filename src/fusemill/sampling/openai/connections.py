"""HTTP connections: one a client, since a client looks through all that it has.

With 64 under way a single httpx2 client spends a third of its time on that.
"""

import urllib.request
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

import httpx2

from fusemill import __version__
from fusemill.errors import EngineError

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
        with of_the_environment():
            self._certificates = (
                httpx2.create_ssl_context()
            )  # slow to make: one for all
            self._idle = [self._new()]

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


@contextmanager
def of_the_environment() -> Iterator[None]:
    """EngineError where what the environment says of proxies or authorities is wrong.

    HTTP clients read it when they are made.
    """
    try:
        yield
    except (ImportError, OSError, ValueError) as error:
        raise EngineError(
            "what the environment names as proxy (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY) "
            f"or as authorities (SSL_CERT_FILE, SSL_CERT_DIR) cannot be used: {error}"
        ) from error


def or_its_proxy(urls: Iterable[str]) -> str:
    """More to look at where these base URLs cannot be reached: "" without a proxy."""
    proxies = urllib.request.getproxies()
    for url in map(urlsplit, urls):
        has_proxy = url.scheme in proxies or "all" in proxies
        if has_proxy and not urllib.request.proxy_bypass(url.hostname or ""):
            return (
                f"; or name {url.hostname} in NO_PROXY: it is asked through the proxy "
                "that the environment names"
            )
    return ""

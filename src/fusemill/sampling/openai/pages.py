"""Pages of HTML where JSON was expected: a wrong base URL, or what stands before it.

    200  text/html; charset=utf-8  <!DOCTYPE html><title>Sign in</title>…

No chat server sends one. What answered before is tried again all the same, since a
gateway may show a page while it restarts.
"""

from collections import Counter
from dataclasses import dataclass, field

import httpx2

from fusemill.errors import EngineError
from fusemill.sampling.openai.connections import or_its_proxy
from fusemill.sampling.openai.faults import Fault, without_key

PAGES = 3  # of a base URL that has sent nothing else


@dataclass
class Pages:
    """What base URLs have sent with status 200: pages, or anything else."""

    _n_pages: Counter[str] = field(default_factory=Counter, init=False)
    # URLs that sent anything else.
    _others: set[str] = field(default_factory=set, init=False)

    def check(
        self, url: str, response: httpx2.Response, where: str, key: str | None
    ) -> None:
        """Raises Fault for a page, EngineError where nothing else came from the URL."""
        if not is_page(response):
            self._others.add(url)
            return
        said = without_key(f"{content_type(response)}: {response.text}", key)
        self._n_pages[url] += 1
        if url in self._others or self._n_pages[url] < PAGES:
            raise Fault("html", said)
        raise EngineError(
            f"{where}: expected JSON, and pages of HTML came, {self._n_pages[url]} "
            f"times ({said}); correct the base URL, or see what answers in the "
            f"server's place: a proxy, a login page{or_its_proxy([url])}"
        )


def is_page(response: httpx2.Response) -> bool:
    """Whether it is HTML; JSON under a wrong content type is none.

    >>> is_page(httpx2.Response(200, text="<!DOCTYPE html><p>Sign in"))
    True
    """
    start = response.content.removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower()
    return start.startswith((b"<!doctype html", b"<html")) or (
        start.startswith(b"<") and "html" in content_type(response)
    )


def content_type(response: httpx2.Response) -> str:
    """As the server gives it, in small letters.

    >>> content_type(httpx2.Response(200))
    'no content type'
    """
    return response.headers.get("content-type", "no content type").lower()

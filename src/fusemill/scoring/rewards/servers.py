"""The servers of one reward model: a request, tried again at each of them."""

import json
import random
import time
from dataclasses import dataclass, field
from typing import Any

import httpx2

from fusemill.errors import EngineError
from fusemill.sampling.openai.connections import or_its_proxy
from fusemill.sampling.openai.faults import (
    Fault,
    Overloaded,
    check_status,
    message_of,
    of_exception,
    without_key,
)
from fusemill.sampling.openai.pages import Pages

TRIES = 8
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0


class NotServed(EngineError):
    """The server does not know this path, or not this model."""


@dataclass(frozen=True)
class Servers:
    """Where they are, and the client that asks them."""

    urls: tuple[str, ...]  # without /v1, where vLLM's pooling paths are not
    key: str | None
    where: str  # of the endpoint, for messages
    http: httpx2.Client
    _pages: Pages = field(default_factory=Pages, init=False)

    def post(self, first: int, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The response, tried again while that may help, each time at the next URL.

        Raises Refused and Rejected, and EngineError where going on is of no use.
        """
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        for tries in range(1, TRIES + 1):
            url = self.urls[(first + tries - 1) % len(self.urls)]
            try:
                return self._try(url, path, content)
            except Fault as fault:
                if tries == TRIES:
                    raise EngineError(
                        f"{self.where}: {url}/{path}: {fault}, {tries} times; see "
                        f"what the server logs, then run again{or_its_proxy(self.urls)}"
                    ) from None
                _wait(fault, tries)
        raise AssertionError("the last try returns or raises")

    def _try(self, url: str, path: str, content: bytes) -> dict[str, Any]:
        address = f"{url}/{path}"
        where = f"{self.where}: {address}"
        try:
            response = self.http.post(address, content=content)
        except httpx2.HTTPError as error:
            raise of_exception(error, where) from None
        if response.status_code in (404, 405):
            raise NotServed(
                f"{where}: {response.status_code} "
                f"{without_key(message_of(response.text), self.key)}; check the base "
                "URL, `served_as`, and that the server runs the model with "
                "`--runner pooling`"
            )
        text = "" if response.status_code == httpx2.codes.OK else response.text
        check_status(response.status_code, response.headers, text, where, self.key)
        self._pages.check(url, response, where, self.key)
        try:
            found = json.loads(response.content)
        except ValueError:
            raise Fault("not_json") from None
        if not isinstance(found, dict):
            raise Fault("not_json", "no object")
        return found


def _wait(fault: Fault, tries: int) -> None:
    """As long as the server asks, else longer each time and never in step."""
    asked = fault.after_s if isinstance(fault, Overloaded) else None
    longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (tries - 1))
    time.sleep(asked if asked is not None else longest * random.uniform(0.5, 1.0))  # noqa: S311

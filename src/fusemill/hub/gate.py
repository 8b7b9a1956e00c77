"""What every request passes first: Host, time, and a body that is read or cut off."""

import asyncio
import contextlib
import sys
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fusemill.hub.refusals import Refusal

SILENCE_S = 30.0  # longest wait for more of a body
SLOWEST = 10_000  # bytes a second that a body brings on average, after the first wait
DRAINED = 4 << 20  # bytes of a body that nobody wanted, read so that the answer arrives


class Gate:
    """ASGI middleware; routes see the path as it was sent, still percent-encoded.

    So `a%2Fb` stays one part: a branch named a/b, or a path that a client encoded.
    """

    def __init__(
        self, app: ASGIApp, hosts: frozenset[str], quiet: bool = False
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._quiet = quiet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send)
        scope["path"] = scope["raw_path"].partition(b"?")[0].decode("ascii", "replace")
        try:
            refusal = self._against_host(scope)
            if refusal is None:
                await self._app(scope, exchange.receive, exchange.send)
            else:
                await exchange.refuse(*refusal)
        finally:
            if not self._quiet:
                print(exchange.line(), file=sys.stderr, flush=True)

    def _against_host(self, scope: Scope) -> tuple[int, str] | None:
        given = [value for name, value in scope["headers"] if name == b"host"]
        if len(given) != 1:
            return 400, "expected one Host header"
        host = given[0].decode("latin-1").lower()
        if host not in self._hosts:
            shown = host.encode("ascii", "backslashreplace").decode()[:100]
            return 421, f"Host {shown}: not an address of this server (--allow-host)"
        return None


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._began = time.monotonic()
        self._n_received = 0
        headers = {name for name, _ in scope["headers"]}
        self._pending = bool(headers & {b"content-length", b"transfer-encoding"})
        self._is_asked_for = b"expect" not in headers
        self._late = False
        self._status: int | None = None

    async def receive(self) -> Message:
        """More of the body; a client that is too slow gets 408 and is cut off."""
        if not self._pending:
            return await self._receive()
        allowed = self._began + SILENCE_S + self._n_received / SLOWEST
        wait = min(SILENCE_S, allowed - time.monotonic())
        try:
            async with asyncio.timeout(max(wait, 0.0)):
                message = await self._receive()
        except TimeoutError:
            self._late = True
            raise Refusal(408, "the body came too slowly", "RequestTimeout") from None
        self._is_asked_for = True
        self._n_received += len(message.get("body", b""))
        self._pending = bool(message.get("more_body", False))
        return message

    async def send(self, message: Message) -> None:
        """The answer; what is left of the body is read first, or the line closed.

        A server that closes with bytes unread resets the connection, and a client that
        is still sending would see that instead of the answer.
        """
        if message["type"] == "http.response.start":
            self._status = message["status"]
            await self._drain()
            if self._pending:
                message = _closing(message)
        await self._send(message)

    async def refuse(self, status: int, message: str) -> None:
        """Answer with an error before the application has seen the request."""
        self._status = status
        await self._drain()
        body = message.encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"x-error-message", body),
        ]
        start: dict[str, Any] = {
            "type": "http.response.start",
            "status": status,
            "headers": headers,
        }
        await self._send(_closing(start))
        await self._send({"type": "http.response.body", "body": body})

    async def _drain(self) -> None:
        if not self._is_asked_for:
            return  # Expect: 100-continue; the client has not begun to send
        end = self._n_received + DRAINED
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                while self._pending and not self._late and self._n_received < end:
                    message = await self._receive()
                    self._n_received += len(message.get("body", b""))
                    self._pending = bool(message.get("more_body", False))

    def line(self) -> str:
        """What is logged: no query, which may hold a signature."""
        took_ms = 1000 * (time.monotonic() - self._began)
        path = ascii(self._scope["path"])[1:-1]
        status = self._status or "cut"
        now = time.strftime("%H:%M:%S")
        return f"{now} {status} {self._scope['method']} {path} {took_ms:.0f} ms"


def _closing(start: Message) -> Message:
    return {**start, "headers": [*start["headers"], (b"connection", b"close")]}

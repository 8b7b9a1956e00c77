"""An OpenAI-shaped chat server that fails on purpose and counts every request.

    python tests/sampling/fault_server.py '{"latency_s": 0.1, "faults": {"429": 0.03}}'

It prints its port, answers POST …/chat/completions, and takes settings while it runs
(POST /settings, GET /log, GET /last). A draw's text names its prompt and seed, so that
a test sees which draw it is. Every request becomes an entry of the log when it has
ended, a hang when it begins:

    {"at": 12.3, "ended": 12.4, "model": "m", "prompt": "2 + 2?", "seed": 7, "n": 2,
     "came_to": "delivered"}

`came_to` is `delivered`, the fault that was injected, `scripted`, or `lost` where the
client had gone.
"""

import asyncio
import json
import random
import ssl
import sys
import time
from dataclasses import dataclass, field
from typing import Any

FAULTS = (
    "429",
    "500",
    "503",
    "half_body",
    "not_json",
    "html",
    "wrong_n",
    "no_choices",
    "same_text",
    "disconnect",
    "hang",
)

PAGE = "\n<!DOCTYPE html>\n<title>Sign in</title>\n<p>Your key: {}"


@dataclass
class Settings:
    """What can be set; `scripted` is by the text of the last user turn."""

    latency_s: float = 0.0
    hang_s: float = 3600.0
    holds: bool = False  # nothing is answered as long as it is set
    retry_after: str = "0.05"
    faults: dict[str, float] = field(default_factory=dict)  # shares of all requests
    seed: int = 0
    key: str | None = None
    model: str | None = None  # the name that answers; None: the one asked for
    allows_n: bool = True
    refuses_n: bool = False
    most_at_once: int | None = None  # more get 429
    slow: dict[str, float] = field(default_factory=dict)  # latency_s by model
    scripted: dict[str, dict[str, Any]] = field(default_factory=dict)
    certificate: str | None = None


class FaultServer:
    """State of the server: settings, log, and how many requests are under way."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.random = random.Random(settings.seed)
        self.entries: list[dict[str, Any]] = []
        self.under_way = self.most_under_way = 0

    async def serve(self) -> None:
        certificate = None
        if self.settings.certificate:
            certificate = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            certificate.load_cert_chain(self.settings.certificate)
        server = await asyncio.start_server(
            self.connected, "127.0.0.1", 0, ssl=certificate, backlog=1024
        )
        print(server.sockets[0].getsockname()[1], flush=True)
        async with server:
            await server.serve_forever()

    async def connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Requests of one connection, one after another."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.strip().split("\r\n")
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in lines)
                }
                data = await reader.readexactly(int(headers.get("content-length", 0)))
                if not await self.answer(first.split()[1], headers, data, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(
        self,
        path: str,
        headers: dict[str, str],
        data: bytes,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Send a response; False where the connection is to be closed."""
        if path == "/settings":
            for name, value in json.loads(data).items():
                setattr(self.settings, name, value)
            self.random = random.Random(self.settings.seed)
            self.entries, self.most_under_way = [], 0
            return await send(writer, 200, b"{}")
        if path == "/last":
            last = {"at": self.entries[-1]["at"] if self.entries else 0.0}
            return await send(writer, 200, json.dumps(last).encode())
        if path == "/log":
            found = {"entries": self.entries, "most_under_way": self.most_under_way}
            return await send(writer, 200, json.dumps(found).encode())
        if not path.endswith("/chat/completions"):
            return await send(writer, 404, b'{"detail": "Not Found"}')
        asked = json.loads(data)
        entry = {
            "at": time.time(),
            "model": asked["model"],
            "prompt": asked["messages"][-1]["content"],
            "seed": asked.get("seed"),
            "n": asked.get("n", 1),
            "came_to": "lost",
        }
        if path.startswith("/whole/"):
            entry["body"] = asked
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            entry["came_to"] = await self.completion(asked, headers, writer, entry)
        finally:
            if entry["came_to"] != "hang":
                self.record(entry)
        return entry["came_to"] not in ("half_body", "disconnect", "hang")

    def record(self, entry: dict[str, Any]) -> None:
        entry["ended"] = time.time()
        self.under_way -= 1
        self.entries.append(entry)

    async def completion(
        self,
        asked: dict[str, Any],
        headers: dict[str, str],
        writer: Any,
        entry: dict[str, Any],
    ) -> str:
        """Answer a chat request, or fail as the dice say; returns what it came to."""
        settings = self.settings
        if settings.key and headers.get("authorization") != f"Bearer {settings.key}":
            said = f"Incorrect API key provided: {headers.get('authorization')}"
            await send_error(writer, 401, said)
            return "401"
        if settings.most_at_once and self.under_way > settings.most_at_once:
            await self.fail("429", asked, writer)
            return "429"
        await asyncio.sleep(settings.slow.get(asked["model"], settings.latency_s))
        while settings.holds:
            await asyncio.sleep(0.05)
        script = settings.scripted.get(asked["messages"][-1]["content"])
        if script is not None and "fault" in script:
            await self.fail(script["fault"], asked, writer)
            return "scripted"
        if script is not None and "status" in script:
            await send(
                writer,
                script["status"],
                json.dumps(script.get("body", {})).encode(),
                script.get("headers", {}),
            )
            return "scripted"
        if settings.refuses_n and "n" in asked:
            await send_error(writer, 400, "extra inputs are not permitted: n")
            return "400"
        kind = self.dice()
        if kind == "hang":  # nobody sees its end
            entry["came_to"] = kind
            self.record(entry)
            await asyncio.sleep(settings.hang_s)
        elif kind in FAULTS and kind != "same_text":
            await self.fail(kind, asked, writer)
        else:
            found = chat(asked, settings, same=kind == "same_text")
            if script is not None:
                found["choices"][0] |= script.get("choice", {})
                found |= script.get("body", {})
            await send(writer, 200, json.dumps(found).encode())
        return kind

    def dice(self) -> str:
        thrown, sum_ = self.random.random(), 0.0
        for kind, share in self.settings.faults.items():
            sum_ += share
            if thrown < sum_:
                return kind
        return "delivered"

    async def fail(self, kind: str, asked: dict[str, Any], writer: Any) -> None:
        whole = json.dumps(chat(asked, self.settings)).encode()
        if kind in ("429", "503"):
            pause = {"Retry-After": self.settings.retry_after}
            await send_error(writer, int(kind), "too much to do", pause)
        elif kind == "500":
            await send_error(writer, 500, "something broke")
        elif kind == "half_body":
            await send(writer, 200, whole, length=2 * len(whole))
        elif kind == "not_json":
            await send(writer, 200, whole[:-9])
        elif kind == "html":
            page = PAGE.format(self.settings.key).encode()
            await send(writer, 200, page, {"Content-Type": "text/html; charset=UTF-8"})
        elif kind in ("wrong_n", "no_choices"):
            found = chat(asked, self.settings)
            n = len(found["choices"]) - 1 if kind == "wrong_n" else 0
            found["choices"] = found["choices"][:n]
            await send(writer, 200, json.dumps(found).encode())


def chat(
    asked: dict[str, Any], settings: Settings, same: bool = False
) -> dict[str, Any]:
    """A chat completion; with `same` all its choices have one text."""
    prompt, seed = asked["messages"][-1]["content"], asked.get("seed", 0)
    n = asked.get("n", 1) if settings.allows_n else 1
    texts = [f"{prompt} | {seed + (0 if same else i)}" for i in range(n)]
    return {
        "id": "chatcmpl-0",
        "object": "chat.completion",
        "created": 0,
        "model": settings.model or asked["model"],
        "choices": [
            {
                "index": i,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
            for i, text in enumerate(texts)
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3 * n},
    }


async def send(
    writer: asyncio.StreamWriter,
    status: int,
    body: bytes,
    headers: dict[str, str] | None = None,
    length: int | None = None,
) -> bool:
    lines = [
        f"HTTP/1.1 {status} .",
        f"Content-Length: {length or len(body)}",
    ]
    sent = {"Content-Type": "application/json", **(headers or {})}
    lines += [f"{name}: {value}" for name, value in sent.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()
    return True


async def send_error(
    writer: asyncio.StreamWriter,
    status: int,
    message: str,
    headers: dict[str, str] | None = None,
) -> None:
    body = json.dumps({"error": {"message": message, "code": status}}).encode()
    await send(writer, status, body, headers)


if __name__ == "__main__":
    asyncio.run(FaultServer(Settings(**json.loads(sys.argv[1]))).serve())

"""Bodies of requests, bounded: whole JSON, lines of JSON, forms."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request

from fusemill.hub.refusals import malformed, too_large

LARGEST_JSON = 4 << 20  # bytes
LARGEST_LINE = 16 << 20  # bytes of one operation of a commit
LARGEST_COMMIT = 1 << 30  # bytes of all operations of a commit
MOST_BRACKETS = 1 << 20  # of one JSON text; each may become an object of 64 bytes


async def whole(request: Request, largest: int = LARGEST_JSON) -> bytes:
    """The body. Refusal 413 where it is longer than that, before it is read."""
    refuse_announced(request, largest)
    parts = bytearray()
    async for chunk in request.stream():
        parts += chunk
        if len(parts) > largest:
            raise too_large(f"a body of over {largest} bytes")
    return bytes(parts)


def refuse_announced(request: Request, largest: int) -> None:
    """Refusal 413 where Content-Length says more than that."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal():
        raise malformed(f"Content-Length {announced[:40]!r}: expected a number")
    if int(announced) > largest:
        raise too_large(f"a body of {announced} bytes; {largest} are taken")


async def json_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object; an empty body is an empty object."""
    body = await whole(request)
    found = parsed(body, "body") if body.strip() else {}
    if not isinstance(found, dict):
        raise malformed("body: expected a JSON object")
    return found


def parsed(text: bytes, where: str) -> Any:
    """JSON. Refusal 400 that says where it is none, 413 where it is a bomb."""
    if text.count(b"[") + text.count(b"{") > MOST_BRACKETS:
        raise too_large(f"{where}: over {MOST_BRACKETS} brackets; send base64 instead")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}"
        raise malformed(f"{where}: not JSON: {error.msg} at {at}") from None
    except (UnicodeDecodeError, RecursionError, ValueError):
        raise malformed(f"{where}: not JSON that is taken here") from None


async def json_lines(request: Request) -> AsyncIterator[tuple[Any, str]]:
    """Each line of the body with where it is (`line 3`); blank lines are left out.

    One line is in memory at a time.
    """
    refuse_announced(request, LARGEST_COMMIT)
    rest, number, n_bytes = bytearray(), 0, 0
    async for chunk in request.stream():
        n_bytes += len(chunk)
        if n_bytes > LARGEST_COMMIT:
            raise too_large(f"a commit of over {LARGEST_COMMIT} bytes")
        *lines, last = chunk.split(b"\n")
        for line in lines:
            rest += line
            number += 1
            if rest.strip():
                yield parsed(bytes(rest), f"line {number}"), f"line {number}"
            rest.clear()
        rest += last
        if len(rest) > LARGEST_LINE:
            raise too_large(f"line {number + 1}: over {LARGEST_LINE} bytes")
    if rest.strip():
        yield parsed(bytes(rest), f"line {number + 1}"), f"line {number + 1}"


async def fields(request: Request) -> dict[str, list[str]]:
    """The fields of a form, or of a JSON object of texts and lists of texts."""
    if request.headers.get("content-type", "").startswith("application/json"):
        given = await json_object(request)
        return {
            key: [str(one) for one in (value if isinstance(value, list) else [value])]
            for key, value in given.items()
        }
    body = await whole(request)
    try:
        return parse_qs(body.decode("ascii"), errors="strict", max_num_fields=10_000)
    except ValueError:
        raise malformed(
            "body: expected a form (application/x-www-form-urlencoded)"
        ) from None


def text(given: dict[str, Any], key: str, default: str | None = None) -> str:
    """A text of a JSON object. Refusal 400 where it is missing or something else."""
    found = given.get(key, default)
    if not isinstance(found, str):
        raise malformed(f"body: {key}: expected a text, found {str(found)[:60]!r}")
    return found


def number(request: Request, name: str, default: int) -> int:
    """A count of the query. Refusal 400 where it is not up to nine digits."""
    given = request.query_params.get(name)
    if given is None:
        return default
    if not given.isascii() or not given.isdecimal() or len(given) > 9:
        raise malformed(f"{name}={given[:40]!r}: expected a number")
    return int(given)


def is_true(value: str) -> bool:
    """Whether a field of a form or query says yes.

    >>> is_true("True"), is_true("0")
    (True, False)
    """
    return value.lower() in ("true", "1")

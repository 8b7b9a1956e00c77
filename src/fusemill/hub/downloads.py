"""Answers that are files: whole, a range of bytes, or nothing where it is known."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import BinaryIO

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from fusemill.hub.objects import Objects
from fusemill.hub.refusals import Refusal

CHUNK = 1 << 20  # bytes read at once

_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{1,18})?|-(\d{1,18}))")


def large_file(
    request: Request, objects: Objects, oid: str, headers: dict[str, str]
) -> Response:
    """A stored large file, streamed. Refusal 404 where it is not stored."""
    size = objects.size(oid)
    if size is None:
        raise Refusal(404, f"the large file {oid} is missing here", "EntryNotFound")
    headers = {"Content-Type": "application/octet-stream", **headers}
    status, span, headers = span_of(request, size, headers)
    if request.method == "HEAD" or status == 304:
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_read(objects.open(oid), span), status, headers)


def small_file(request: Request, data: bytes, headers: dict[str, str]) -> Response:
    """Bytes at hand."""
    status, span, headers = span_of(request, len(data), headers)
    if request.method == "HEAD" or status == 304:
        return Response(status_code=status, headers=headers)
    return Response(data[span.start : span.stop], status, headers)


def span_of(
    request: Request, size: int, headers: dict[str, str]
) -> tuple[int, range, dict[str, str]]:
    """Status, the bytes that are wanted, and the headers of the answer.

    A range counts unless If-Range names another version; several ranges, or one that
    cannot be read, are answered with the whole file, as RFC 9110 allows. Refusal 416
    where it begins past the end.
    """
    headers = {**headers, "Accept-Ranges": "bytes"}
    etag = headers["ETag"]
    known = request.headers.get("if-none-match")
    if known is not None and _matches(known, etag):
        return 304, range(0), headers
    found = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if found is None or request.headers.get("if-range", etag) != etag:
        return 200, range(size), {**headers, "Content-Length": str(size)}
    first, last, tail = found.groups()
    if tail is not None:
        span = range(max(size - int(tail), 0), size)
    else:
        span = range(int(first), min(int(last) + 1, size) if last else size)
    if len(span) == 0:
        where = {"Content-Range": f"bytes */{size}"}
        raise Refusal(416, f"the file has {size} bytes", None, where)
    headers["Content-Length"] = str(len(span))
    headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{size}"
    return 206, span, headers


def _matches(known: str, etag: str) -> bool:
    given = [one.strip().removeprefix("W/") for one in known.split(",")]
    return "*" in given or etag in given


def _read(file: BinaryIO, span: range) -> AsyncIterator[bytes]:
    return iterate_in_threadpool(_chunks(file, span))


def _chunks(file: BinaryIO, span: range) -> Iterator[bytes]:
    with closing(file):
        file.seek(span.start)
        left = len(span)
        while left > 0:
            chunk = file.read(min(CHUNK, left))
            if not chunk:
                return  # torn under our hands; the client sees too few bytes
            left -= len(chunk)
            yield chunk

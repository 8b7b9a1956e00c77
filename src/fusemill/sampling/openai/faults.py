"""What a failed try means: try again, a refusal, left for now, or the end of the run.

Fault       try again; `kind` is what progress counts it as
├── Overloaded    the server asks for less, or for a pause
└── Unreachable   no connection, so nothing was asked
Refused     this prompt will never be answered: kept as a refusal
Rejected    the server finds this request wrong
EngineError no request will be answered: wrong key, model or address
"""

import json
import math
import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from fusemill.errors import EngineError

LONGEST_ASKED_S = 86_400.0  # no server means more than a day
SHOWN = 300  # characters of a server's own words in a message


class Fault(Exception):
    """A try that failed and may succeed when it is repeated."""

    counts = True  # against the tries that a request has
    after_s: float | None = None  # how long the server asks to wait, if told

    def __init__(self, kind: str, said: str = "") -> None:
        super().__init__(f"{kind}: {said}" if said else kind)
        self.kind = kind


class Overloaded(Fault):
    """The server takes no more now."""

    counts = False

    def __init__(self, kind: str, said: str = "", after_s: float | None = None) -> None:
        super().__init__(kind, said)
        self.after_s = after_s


class Slow(Fault):
    """No answer in the endpoint's time; what was asked may have been made in vain."""


class Unreachable(Fault):
    """There was no connection."""

    counts = False


class Refused(Exception):
    """This prompt will not be answered by this model, however often it is asked."""


class Rejected(Exception):
    """The server finds something wrong with this request."""


# Codes and words of vLLM, OpenAI, SGLang, llama.cpp and hosted ones; pinned by tests.
_TOO_LONG = re.compile(
    r"context_length_exceeded|context[ _](length|size|window)|max_model_len"
    r"|prompt is too long|too many (input )?tokens|input .{0,40}too long|longer than",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content_filter|content_policy|content management|moderation|flagged"
    r"|data_inspection_failed|inappropriate content",
    re.IGNORECASE,
)
# Not "billing": a plain rate limit tells where a higher one can be bought.
_NO_MONEY = re.compile(
    r"insufficient_quota|insufficient (balance|credit|fund)|credit balance",
    re.IGNORECASE,
)


def without_key(text: str, key: str | None) -> str:
    """A server's words in one line, cut, and without the key that it may repeat."""
    if key:
        text = text.replace(key, "…")
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def of_exception(error: Exception, where: str) -> Fault:
    """The fault that an exception of the HTTP client is; EngineError for hopeless ones.

    >>> of_exception(httpx2.RemoteProtocolError("peer closed"), "").kind
    'disconnected'
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise EngineError(
                f"{where}: the server's certificate does not hold: "
                f"{cause.verify_message}; name the server as its certificate does, or "
                "let SSL_CERT_FILE name the authority that signed it"
            ) from None
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        if isinstance(error, httpx2.ConnectTimeout):
            return Unreachable("unreachable", "connecting took too long")
        return Slow("timeout")
    if isinstance(error, httpx2.ConnectError):
        return Unreachable("unreachable", str(error))
    return Fault("disconnected", str(error))


def check_status(
    status: int, headers: Mapping[str, str], body: str, where: str, key: str | None
) -> None:
    """Nothing for 200; else raises what the status means, as listed above."""
    if status == httpx2.codes.OK:
        return
    said = f"{status} {without_key(message_of(body), key)}".strip()
    if status == 429 and not _NO_MONEY.search(body):
        raise Overloaded("429", said, retry_after(headers))
    if status in (503, 529):
        raise Overloaded(str(status), said, retry_after(headers))
    if status in (408, 409, 425) or status >= 500:
        raise Fault(str(status), said)
    if status == 413 or (status in (400, 422) and _TOO_LONG.search(body)):
        raise Refused(f"too long: {said}")
    if status in (400, 403, 422) and _FILTERED.search(body):
        raise Refused(said)
    if status in (400, 422):
        raise Rejected(said)
    raise EngineError(f"{where}: {said}; {_advice(status, headers, key)}")


def _advice(status: int, headers: Mapping[str, str], key: str | None) -> str:
    if 300 <= status < 400:
        to = without_key(headers.get("location", "another address"), key)
        return f"it redirects to {to}: write that base URL, a request follows none"
    return {
        401: "expected a valid key: check the variable that `key_env` names",
        402: "the account has no money left",
        403: "this key may not use this model",
        404: "no such model or path: check `served_as`, and that the base URL ends as "
        "the server's does (often /v1)",
        405: "this is no chat server: check the base URL",
        429: "the account has no money left",
    }.get(status, "a status that no chat server should give")


def message_of(body: str) -> str:
    """The server's message in an error body, which may be JSON or not.

    >>> message_of('{"error": {"message": "no such model", "code": 404}}')
    'no such model'
    """
    try:
        found = json.loads(body)
    except ValueError:
        return body
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and name in found:
            found = found[name]
    return found if isinstance(found, str) else json.dumps(found)


def retry_after(
    headers: Mapping[str, str], now: datetime | None = None
) -> float | None:
    """Seconds that a server asks to wait, None where it does not say.

    >>> retry_after({"retry-after": "2"})
    2.0
    >>> then = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
    >>> retry_after({"retry-after": "Fri, 27 Nov 2026 09:00:30 GMT"}, then)
    30.0
    """
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) / unit
        except ValueError:
            try:
                until = parsedate_to_datetime(value)
            except ValueError:
                continue
            if until.tzinfo is None:  # written with -0000
                until = until.replace(tzinfo=UTC)
            seconds = (until - (now or datetime.now(UTC))).total_seconds()
        if math.isfinite(seconds):
            return min(max(0.0, seconds), LONGEST_ASKED_S)
    return None

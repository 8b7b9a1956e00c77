"""What a status, a redirect, a header of a server means; by hand."""

from datetime import UTC, datetime

import pytest

from fusemill.errors import EngineError
from fusemill.sampling.openai.faults import (
    Fault,
    Overloaded,
    Refused,
    Rejected,
    check_status,
    retry_after,
    without_key,
)

# Bodies as the servers named give them.
VLLM_TOO_LONG = (
    '{"error": {"message": "This model\'s maximum context length is 8192 tokens. '
    'However, you requested 9000 tokens in the messages.", "type": "BadRequestError", '
    '"param": null, "code": 400}}'
)
OPENAI_TOO_LONG = (
    '{"error": {"message": "Your input exceeds the limit.", "type": '
    '"invalid_request_error", "code": "context_length_exceeded"}}'
)
NO_QUOTA = '{"error": {"message": "You exceeded …", "code": "insufficient_quota"}}'
FILTERED = '{"error": {"message": "…", "code": "content_filter"}}'
FLAGGED = '{"error": {"code": 403, "message": "… and your input was flagged"}}'
INSPECTED = '{"error": {"code": "data_inspection_failed", "message": "…"}}'
RATE_LIMIT = (
    '{"error": {"message": "Rate limit reached. Limit: 3 / min. Please add a payment '
    'method: visit https://platform.openai.com/account/billing"}}'
)
ODD = '{"error": {"message": "roles must alternate"}}'


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (429, "{}", Overloaded),
        (503, "", Overloaded),
        (500, "<html>", Fault),
        (502, "", Fault),
        (408, "", Fault),
        (400, VLLM_TOO_LONG, Refused),
        (400, OPENAI_TOO_LONG, Refused),
        (413, "", Refused),
        (400, FILTERED, Refused),
        (403, FLAGGED, Refused),
        (400, INSPECTED, Refused),
        (429, RATE_LIMIT, Overloaded),
        (400, ODD, Rejected),
        (422, "{}", Rejected),
        (401, "{}", EngineError),
        (402, "{}", EngineError),
        (403, "{}", EngineError),
        (404, '{"detail": "Not Found"}', EngineError),
        (429, NO_QUOTA, EngineError),
        (301, "", EngineError),
        (204, "", EngineError),
    ],
)
def test_what_a_status_means(status: int, said: str, expected: type[Exception]) -> None:
    with pytest.raises(expected) as raised:
        check_status(status, {}, said, "here", None)
    assert type(raised.value) is expected


def test_a_redirect_names_where_to() -> None:
    with pytest.raises(EngineError, match="it redirects to https://there/v1"):
        check_status(308, {"location": "https://there/v1"}, "", "here", None)
    with pytest.raises(EngineError, match=r"redirects to https://there/v1\?k=…:"):
        check_status(308, {"location": "https://there/v1?k=sk"}, "", "here", "sk")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("Fri, 27 Nov 2026 09:00:30 -0000", 30.0),
        ("Fri, 27 Nov 2026 08:59:00 GMT", 0.0),
        ("-5", 0.0),
        ("1e12", 86_400.0),
        ("inf", None),
        ("nan", None),
        ("soon", None),
    ],
)
def test_odd_values_of_retry_after(value: str, seconds: float | None) -> None:
    now = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
    assert retry_after({"retry-after": value}, now) == seconds


def test_a_key_is_taken_out_of_what_a_server_says() -> None:
    assert without_key("wrong key sk-123, sk-123", "sk-123") == "wrong key …, …"
    with pytest.raises(EngineError) as raised:
        check_status(401, {}, "bad key sk-123", "here", "sk-123")
    assert "sk-123" not in str(raised.value)

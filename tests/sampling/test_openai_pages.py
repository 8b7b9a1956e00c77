"""What is a page of HTML, and when it means that no server is there; by hand."""

import httpx2
import pytest

from fusemill.errors import EngineError
from fusemill.sampling.openai.faults import Fault
from fusemill.sampling.openai.pages import Pages, is_page

HTML = "text/html; charset=utf-8"
JSON = "application/json"


def response(content: bytes, content_type: str = HTML) -> httpx2.Response:
    return httpx2.Response(200, headers={"Content-Type": content_type}, content=content)


PAGE = response(b"<html>Sign in with sk-1")
GARBLED = response(b'{"choices": [', JSON)


@pytest.mark.parametrize(
    ("content", "content_type", "expected"),
    [
        (b"<!doctype html><p>", HTML, True),
        (b"\xef\xbb\xbf\r\n <!DOCTYPE HTML PUBLIC>", "text/plain", True),
        (b"<html lang=en>", JSON, True),
        (b"<!-- a portal --><head>", "TEXT/HTML", True),
        (b'<?xml version="1.0"?><html>', "application/xhtml+xml", True),
        (b"<Error><Code>AccessDenied</Code>", "application/xml", False),
        (b'{"choices": []}', HTML, False),
        (b'{"choices": [', HTML, False),
        (b"", HTML, False),
    ],
)
def test_what_a_page_is(content: bytes, content_type: str, expected: bool) -> None:
    assert is_page(response(content, content_type)) is expected


def test_the_third_of_nothing_but_pages_ends_the_run() -> None:
    pages = Pages()
    for _ in range(2):
        with pytest.raises(Fault, match="html: text/html; charset=utf-8: <html>Sign"):
            pages.check("http://a/v1", PAGE, "here", "sk-1")
        with pytest.raises(Fault):
            pages.check("http://b/v1", PAGE, "there", "sk-1")
    with pytest.raises(EngineError, match="here: expected JSON") as raised:
        pages.check("http://a/v1", PAGE, "here", "sk-1")
    assert "Sign in with …" in str(raised.value)
    assert "sk-1" not in str(raised.value)


@pytest.mark.parametrize("other", [GARBLED, response(b'{"choices": []}', JSON)])
def test_pages_of_what_has_sent_anything_else_are_tried_again(
    other: httpx2.Response,
) -> None:
    pages = Pages()
    with pytest.raises(Fault):
        pages.check("http://a/v1", PAGE, "here", None)
    pages.check("http://a/v1", other, "here", None)
    for _ in range(10):
        with pytest.raises(Fault):
            pages.check("http://a/v1", PAGE, "here", None)

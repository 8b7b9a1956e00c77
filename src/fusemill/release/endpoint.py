"""Which Hub the environment names."""

import os
from urllib.parse import urlsplit

from fusemill.errors import RemoteError

REAL_HUB = "https://huggingface.co"


def endpoint() -> str:
    """The address in HF_ENDPOINT, without a slash at its end; else the real Hub's.

    RemoteError where it is none. Looked at before huggingface_hub is imported, which
    reads it too, and fails on what is not an address.
    """
    named = os.environ.get("HF_ENDPOINT") or REAL_HUB
    if not _is_address(named):
        raise RemoteError(
            "HF_ENDPOINT is no address of http:// or https://; expected one such as "
            "http://127.0.0.1:8383"
        )
    return named.rstrip("/")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        return False
    return parts.scheme in ("http", "https") and is_host

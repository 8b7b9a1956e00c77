"""JSON by the C parts of the standard library, without the layers of Python above them.

In a forked process every function that is called costs pages of memory copied.
"""

import json
from json.encoder import (  # type: ignore[attr-defined]
    c_make_encoder,
    encode_basestring_ascii,
)
from typing import Any

_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_parts = c_make_encoder(
    None,  # no search for circles: they end in a RecursionError
    json.JSONEncoder().default,
    encode_basestring_ascii,
    None,
    ": ",
    ", ",
    False,
    False,
    True,
)


def encode(value: Any) -> str:
    """The JSON text of `value`, in ASCII.

    >>> encode({"a": [1, None, "é"]})
    '{"a": [1, null, "\\\\u00e9"]}'
    """
    return "".join(_parts(value, 0))


def decode(text: str) -> Any:
    """The value of a JSON text without space around it; ValueError where it is none.

    RecursionError where it is nested too deep.

    >>> decode('[1, {"a": null}]')
    [1, {'a': None}]
    >>> decode('[1] [2]')
    Traceback (most recent call last):
    ValueError: no JSON text
    """
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        end = -1
    if end != len(text):
        raise ValueError("no JSON text")
    return value

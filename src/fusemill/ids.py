"""Ids: every key of the warehouse is a hash of what it names.

One row of each, from CONTRACT test vectors in docs/contract.md:

    prompt_id    1f528d554b309e43d76d0469cca70563   the messages as sent
    config_hash  458e37392311f28959436c32ba0b2ee2   who was asked, and how
    response_id  cf22e1cdd3a74a1345df7c9060bf9d94   one answer
    text_id      bb5a10fb736ded69761fe39cb59b8fab   one text, whoever wrote it
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

Messages = Sequence[Mapping[str, str]]


def canonical_json(value: Any) -> str:
    """UTF-8 JSON with sorted keys, no spaces, no ASCII escapes; NaN is a ValueError.

    >>> canonical_json({"b": 1, "a": "é"})
    '{"a":"é","b":1}'
    """
    return json.dumps(
        value,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )


def H(kind: str, *fields: Any) -> str:
    """First 32 hex digits of sha256 over canonical JSON ["fusemill/1", kind, …].

    Raises ValueError for NaN, infinities and lone surrogates.

    >>> H("text", "4")
    'bb5a10fb736ded69761fe39cb59b8fab'
    """
    data = canonical_json(["fusemill/1", kind, *fields]).encode("utf-8")
    return hashlib.sha256(data).hexdigest()[:32]


def prompt_id(messages: Messages) -> str:
    """Id of a conversation as it is sent: role and content of each turn.

    >>> prompt_id([{"role": "user", "content": "What is 2+2?"}])
    '1f528d554b309e43d76d0469cca70563'
    """
    return H("prompt", [{"role": m["role"], "content": m["content"]} for m in messages])


def config_hash(config: Mapping[str, Any]) -> str:
    """Id of who is asked and how; only the keys that were written count."""
    return H("config", dict(config))


def response_id(prompt: str, config: str, draw: int, text: str | None) -> str:
    """Id of one answer; uniform, hence also the tie-break between equal scores."""
    return H("response", prompt, config, draw, text)


def text_id(text: str) -> str:
    """Id of a text: equal texts are scored and checked once."""
    return H("text", text)


def math_check_id(gold: str) -> str:
    """Id of a mathematics check: a changed gold answer is another check.

    >>> math_check_id("4")
    'fba0ab8f547b0895a526d6bbc03d9e11'
    """
    return H("check", "math", {"gold": gold})


def code_check_id(
    tests: Sequence[str], entry_point: str | None, stub: str | None
) -> str:
    """Id of a code check: tests, entry point and the stub a continuation continues.

    >>> code_check_id(["assert f(1) == 2"], "f", None)
    '42a49e91b0df7ddec77e43ab1b6d4539'
    """
    spec = {"tests": list(tests), "entry_point": entry_point, "stub": stub}
    return H("check", "code", spec)


def seed_base(sampling_seed: int, prompt: str, config: str) -> int:
    """First seed of a prompt's draws, 0 to 2**31 - 1; draw i uses base + i."""
    return int(H("seed", sampling_seed, prompt, config)[:8], 16) & 0x7FFFFFFF


def recorded_draw(text: str | None, k: int) -> int:
    """Draw of a recorded answer that has none: 63 bits of its text and occurrence.

    `k` is how often this text came before for the same prompt and configuration,
    so adding a file shifts no draw that is there.

    >>> recorded_draw("4", 0)
    66138854871240998
    """
    return int(H("draw", text, k)[:16], 16) >> 1


def norm_key(messages: Messages) -> str:
    """Id of a conversation with width, white space and case folded, for duplicates.

    >>> one = [{"role": "user", "content": "What  is 2+2?"}]
    >>> two = [{"role": "user", "content": "what is ２＋２?"}]
    >>> norm_key(one) == norm_key(two)
    True
    """
    folded = [
        [m["role"], " ".join(unicodedata.normalize("NFKC", m["content"]).split())]
        for m in messages
    ]
    return H("norm", [[role, content.casefold()] for role, content in folded])

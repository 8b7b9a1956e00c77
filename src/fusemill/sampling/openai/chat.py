"""What goes over the wire: the body of a request, and the answers in a response.

{"model": "google/gemma-2-27b-it", "messages": [{"role": "user", …}],
 "temperature": 0.8, "top_p": 0.95, "max_tokens": 4096, "n": 5, "seed": 512293103}

{"model": "google/gemma-2-27b-it", "choices": [{"index": 0, "finish_reason": "stop",
  "message": {"role": "assistant", "content": "4"}}, …],
 "usage": {"prompt_tokens": 14, "completion_tokens": 10}}
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2

from fusemill.errors import EngineError
from fusemill.sampling.engine import Answer, Request
from fusemill.sampling.openai.endings import ending
from fusemill.sampling.openai.faults import Fault, check_status, without_key
from fusemill.sampling.reasoning import split_reasoning

_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Served:
    """A model as a server knows it."""

    name: str  # in registry/models.yaml
    served_as: str
    answers_as: str
    sampling: Mapping[str, Any]
    reasoning: str | None = None  # sent as reasoning_effort
    send_seed: bool = True

    @property
    def max_tokens(self) -> float:
        """How many tokens an answer may have; infinite where nothing says."""
        keys = ("max_completion_tokens", "max_tokens")
        found = [self.sampling.get(key) for key in keys]
        return min([n for n in found if isinstance(n, int)], default=math.inf)


@dataclass(frozen=True)
class Sent:
    """When a request was sent and how long its answer took."""

    asked_at: datetime
    latency_s: float


def body(served: Served, request: Request) -> bytes:
    """The request as JSON: exactly the sampling keys that are declared, `n`, a seed."""
    sent: dict[str, Any] = {
        "model": served.served_as,
        "messages": request.messages,
        **served.sampling,
    }
    if served.reasoning is not None:
        sent["reasoning_effort"] = served.reasoning
    if request.n > 1:
        sent["n"] = request.n
    if served.send_seed:
        sent["seed"] = request.seed
    return json.dumps(sent, ensure_ascii=False).encode()


def answers(
    data: bytes,
    served: Served,
    request: Request,
    sent: Sent,
    where: str,
    key: str | None = None,
) -> list[Answer]:
    """The draws that a response holds, of those that were asked for, each once.

    They may be fewer: who asked asks for the others again. Bytes that are not UTF-8 and
    lone surrogates become U+FFFD. The server's own words, not its texts, are kept
    without the key. Raises Fault where it is no chat completion, what the status means
    where it is an error sent with status 200, and EngineError where another model
    answered.
    """
    said = data.decode("utf-8", "replace")
    try:
        found = json.loads(said)
        _check_error(found, said, where, key)
        choices = {_index(choice): choice for choice in reversed(found["choices"])}
        usage = dict(found.get("usage") or {})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Fault(
            "not_a_completion",
            f"no JSON, or no `choices` in it: {without_key(said, key)}",
        ) from None
    _check_model(found.get("model"), served, where, key)
    wanted = {i: choice for i, choice in choices.items() if i in range(request.n)}
    if not wanted:
        raise Fault("no_choices")
    n_input = _whole(usage.get("prompt_tokens"))
    n_output = _shared_out(_whole(usage.get("completion_tokens")), wanted)
    return [
        _answer(
            wanted[i],
            served,
            request,
            request.first + i,
            sent,
            (n_input, n_output.get(i)),
            key,
        )
        for i in sorted(wanted)
    ]


def _check_error(found: Any, said: str, where: str, key: str | None) -> None:
    """Routers that have begun to answer send a later error with status 200."""
    error = None if "choices" in found else found.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, int) and code >= httpx2.codes.BAD_REQUEST:
        check_status(code, {}, said, where, key)


def _index(choice: Mapping[str, Any]) -> int:
    index = choice.get("index") or 0
    if not isinstance(index, int) or not isinstance(choice.get("message"), dict):
        raise TypeError
    return index


def _check_model(found: object, served: Served, where: str, key: str | None) -> None:
    if found is not None and found != served.answers_as:
        name = without_key(repr(found), key)
        raise EngineError(
            f"{where}: asked for model {served.served_as!r}, and {name} answered; "
            f"expected {served.answers_as!r}. Its answers are not kept: serve the "
            "declared model, or write the name it answers with as `answers_as`"
        )


def _answer(
    choice: Mapping[str, Any],
    served: Served,
    request: Request,
    draw: int,
    sent: Sent,
    n_tokens: tuple[int | None, int | None],
    key: str | None,
) -> Answer:
    message = choice["message"]
    content, thoughts = _content(message.get("content"))
    text, reasoning = split_reasoning(
        _clean(content),
        _clean(
            message.get("reasoning_content") or message.get("reasoning") or thoughts
        ),
    )
    if message.get("refusal"):
        reason, said = None, without_key(str(message["refusal"]), key)
        refusal: str | None = f"the server refused: {said}"
    else:
        is_full = (n_tokens[1] or 0) >= served.max_tokens
        reason, refusal = ending(choice.get("finish_reason"), text, is_full=is_full)
        refusal = refusal and without_key(refusal, key)
    return Answer(
        request,
        draw,
        text=None if refusal else text,
        reasoning=None if refusal else reasoning,
        finish_reason=reason,
        n_input_tokens=n_tokens[0],
        n_output_tokens=n_tokens[1],
        asked_at=sent.asked_at,
        latency_s=sent.latency_s,
        error=_clean(refusal) if refusal else None,
    )


def _content(content: object) -> tuple[str, str]:
    """Text and thoughts of a message: a string, null, or a list of parts.

    Mistral has parts of type `thinking` among those of the text.
    """
    if not isinstance(content, list):
        return _text(content), ""
    said, thoughts = [], []
    for part in content:
        if isinstance(part, dict) and part.get("type") == "thinking":
            thoughts.append(_joined(part.get("thinking")))
        else:
            said.append(part)
    return _joined(said), "".join(thoughts)


def _joined(content: object) -> str:
    if not isinstance(content, list):
        return _text(content)
    texts = [part.get("text") if isinstance(part, dict) else part for part in content]
    return "".join(map(_text, texts))


def _text(value: object) -> str:
    if value is not None and not isinstance(value, str):
        raise Fault("not_a_completion", "`content` is no text")
    return value or ""


def _clean(text: object) -> str:
    if not isinstance(text, str):
        raise Fault("not_a_completion", "a text was expected")
    return _SURROGATES.sub("\ufffd", text)


def _whole(count: object) -> int | None:
    """A count that a server gives, None where it is none."""
    if isinstance(count, bool) or not isinstance(count, int):
        return None
    return count if 0 <= count < 2**31 else None


def _shared_out(
    total: int | None, choices: Mapping[int, Mapping[str, Any]]
) -> dict[int, int]:
    """Output tokens of each choice, by length of its text; they add up to the total.

    A server counts a request as a whole.
    """
    if total is None:
        return {}
    weights = [len(json.dumps(choice["message"])) for choice in choices.values()]
    return dict(zip(choices, shares(total, weights), strict=True))


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """The total in whole parts near to these proportions, which add up to it.

    >>> shares(10, [1, 1, 1])
    [3, 3, 4]
    """
    found, given, weight = [], 0, 0
    for one in weights:
        weight += one
        found.append(total * weight // sum(weights) - given)
        given += found[-1]
    return found

"""A reward model behind vLLM's server: POST /classify or /pooling, one pair a request.

    {"model": "org/rm", "messages": [{"role": "user", …}, {"role": "assistant", …}],
     "use_activation": false}
    → /classify {"model": "org/rm", "data": [{"index": 0, "probs": [3.21]}], "usage": …}
    → /pooling  {"model": "org/rm", "data": [{"index": 0, "data": [3.21]}], "usage": …}

Without `use_activation: false` vLLM sends a sigmoid or softmax of the logits. Some
models pool a value a token: the last one is the score. The server applies the chat
template; POST /tokenize shows what it reads.
"""

import json
import math
import queue
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from fusemill import __version__
from fusemill.errors import EngineError
from fusemill.project.endpoints import declared_endpoint, where_of
from fusemill.project.project import Project
from fusemill.sampling.openai.connections import (
    CONNECT_S,
    IDLE_S,
    of_the_environment,
    or_its_proxy,
)
from fusemill.sampling.openai.faults import (
    Fault,
    Overloaded,
    Refused,
    Rejected,
    check_status,
    message_of,
    of_exception,
    without_key,
)
from fusemill.scoring.rewards.pairs import Pair, Scored


class NotServed(EngineError):
    """The server does not know this path, or not this model."""


TRIES = 8
TICK_S = 0.5  # how often something is yielded at least
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0


@dataclass(frozen=True)
class HttpReward:
    """Servers of one reward model, asked in turn."""

    urls: tuple[str, ...]  # without /v1, where vLLM's pooling paths are not
    path: str
    served_as: str
    answers_as: str
    label: int | None
    key: str | None
    where: str
    max_tokens: int
    max_concurrency: int  # of each URL
    http: httpx2.Client

    def scores(self, pairs: Sequence[Pair]) -> Iterator[list[tuple[int, Scored]]]:
        """As RewardModel.scores: each as it comes, and nothing where none came."""
        todo: queue.SimpleQueue[int] = queue.SimpleQueue()
        for i in range(len(pairs)):
            todo.put(i)
        done: queue.SimpleQueue[tuple[int, Scored | BaseException]]
        done, over = queue.SimpleQueue(), threading.Event()

        def work() -> None:
            while not over.is_set():
                try:
                    i = todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    done.put((i, self._score(pairs[i], i)))
                except BaseException as error:  # for whoever asked
                    done.put((i, error))

        for _ in range(min(self.max_concurrency * len(self.urls), len(pairs))):
            # Those of a pool would hold an interrupt up until their requests end.
            threading.Thread(target=work, daemon=True).start()
        try:
            yield from _as_they_come(done, len(pairs))
        finally:
            over.set()

    def misread(self, pair: Pair) -> str | None:
        """What is wrong with how the server reads a pair, None where nothing is seen.

        Nothing is seen of a server that does not show its tokens at /tokenize.
        """
        asked = {
            "model": self.served_as,
            "messages": pair.conversation,
            "add_generation_prompt": False,  # true by default, at /classify false
        }
        try:
            shown = self._post(0, "tokenize", asked)
        except NotServed:
            return None
        tokens = shown.get("tokens") or []
        if len(tokens) > 1 and tokens[0] == tokens[1]:
            return f"it begins with token {tokens[0]} twice: a doubled BOS"
        try:
            found = self._post(0, self.path, self._body(pair))
        except Refused:
            return None  # its status says so
        n_read = _n_tokens(found)
        if n_read is not None and n_read < len(tokens):
            return (
                f"the server reads {n_read} of its {len(tokens)} tokens: the prompt is "
                "cut"
            )
        return None

    def _body(self, pair: Pair) -> dict[str, Any]:
        return {
            "model": self.served_as,
            "messages": pair.conversation,
            "use_activation": False,
        }

    def _score(self, pair: Pair, first: int) -> Scored:
        try:
            found = self._post(first, self.path, self._body(pair))
        except Refused:
            return Scored("too_long")
        n_read = _n_tokens(found)
        if n_read is not None and n_read > self.max_tokens:
            return Scored("too_long")
        return self._read(found)

    def _read(self, found: dict[str, Any]) -> Scored:
        """The score in a response; EngineError where another model answered."""
        if found.get("model") != self.answers_as:
            raise EngineError(
                f"{self.where}: asked for model {self.served_as!r}, and "
                f"{without_key(repr(found.get('model')), self.key)} answered; "
                f"expected {self.answers_as!r}"
            )
        try:
            (item,) = found["data"]
            values = item["probs"] if self.path == "classify" else item["data"]
            if values and isinstance(values[0], list):
                values = values[-1]  # a value a token
            # JSON has no NaN: servers write null.
            logits = [math.nan if value is None else float(value) for value in values]
        except (KeyError, TypeError, ValueError) as error:
            raise EngineError(
                f"{self.where}: /{self.path} gave no scores ({error}): "
                f"{without_key(json.dumps(found), self.key)}"
            ) from None
        label = self.label
        if label is None and len(logits) == 1:
            label = 0
        if label is None or label >= len(logits):
            raise EngineError(
                f"{self.where}: `label` is {self.label}; the model has {len(logits)} "
                f"labels, from 0 to {len(logits) - 1}"
            )
        return Scored.of(logits[label], logits if len(logits) > 1 else None)

    def _post(self, first: int, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The response, tried again while that may help, each time at the next URL."""
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        for tries in range(1, TRIES + 1):
            address = f"{self.urls[(first + tries - 1) % len(self.urls)]}/{path}"
            try:
                return self._try(address, content)
            except Rejected as error:
                raise EngineError(f"{self.where}: {address}: {error}") from None
            except Fault as fault:
                if tries == TRIES:
                    raise EngineError(
                        f"{self.where}: {address}: {fault}, {tries} times; see what "
                        f"the server logs, then run again{or_its_proxy(self.urls)}"
                    ) from None
                _wait(fault, tries)
        raise AssertionError("the last try returns or raises")

    def _try(self, address: str, content: bytes) -> dict[str, Any]:
        where = f"{self.where}: {address}"
        try:
            response = self.http.post(address, content=content)
        except httpx2.HTTPError as error:
            raise of_exception(error, where) from None
        if response.status_code in (404, 405):
            raise NotServed(
                f"{where}: {response.status_code} "
                f"{without_key(message_of(response.text), self.key)}; check the base "
                "URL, `served_as`, and that the server runs the model with "
                "`--runner pooling`"
            )
        text = "" if response.status_code == httpx2.codes.OK else response.text
        check_status(response.status_code, response.headers, text, where, self.key)
        try:
            found = json.loads(response.content)
        except ValueError:
            raise Fault("not_json") from None
        if not isinstance(found, dict):
            raise Fault("not_json", "no object")
        return found


def _as_they_come(
    done: "queue.SimpleQueue[tuple[int, Scored | BaseException]]", n: int
) -> Iterator[list[tuple[int, Scored]]]:
    while n:
        try:
            i, found = done.get(timeout=TICK_S)
        except queue.Empty:
            yield []
            continue
        if isinstance(found, BaseException):
            raise found
        n -= 1
        yield [(i, found)]


def _n_tokens(found: dict[str, Any]) -> int | None:
    """How many tokens the server read, None where it does not say."""
    usage = found.get("usage")
    count = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return count if isinstance(count, int) else None


def _wait(fault: Fault, tries: int) -> None:
    """As long as the server asks, else longer each time and never in step."""
    asked = fault.after_s if isinstance(fault, Overloaded) else None
    longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (tries - 1))
    time.sleep(asked if asked is not None else longest * random.uniform(0.5, 1.0))  # noqa: S311


def open_http(project: Project, model: str) -> HttpReward:
    """The declared endpoint of a reward model; it is not asked yet."""
    endpoint = declared_endpoint(project.endpoints, model)
    where = where_of(model)
    reward = project.rewards[model]
    key = endpoint.key(where)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"fusemill/{__version__}",
    }
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    urls = tuple(url.removesuffix("/v1") for url in endpoint.urls(where))
    served_as = endpoint.served_as or project.models[model].model
    assert reward.path is not None  # loading the project has checked it
    with of_the_environment():
        http = httpx2.Client(
            headers=headers,
            timeout=httpx2.Timeout(endpoint.timeout_s, connect=CONNECT_S),
            # The threads bound what is under way; IDLE_S as for answers.
            limits=httpx2.Limits(
                max_connections=None,
                max_keepalive_connections=None,
                keepalive_expiry=IDLE_S,
            ),
        )
    return HttpReward(
        urls=urls,
        path=reward.path,
        served_as=served_as,
        answers_as=endpoint.answers_as or served_as,
        label=reward.label,
        key=key,
        where=where,
        max_tokens=reward.max_tokens,
        max_concurrency=endpoint.max_concurrency,
        http=http,
    )

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
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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
)
from fusemill.sampling.openai.faults import Refused, Rejected, without_key
from fusemill.scoring.rewards.pairs import Pair, Scored
from fusemill.scoring.rewards.servers import NotServed, Servers

TICK_S = 0.5  # how often something is yielded at least


@dataclass(frozen=True)
class HttpReward:
    """Servers of one reward model, asked in turn."""

    servers: Servers
    path: str
    served_as: str
    answers_as: str
    label: int | None
    max_tokens: int
    max_concurrency: int  # of each URL
    # A pair that was scored, to see whether one that is rejected is at fault itself.
    _taken: list[Pair] = field(default_factory=list, init=False)

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

        for _ in range(min(self.max_concurrency * len(self.servers.urls), len(pairs))):
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
            return self._misread(pair, asked)
        except Rejected as error:
            return f"the server rejects it: {error}"

    def _misread(self, pair: Pair, asked: dict[str, Any]) -> str | None:
        try:
            shown = self.servers.post(0, "tokenize", asked)
        except NotServed:
            return None
        tokens = shown.get("tokens") or []
        if len(tokens) > 1 and tokens[0] == tokens[1]:
            return f"it begins with token {tokens[0]} twice: a doubled BOS"
        try:
            found = self.servers.post(0, self.path, self._body(pair))
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
            found = self.servers.post(first, self.path, self._body(pair))
        except Refused:
            return Scored("too_long")
        except Rejected as error:
            self._require_taking(first, error)
            return Scored("no_pattern")
        if not self._taken:
            self._taken.append(pair)
        n_read = _n_tokens(found)
        if n_read is not None and n_read > self.max_tokens:
            return Scored("too_long")
        return self._read(found)

    def _require_taking(self, first: int, error: Rejected) -> None:
        """EngineError unless the server still scores what it has scored before."""
        try:
            for pair in self._taken:
                self.servers.post(first, self.path, self._body(pair))
                return
        except Rejected as now:
            error = now
        raise EngineError(f"{self.servers.where}: /{self.path}: {error}") from None

    def _read(self, found: dict[str, Any]) -> Scored:
        """The score in a response; EngineError where another model answered."""
        if found.get("model") != self.answers_as:
            raise EngineError(
                f"{self.servers.where}: asked for model {self.served_as!r}, and "
                f"{without_key(repr(found.get('model')), self.servers.key)} answered; "
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
                f"{self.servers.where}: /{self.path} gave no scores ({error}): "
                f"{without_key(json.dumps(found), self.servers.key)}"
            ) from None
        label = self.label
        if label is None and len(logits) == 1:
            label = 0
        if label is None or label >= len(logits):
            raise EngineError(
                f"{self.servers.where}: `label` is {self.label}; the model has "
                f"{len(logits)} labels, from 0 to {len(logits) - 1}"
            )
        return Scored.of(logits[label], logits if len(logits) > 1 else None)


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
        servers=Servers(urls, key, where, http),
        path=reward.path,
        served_as=served_as,
        answers_as=endpoint.answers_as or served_as,
        label=reward.label,
        max_tokens=reward.max_tokens,
        max_concurrency=endpoint.max_concurrency,
    )

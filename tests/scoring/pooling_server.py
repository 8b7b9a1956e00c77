"""A server that speaks vLLM's pooling API over a made-up reward model.

    python tests/scoring/pooling_server.py '{"labels": 1, "faults": ["503", "cut"]}'

It prints its port and answers POST /classify, /pooling and /tokenize, as vLLM does, and
GET /log: how often each path was asked. A token is a word. Logit k of a
conversation is k + (letters of the answer) / 10 - (words of the prompt); without
`use_activation: false` its sigmoid is sent. Settings:

    labels      how many logits
    a_token     /pooling sends a list of logits for every token, the last one counts
    most        tokens that fit; more are refused as vLLM refuses them
    raw         false: the sigmoid is sent whatever is asked, as old servers do
    keep        cut to so many last tokens instead, without a word
    bos         how often the first token is written
    model       the name that it serves
    key         what must be sent as Bearer
    tokenize    false: no such path
    null        true: every logit is null, as NaN is written
    rejects     conversations whose answer has this text, as a chat template refuses
    hang        from this request on, none is answered
    faults      what the first requests meet: a status, `cut` or `html`
"""

import json
import math
import sys
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

SETTINGS: dict[str, Any] = {
    "labels": 1,
    "a_token": False,
    "most": 1000,
    "raw": True,
    "keep": None,
    "bos": 1,
    "model": "made-up/tiny",
    "key": None,
    "tokenize": True,
    "null": False,
    "hang": None,
    "rejects": None,
    "faults": [],
    **json.loads(sys.argv[1] if __name__ == "__main__" and sys.argv[1:] else "{}"),
}
ASKED: Counter[str] = Counter()
LOCK = Lock()


class Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def tokens(messages: list[dict[str, str]]) -> list[int]:
    """BOS is 1; every message a header, its words and an end."""
    found = [1] * SETTINGS["bos"]
    for message in messages:
        words = message["content"].split()
        found += [2, *(10 + len(word) for word in words), 3]
    return found


def logits(messages: list[dict[str, str]]) -> list[float]:
    *prompt, answer = messages
    letters = sum(c.isalpha() for c in answer["content"])
    words = sum(len(m["content"].split()) for m in prompt)
    return [k + letters / 10 - words for k in range(SETTINGS["labels"])]


def answer(path: str, asked: dict[str, Any]) -> dict[str, Any]:
    if asked["model"] != SETTINGS["model"] and path != "/tokenize":
        raise Refusal(404, f"The model `{asked['model']}` does not exist.")
    ids = tokens(asked["messages"])
    if path == "/tokenize" and SETTINGS["tokenize"]:
        if asked.get("add_generation_prompt", True):
            ids.append(2)  # a header for an answer that is to come
        return {"count": len(ids), "max_model_len": SETTINGS["most"], "tokens": ids}
    if path not in ("/classify", "/pooling"):
        raise Refusal(404, "Not Found")
    if len(ids) > SETTINGS["most"]:
        raise Refusal(
            400,
            f"This model's maximum context length is {SETTINGS['most']} tokens. "
            f"However, you requested {len(ids)} tokens in the input for pooling.",
        )
    if SETTINGS["rejects"] and SETTINGS["rejects"] in asked["messages"][-1]["content"]:
        raise Refusal(400, "Conversation roles must alternate.")
    n_used = min(len(ids), SETTINGS["keep"] or len(ids))
    values: list[Any] = logits(asked["messages"])
    if asked.get("use_activation") is not False or not SETTINGS["raw"]:
        values = [1 / (1 + math.exp(-value)) for value in values]
    if SETTINGS["null"]:
        values = [None] * len(values)
    usage = {"prompt_tokens": n_used, "total_tokens": n_used, "completion_tokens": 0}
    item: dict[str, Any] = {"index": 0}
    if path == "/classify":
        label = f"LABEL_{values.index(max(values))}"
        item |= {"label": label, "probs": values, "num_classes": len(values)}
    else:
        per_token = [[99.0] * len(values)] * (n_used - 1) + [values]
        data = per_token if SETTINGS["a_token"] else values
        item |= {"object": "pooling", "data": data}
    return {
        "id": f"{path[1:]}-1",
        "object": "list",
        "created": 1,
        "model": SETTINGS["model"],
        "data": [item],
        "usage": usage,
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with LOCK:
            ASKED[self.path] += 1
            fault = SETTINGS["faults"].pop(0) if SETTINGS["faults"] else None
            n_asked = ASKED.total()
        if SETTINGS["hang"] is not None and n_asked >= SETTINGS["hang"]:
            time.sleep(3600)
        sent = self.headers["Authorization"]
        if SETTINGS["key"] is not None and sent != f"Bearer {SETTINGS['key']}":
            self.send(401, error(401, f"Invalid key {sent}"))
        elif fault == "cut":
            self.connection.close()
        elif fault == "html":
            self.send(200, b"<html>")
        elif fault is not None:
            self.send(int(fault), error(int(fault), "busy"), "Retry-After: 0.01")
        else:
            try:
                self.send(200, json.dumps(answer(self.path, asked)).encode())
            except Refusal as refusal:
                self.send(refusal.status, error(refusal.status, str(refusal)))

    def do_GET(self) -> None:
        self.send(200, json.dumps(ASKED).encode())

    def send(self, status: int, body: bytes, *headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for header in headers:
            self.send_header(*header.split(": "))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Nothing: standard error is the test's."""


def error(status: int, message: str) -> bytes:
    return json.dumps({"error": {"message": message, "code": status}}).encode()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()

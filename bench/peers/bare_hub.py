"""A Hub that keeps nothing, the other side of bench/hub.py: what a client itself costs.

    python bench/peers/bare_hub.py FOLDER

Answers what publishing and pulling ask, always the same: one commit, without files and
tags. What is uploaded is read and thrown away; `resolve` sends FOLDER's files with
sendfile. Prints its address.
"""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "5" * 40
INLINE_MAX = 5 << 20  # bytes; what is larger goes by LFS, as on the embedded Hub
FOLDER = Path(sys.argv[1])
REFS = {"branches": [], "converts": [], "tags": []}
HEAD = {"id": "bench/round", "sha": COMMIT, "private": False, "siblings": []}
LISTS = r"/api/datasets/[^/]+/[^/]+/(tree|commits)/"


class Bare(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """A file, or what there is."""
        path = self.path.partition("?")[0]
        if "/resolve/" in path:
            self._file(FOLDER / path.partition(f"/{COMMIT}/")[2])
        elif path.endswith("/refs"):
            self._json(REFS)
        else:
            self._json([] if re.match(LISTS, path) else HEAD)

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        """A large file, thrown away."""
        self._swallow()
        self._json({})

    def do_POST(self) -> None:
        """Steps of a commit, and a tag."""
        body = self._body()
        if "/preupload/" in self.path:
            self._json({"files": [mode(one) for one in json.loads(body)["files"]]})
        elif self.path.endswith("/objects/batch"):
            host = self.headers["Host"]
            there = [upload(host, one) for one in json.loads(body)["objects"]]
            self._json({"transfer": "basic", "objects": there})
        elif "/commit/" in self.path:
            url = f"http://{self.headers['Host']}/datasets/bench/round/commit/{COMMIT}"
            self._json({"success": True, "commitOid": COMMIT, "commitUrl": url})
        else:
            self._json({})

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _swallow(self) -> None:
        buffer = memoryview(bytearray(1 << 20))
        left = int(self.headers["Content-Length"])
        while left and (n := self.rfile.readinto(buffer[: min(left, len(buffer))])):
            left -= n

    def _file(self, path: Path) -> None:
        size = path.stat().st_size
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.send_header("ETag", f'"{path.name}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if self.command == "GET":
            with open(path, "rb") as file:
                self.connection.sendfile(file)

    def _json(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def mode(file: dict) -> dict:
    """How a file is to be sent."""
    way = "lfs" if file["size"] > INLINE_MAX else "regular"
    return {"path": file["path"], "uploadMode": way, "shouldIgnore": False}


def upload(host: str, wanted: dict) -> dict:
    """Where a large file is to be sent."""
    action = {"upload": {"href": f"http://{host}/lfs/{wanted['oid']}"}}
    return {**wanted, "actions": action}


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), Bare) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()

"""Requests as bytes, since a client library would mend or refuse what is sent here."""

import contextlib
import json
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil
from hub_server import HubServer

WAIT_S = 60


@dataclass(frozen=True)
class Answer:
    """Status (0 where the line was closed without an answer), headers, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> str:
        """What the server says is wrong."""
        return str(json.loads(self.body)["error"])


def connect(server: HubServer) -> socket.socket:
    """A connection to the server."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S)


def read(line: socket.socket) -> Answer:
    """Everything until the server closes the line."""
    found = bytearray()
    try:
        while chunk := line.recv(1 << 16):
            found += chunk
    except ConnectionResetError:
        pass
    head, _, body = bytes(found).partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    pairs = (field.partition(": ") for field in rest)
    status = int(first.split(" ")[1]) if first else 0
    return Answer(status, {name.lower(): value for name, _, value in pairs}, body)


def send(server: HubServer, request: bytes) -> Answer:
    """These bytes, and what comes back."""
    with connect(server) as line:
        # It may answer before it has read all.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            line.sendall(request)
        return read(line)


def head(
    server: HubServer,
    method: str,
    target: str,
    token: str | None = None,
    **headers: str,
) -> bytes:
    """Request line and headers; `Host` may be given, or be empty for none at all."""
    given = {"Host": f"127.0.0.1:{server.port}", "Connection": "close", **headers}
    if token is not None:
        given["Authorization"] = f"Bearer {token}"
    lines = [f"{name.replace('_', '-')}: {v}" for name, v in given.items() if v]
    return "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode()


def ask(
    server: HubServer,
    method: str,
    target: str,
    token: str | None = None,
    body: bytes = b"",
    **headers: str,
) -> Answer:
    """One request, its target exactly as it is written here."""
    if body:
        headers["Content_Length"] = str(len(body))
    return send(server, head(server, method, target, token, **headers) + body)


def commit(server: HubServer, repo: str, *lines: object) -> Answer:
    """A commit of a dataset by a writer; lines that are bytes go as they are."""
    header = {"key": "header", "value": {"summary": "s"}}
    encoded = [
        line if isinstance(line, bytes) else json.dumps(line).encode()
        for line in (header, *lines)
    ]
    target = f"/api/datasets/{repo}/commit/main"
    return ask(server, "POST", target, server.token, b"\n".join(encoded))


def batch(server: HubServer, repo: str, body: object, token: str | None) -> Answer:
    """Git LFS's batch call of a dataset."""
    target = f"/datasets/{repo}.git/info/lfs/objects/batch"
    return ask(server, "POST", target, token, json.dumps(body).encode())


def upload_address(server: HubServer, repo: str, oid: str, size: int) -> str:
    """Where a large file may be sent to, without the host."""
    body = {"operation": "upload", "objects": [{"oid": oid, "size": size}]}
    (found,) = json.loads(batch(server, repo, body, server.token).body)["objects"]
    return str(found["actions"]["upload"]["href"]).removeprefix(server.url)


def file(path: str, content: str = "text") -> dict[str, object]:
    """The line of a commit that adds a small file."""
    value = {"path": path, "content": content, "encoding": "utf-8"}
    return {"key": "file", "value": value}


def peak_mb(server: HubServer) -> float:
    """Most memory that the server ever had in RAM, in MB (VmHWM)."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def n_files(server: HubServer) -> int:
    """Open descriptors of the server."""
    return int(psutil.Process(server.process.pid).num_fds())


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}

"""Serving one folder, one process at a time, until it is told to stop."""

import contextlib
import ipaddress
import shlex
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from fusemill.errors import HubError
from fusemill.hub.access import Hub
from fusemill.hub.app import application
from fusemill.hub.fsck import leftovers
from fusemill.hub.lines import Line
from fusemill.locks import hub_lock

HTTP_PORT = 80
GRACE_S = 10  # for requests under way when the server is stopped


def serve(
    folder: Path,
    host: str = "127.0.0.1",
    port: int = 8383,
    allow_hosts: tuple[str, ...] = (),
    quiet: bool = False,
) -> None:
    """Serve the Hub of a folder until SIGTERM or Ctrl-C.

    Says where, and what clients set, on standard output. HubError where the port is
    taken, LockError where another process serves the folder.
    """
    folder = folder.absolute()
    lock = hub_lock(folder, f"fusemill hub serve --folder {folder}")
    with lock, _listening(host, port) as listener:
        for line in leftovers(folder, repair=True):
            print(line, file=sys.stderr, flush=True)
        hub = Hub.of(folder)
        hub.tokens.add_first()
        port = listener.getsockname()[1]
        app = application(hub, _hosts(host, port, allow_hosts), quiet)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=True,  # a proxy on this machine may say that it has TLS
            ws="none",
            http=Line,
            timeout_graceful_shutdown=GRACE_S,
        )
        for line in announcement(hub, f"http://{_url_host(host)}:{port}"):
            print(line, flush=True)
        _Server(config).run(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn, that ends with exit code 0 where it was told to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        both = (signal.SIGINT, signal.SIGTERM)
        before = {n: signal.signal(n, self.handle_exit) for n in both}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        raise HubError(
            f"http://{_url_host(host)}:{port}: {error.strerror or error}; choose "
            "another --host or --port (0: any free port)"
        ) from error
    with listener:
        yield listener


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _hosts(host: str, port: int, allowed: tuple[str, ...]) -> frozenset[str]:
    """The Host headers that are taken: a page of another site cannot reach us by a name
    of its own that it lets point here."""
    found = {f"{_url_host(host)}:{port}".lower()}
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            found.add(f"localhost:{port}")
    if port == HTTP_PORT:  # which clients leave out
        found |= {name.removesuffix(f":{port}") for name in found}
    return frozenset(found | {name.lower() for name in allowed})


def announcement(hub: Hub, url: str) -> list[str]:
    """Where the Hub is, and what to set, as lines that a shell takes."""
    lines = [
        f"serving {hub.folder} at {url}",
        f"export HF_ENDPOINT={url} HF_HUB_DISABLE_XET=1",
    ]
    if hub.tokens.first.exists():
        lines[-1] += f' HF_TOKEN="$(cat {shlex.quote(str(hub.tokens.first))})"'
    return lines

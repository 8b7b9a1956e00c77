"""A line to a server that breaks once, in the middle of a long answer."""

import socket
import threading
from types import TracebackType


class Relay:
    """Passes connections on to a port of this machine.

    The first answer of more than `cut_after` bytes is broken off there; all later ones
    are passed on whole.
    """

    def __init__(self, cut_after: int) -> None:
        self.target = 0
        self.n_cut = 0
        self._cut_after = cut_after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> "Relay":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # the test is over
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            for target, given in (
                (self._requests, (client, server)),
                (self._answers, (server, client)),
            ):
                threading.Thread(target=target, args=given, daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        try:
            while data := client.recv(65_536):
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
        except OSError:  # the line was cut
            server.close()

    def _answers(self, server: socket.socket, client: socket.socket) -> None:
        passed = 0
        with server, client:
            try:
                while data := server.recv(65_536):
                    passed += len(data)
                    if passed > self._cut_after and self.n_cut == 0:
                        self.n_cut += 1
                        client.shutdown(socket.SHUT_RDWR)
                        return
                    client.sendall(data)
            except OSError:  # the client has gone
                return

"""The channel between the two roles of a job."""

import json
import os
import struct
from typing import Any

LENGTH = struct.Struct("<I")
MESSAGE_MAX = 16 << 20


class PeerGone(Exception):
    """The other role ended, or sent what is no message."""


class Peer:
    """Messages to and from the other role: JSON, at most 16 MB each."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def send(self, message: Any) -> None:
        """Send `message` (anything json.dumps takes); PeerGone when nobody reads."""
        data = json.dumps(message).encode()
        if len(data) > MESSAGE_MAX:
            raise ValueError(f"a message of {len(data)} bytes, {MESSAGE_MAX} at most")
        view = memoryview(LENGTH.pack(len(data)) + data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as error:
            raise PeerGone("the other role has ended") from error

    def receive(self) -> Any:
        """The next message; PeerGone when there is none or it is not valid."""
        (size,) = LENGTH.unpack(self._read(LENGTH.size))
        if size > MESSAGE_MAX:
            raise PeerGone(f"the other role announced a message of {size} bytes")
        data = self._read(size)
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise PeerGone("the other role sent what is no JSON") from error

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            try:
                part = os.read(self._fd, min(size, 1 << 20))
            except OSError as error:
                raise PeerGone("the other role has ended") from error
            if not part:
                raise PeerGone("the other role has ended")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

"""The channel between the two roles of a job."""

import os
import struct
from typing import Any

from fusemill.sandbox.codec import decode, encode

LENGTH = struct.Struct("<I")
MESSAGE_MAX = 16 << 20


class PeerGone(Exception):
    """The other role ended, or sent what is no message."""


class Peer:
    """Messages to and from the other role: JSON, at most 16 MB each.

    One message at a time is read, so that a flood stays in the channel.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._buffer = bytearray()

    def send(self, message: Any) -> None:
        """Send `message` (what JSON has); PeerGone when nobody reads.

        ValueError for what is too long, TypeError for what JSON has not.
        """
        data = encode(message).encode()
        if len(data) > MESSAGE_MAX:
            raise ValueError(f"a message of {len(data)} bytes, {MESSAGE_MAX} at most")
        data = LENGTH.pack(len(data)) + data
        try:
            n = os.write(self._fd, data)
            while n < len(data):
                data = data[n:]
                n = os.write(self._fd, data)
        except OSError as error:
            raise PeerGone("the other role has ended") from error

    def receive(self) -> Any:
        """The next message; PeerGone when there is none or it is not valid."""
        while not (size := self._whole()):
            self._read()
        data = bytes(self._buffer[LENGTH.size : size])
        del self._buffer[:size]
        try:
            return decode(data.decode())
        except (ValueError, RecursionError) as error:
            raise PeerGone("the other role sent what is no JSON") from error

    def _whole(self) -> int:
        """The size of the first message in the buffer; 0 while it is not whole."""
        if len(self._buffer) < LENGTH.size:
            return 0
        size = LENGTH.size + int(LENGTH.unpack_from(self._buffer)[0])
        if size > MESSAGE_MAX:
            raise PeerGone(f"the other role announced {size - LENGTH.size} bytes")
        return size if len(self._buffer) >= size else 0

    def _read(self) -> None:
        try:
            part = os.read(self._fd, 1 << 16)
        except OSError as error:
            raise PeerGone("the other role has ended") from error
        if not part:
            raise PeerGone("the other role has ended")
        self._buffer += part

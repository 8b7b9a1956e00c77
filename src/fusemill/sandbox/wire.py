"""Frames between the processes of the sandbox.

A frame is a JSON header and raw blobs: lengths of both (two unsigned 64-bit), the
header, the blobs one after another. The header carries the blobs' own lengths.
"""

import json
import struct
from typing import Any

PREFIX = struct.Struct("<QQ")


def pack(header: dict[str, Any], blobs: list[bytes]) -> bytes:
    """One frame.

    >>> Frames().feed(pack({"n": 1}, [b"ab", b"c"]))
    [({'n': 1, 'blobs': [2, 1]}, [b'ab', b'c'])]
    """
    text = json.dumps(header | {"blobs": [len(blob) for blob in blobs]}).encode()
    size = sum(len(blob) for blob in blobs)
    return b"".join([PREFIX.pack(len(text), size), text, *blobs])


class Frames:
    """Whole frames out of a stream of bytes."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[dict[str, Any], list[bytes]]]:
        """The frames that are whole now, (header, blobs), in order."""
        self._buffer += data
        frames = []
        while len(self._buffer) >= PREFIX.size:
            n_header, n_blobs = PREFIX.unpack_from(self._buffer)
            end = PREFIX.size + n_header
            if len(self._buffer) < end + n_blobs:
                break
            header = json.loads(self._buffer[PREFIX.size : end])
            blobs = []
            for size in header["blobs"]:
                blobs.append(bytes(self._buffer[end : end + size]))
                end += size
            del self._buffer[:end]
            frames.append((header, blobs))
        return frames

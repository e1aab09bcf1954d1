"""Messages between the language server and its worker processes: four bytes of length, then JSON.

Every message is a list whose first member names it. JSON is escaped to ASCII, so lone surrogates pass.
"""

from __future__ import annotations

import json
import struct
from typing import IO, Any

Message = list[Any]
LENGTH = struct.Struct(">I")
LARGEST = 256 << 20  # bytes; more is a broken pipe, not a message


class BrokenWireError(OSError):
    """What arrived is not a message."""


def pack(message: Message) -> bytes:
    """A message's bytes with their length in front."""
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    return LENGTH.pack(len(body)) + body


def unpack(body: bytes) -> Message:
    """The message in a body. Raises BrokenWireError."""
    try:
        message = json.loads(body)
    except ValueError as error:
        raise BrokenWireError("not JSON") from error
    if not isinstance(message, list) or not message:
        raise BrokenWireError("not a message")
    return message


def read(stream: IO[bytes]) -> Message | None:
    """The next message, waiting for it; None at the end of the stream. Raises BrokenWireError."""
    head = _exactly(stream, LENGTH.size)
    if head is None:
        return None
    (size,) = LENGTH.unpack(head)
    if size > LARGEST:
        raise BrokenWireError("too long")
    body = _exactly(stream, size)
    return None if body is None else unpack(body)


def _exactly(stream: IO[bytes], size: int) -> bytes | None:
    parts: list[bytes] = []
    while size:
        part = stream.read(size)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)

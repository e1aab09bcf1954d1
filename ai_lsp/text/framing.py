"""Bytes to JSON-RPC messages: the headers of the base protocol, and recovery from wrong ones."""

from __future__ import annotations

import json
import re
from typing import Any

_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d+)[ \t]*\r?\n", re.IGNORECASE)
_INSIDE = re.compile(rb"content-length[ \t]*:[ \t]*\d+\r?\n", re.IGNORECASE)
_NAME = b"content-length"
_EATEN = re.compile(
    rb"(?:content-length[ \t]*:[ \t]*\d*\r?|%s)\Z" % b"|".join(_NAME[:n] for n in range(len(_NAME), 0, -1)),
    re.IGNORECASE,
)
_HEADER_END = re.compile(rb"\r?\n\r?\n")

MAX_BODY = 1 << 30
"""Bytes; a longer Content-Length is taken for damage."""


class BadMessage(ValueError):
    """A body that is not a JSON object. The stream goes on behind it."""


class FrameParser:
    """Feed bytes as they come, take messages out.

    A Content-Length that is too long would wait for ever for bytes that are not coming. JSON can never hold
    a raw `Content-Length: 1\\r\\n`, so finding one inside a body shows where the next message really starts.
    One that is too short leaves rubbish, which is passed over up to the next header.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0

    def feed(self, data: bytes) -> list[Any]:
        """The messages completed by `data`: parsed JSON, or a BadMessage for a damaged body."""
        self._buffer += data
        out: list[Any] = []
        while (body := self._next_body()) is not None:
            message = _parse(body)
            if isinstance(message, BadMessage) and (eaten := _EATEN.search(body)) is not None:
                # A length that is a little too long swallowed the start of the next header: give it back.
                self._buffer[:0] = eaten[0]
                message = _parse(body[: eaten.start()])
            out.append(message)
        return out

    def _next_body(self) -> bytes | None:
        buffer = self._buffer
        header = _LENGTH.search(buffer)
        if header is None:
            if len(buffer) > 65_536:  # no header in sight: keep what may be the start of one
                del buffer[:-64]
            return None
        end = _HEADER_END.search(buffer, header.end() - 2)
        if end is None:
            return None
        start = end.end()
        length = min(int(header[1][:12]), MAX_BODY)
        stop = start + length
        damaged = _INSIDE.search(buffer, max(start, self._scanned - 32), min(stop, len(buffer)))
        if damaged is not None:
            stop = damaged.start()
        elif len(buffer) < stop:
            self._scanned = len(buffer)
            return None
        body = bytes(buffer[start:stop])
        del buffer[:stop]
        self._scanned = 0
        return body


def _parse(body: bytes) -> Any:
    try:
        text = body.decode("utf-8", "surrogatepass")  # a lone surrogate written as raw bytes is kept
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")  # and a request with broken bytes in it is still answered
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        return BadMessage(f"not a JSON message ({type(error).__name__})")
    return message if isinstance(message, dict | list) else BadMessage("not a JSON object")


def frame(message: Any) -> bytes:
    """A message with its header. Characters beyond ASCII are escaped, so lone surrogates survive."""
    body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii")
    return b"Content-Length: %d\r\n\r\n" % len(body) + body

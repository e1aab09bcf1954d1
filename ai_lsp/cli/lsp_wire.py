"""JSON-RPC on a pipe, seen from the client's side: frames, requests on their way, and what else comes in."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

Json = Any
REQUEST_CANCELLED = -32800


class ServerGone(Exception):
    """The server's process ended, or closed its output, while an answer was due."""


class RequestFailed(Exception):
    """The server answered with an error; `code` is JSON-RPC's or LSP's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code


@dataclass(slots=True)
class Call:
    """A request on its way. Times are of `time.monotonic_ns`; `answered_ns` is 0 until the answer is here."""

    id: int
    method: str
    answer: asyncio.Future[Json]
    sent_ns: int
    answered_ns: int = 0

    @property
    def milliseconds(self) -> float:
        """From the request's last byte written to the answer's last byte read."""
        return (self.answered_ns - self.sent_ns) / 1e6

    def fail(self, error: Exception) -> None:
        """Ends the request with an error, whether or not somebody waits for it."""
        self.answer.set_exception(error)
        self.answer.exception()  # marks it as seen


@dataclass(slots=True)
class Seen:
    """What the server sent of its own accord, and what it should never have sent."""

    messages: list[Json] = field(default_factory=list)  # showMessage and showMessageRequest: pop-ups
    logs: list[Json] = field(default_factory=list)
    registrations: list[Json] = field(default_factory=list)
    edits: list[Json] = field(default_factory=list)
    documents: list[Json] = field(default_factory=list)  # showDocument
    notifications: list[Json] = field(default_factory=list)  # all others
    unasked: list[Json] = field(default_factory=list)  # answers to nothing, and second answers
    noise: list[bytes] = field(default_factory=list)  # bytes on stdout that are not LSP


def frame(message: dict[str, Json]) -> bytes:
    """One message, given without its `jsonrpc` key, as bytes; lone surrogates travel as JSON escapes."""
    body = json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode("ascii")
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


async def read_body(stdout: asyncio.StreamReader, noise: list[bytes]) -> bytes | None:
    """The next message's bytes, or None at the end; lines that are no LSP header go to `noise`."""
    size: int | None = None
    while True:
        line = await stdout.readline()
        if not line:
            return None
        name, _, value = line.strip().lower().partition(b":")
        if name == b"content-length" and value.strip().isdigit():
            size = int(value)
        elif line in (b"\r\n", b"\n") and size is not None:
            try:
                return await stdout.readexactly(size)
            except asyncio.IncompleteReadError as error:
                noise.append(error.partial)
                return None
        elif name != b"content-type":
            noise.append(line)

"""Bytes off the wire to JSON events: server-sent events, lines of JSON, or one whole document; no socket here."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, Literal

from ai_lsp.errors import MalformedAnswer

Framing = Literal["sse", "lines", "whole"]
JsonObject = dict[str, Any]

MAX_EVENT_CHARS = 2_000_000


class EventReader:
    """Splits a stream into JSON objects as they become whole; half a character waits for its other half.

    `feed` and `end` raise MalformedAnswer for an event that is not a JSON object, or is over
    `MAX_EVENT_CHARS` characters. `is_done` turns true at the `[DONE]` that ends an OpenAI stream. Lines end
    at LF, CRLF or CR, as the event-stream format has it.
    """

    def __init__(self, framing: Framing) -> None:
        self.is_done = False
        self._framing = framing
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._rest = ""
        self._data: list[str] = []
        self._event = ""

    def feed(self, data: bytes) -> Iterator[JsonObject]:
        """Objects completed by `data`."""
        self._rest += self._decoder.decode(data)
        if self._framing != "whole":
            yield from self._take_lines()
        if len(self._rest) + sum(map(len, self._data)) > MAX_EVENT_CHARS:
            raise MalformedAnswer("one event of the answer never ends")

    def end(self) -> Iterator[JsonObject]:
        """The object that the end of the stream completes, if any."""
        self._rest += self._decoder.decode(b"", final=True)
        if self._framing == "whole":
            yield _object(self._rest)
            return
        if self._rest.strip():
            self._rest += "\n"
            yield from self._take_lines()
        yield from self._dispatch()

    def _take_lines(self) -> Iterator[JsonObject]:
        text = self._rest
        if "\r" in text:
            held = "\r" if text.endswith("\r") else ""  # it may be half of a CRLF
            text = text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n") + held
        *lines, self._rest = text.split("\n")
        for line in lines:
            if self._framing == "sse":
                yield from self._field(line)
            elif line.strip():
                yield _object(line)

    def _field(self, line: str) -> Iterator[JsonObject]:
        if not line:
            yield from self._dispatch()
            return
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "error":  # llama.cpp before mid-2025 sent failures in a field of their own
            yield {"error": _object(value)}

    def _dispatch(self) -> Iterator[JsonObject]:
        data, event = "\n".join(self._data), self._event
        self._data, self._event = [], ""
        if data.strip() == "[DONE]":
            self.is_done = True
        elif data.strip():
            found = _object(data)
            if event == "error" and not found.get("error"):
                found = {"error": found}
            yield found


def _object(text: str) -> JsonObject:
    """Parse one JSON object; what it says is not repeated in the error, for it may be the user's text."""
    try:
        found = json.loads(text)
    except ValueError:
        raise MalformedAnswer("an event of the answer is not JSON") from None
    except RecursionError:
        raise MalformedAnswer("an event of the answer is nested too deep") from None
    if not isinstance(found, dict):
        raise MalformedAnswer("an event of the answer is not a JSON object")
    return found

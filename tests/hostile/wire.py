"""Listens between the server and its model, and looks for planted texts in what passed; knows nothing of ours."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import urllib.parse
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self


class Wire:
    """A TCP listener that records every byte that clients send. With `to_port` it passes all on, both ways."""

    def __init__(self, to_port: int | None = None) -> None:
        self.to_port = to_port
        self.port = 0
        self.received = b""
        self.connections = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            if self.to_port is None:
                await self._pass(reader, None)
            else:
                back, forth = await asyncio.open_connection("127.0.0.1", self.to_port)
                try:
                    done, rest = await asyncio.wait(
                        {
                            asyncio.create_task(self._pass(reader, forth)),
                            asyncio.create_task(_copy(back, writer)),
                        },
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                    for each in (*done, *rest):
                        each.cancel()
                    await asyncio.gather(*done, *rest, return_exceptions=True)
                finally:
                    forth.close()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter | None) -> None:
        while data := await reader.read(65_536):
            self.received += data
            if writer is not None:
                writer.write(data)
                await writer.drain()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


def leaks(planted: Iterable[str], data: bytes) -> list[str]:
    """The planted texts of which `data` holds the whole, or ten characters of an end, in any usual spelling."""
    lowered = data.lower()
    decoded = _strings(data)
    return [
        text
        for text in planted
        if any(form.lower() in lowered or form.decode("latin-1") in decoded for form in spellings(text))
    ]


def spellings(text: str) -> Iterator[bytes]:
    """A text and its ends: raw, reversed, percent-encoded, JSON-escaped, base64 (each alignment), hex, UTF-16."""
    parts = {text} if len(text) <= 12 else {text, text[:10], text[-10:]}
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        yield from (raw, raw[::-1], raw.hex().encode(), urllib.parse.quote(part, safe="").encode())
        yield urllib.parse.quote_plus(part).encode()
        yield json.dumps(part)[1:-1].encode()
        yield from (part.encode("utf-16-le", "surrogatepass"), part.encode("utf-16-be", "surrogatepass"))
        if len(raw) >= 10:
            for shift in range(3):
                coded = base64.b64encode(b"\0" * shift + raw)
                inner = coded[4 if shift else 0 : len(coded) // 4 * 4 - 4]
                yield from (inner, inner.replace(b"+", b"-").replace(b"/", b"_"))


def _strings(data: bytes) -> str:
    """All texts of the JSON documents in the data, as their reader would see them."""
    found: list[str] = []
    reader = json.JSONDecoder()
    text = data.decode("utf-8", "replace")
    at = text.find("{")
    while at >= 0:
        try:
            value, end = reader.raw_decode(text, at)
        except ValueError:
            end = at + 1
        else:
            _collect(value, found)
        at = text.find("{", end)
    return "\n".join(found)


def _collect(value: object, found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, dict):
        for key, each in value.items():
            found.append(str(key))
            _collect(each, found)
    elif isinstance(value, list):
        for each in value:
            _collect(each, found)

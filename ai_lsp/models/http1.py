"""HTTP/1.1 to one server without TLS, on the event loop's own transports: how a model on this machine is asked.

A general library takes some milliseconds of the loop per streamed answer, at every key; a request and a chunked
body need little of what it does. RFC 9112 is what is spoken.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Literal
from urllib.parse import quote

from ai_lsp.models.transport import ConnectTimeout, ProtocolError, TransportError

KEPT, KEPT_S = 4, 120.0
"""Idle connections that are kept, and for how long."""

LARGEST_HEAD = 64_000
MOST_BUFFERED = 1_000_000
"""Bytes read ahead of whoever reads the body; more stay with the server."""

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d)(?: |$)")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;|$)")

Framing = Literal["length", "chunks", "close"]


class Http1:
    """A client of one server: as many connections as there are requests at once, a few of them kept."""

    def __init__(self, host: str, port: int, authority: str, connect_s: float) -> None:
        """`authority` is what the Host header says."""
        self._host, self._port, self._connect_s = host, port, connect_s
        self._authority = authority
        self._address = ""
        self._idle: list[_Connection] = []
        self._all: set[_Connection] = set()

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Http1Response:
        target = quote(path, safe="/?%:@!$&'()*+,;=-._~") or "/"
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._authority}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body or method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join([*lines, "", ""])
        if any("\n" in line or "\r" in line for line in lines):
            raise TransportError("a header of more than one line")
        request = head.encode("latin-1", "replace") + body
        if (kept := self._kept()) is not None:
            try:
                return await self._ask(kept, request)
            except UnansweredError:
                pass  # llama.cpp (b11549) closes after each streamed answer and does not say so
        return await self._ask(await self._connected(), request)

    async def aclose(self) -> None:
        for each in list(self._all):
            each.close()
        self._idle.clear()

    def _kept(self) -> _Connection | None:
        while self._idle:
            each = self._idle.pop()
            if not each.is_closed and time.monotonic() - each.since < KEPT_S:
                return each
            each.close()
        return None

    async def _connected(self) -> _Connection:
        """A new connection: to where the last one went, or to the first of the host's addresses that takes it."""
        if self._address and (made := await self._connection_to(self._address, self._connect_s, [])) is not None:
            return made
        problems: list[Exception] = []
        try:
            addresses = await self._addresses()
        except OSError as problem:
            raise TransportError("the host's name does not resolve") from problem
        for address in addresses:
            made = await self._connection_to(address, self._connect_s / len(addresses), problems)
            if made is not None:
                self._address = address
                return made
        kind = ConnectTimeout if any(isinstance(each, TimeoutError) for each in problems) else TransportError
        raise kind("no connection") from ExceptionGroup("addresses tried", problems)

    async def _addresses(self) -> list[str]:
        try:
            return [str(ip_address(self._host))]
        except ValueError:
            kind = socket.SOCK_STREAM
            found = await asyncio.get_running_loop().getaddrinfo(self._host, self._port, type=kind)
            return list(dict.fromkeys(str(address[0]) for *_, address in found))

    async def _connection_to(self, address: str, limit_s: float, problems: list[Exception]) -> _Connection | None:
        try:
            async with asyncio.timeout(limit_s):
                _, made = await asyncio.get_running_loop().create_connection(
                    lambda: _Connection(self._lost), address, self._port
                )
        except OSError as problem:  # TimeoutError is one
            problems.append(problem)
            return None
        self._all.add(made)
        return made

    async def _ask(self, connection: _Connection, request: bytes) -> Http1Response:
        connection.begin(request)
        try:
            while not connection.has_head:
                await connection.news()
        except BaseException:
            connection.close()
            raise
        return Http1Response(self, connection)

    def release(self, connection: _Connection) -> None:
        """A response is done with."""
        if connection.is_done and connection.may_be_kept and len(self._idle) < KEPT:
            connection.since = time.monotonic()
            self._idle.append(connection)
        else:
            connection.close()

    def _lost(self, connection: _Connection) -> None:
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)


class UnansweredError(ProtocolError):
    """The connection ended before the first byte of an answer."""


class Http1Response:
    """The answer on one connection."""

    def __init__(self, client: Http1, connection: _Connection) -> None:
        self._client, self._connection = client, connection
        self.status = connection.status
        self.headers: Mapping[str, str] = connection.headers
        self._is_open = True

    async def read(self) -> bytes:
        connection = self._connection
        while not (data := connection.take()) and not connection.is_done:
            await connection.news()
        return data

    async def aclose(self) -> None:
        if self._is_open:
            self._is_open = False
            self._client.release(self._connection)


class _Connection(asyncio.Protocol):
    """One connection; reads heads and bodies as they come."""

    def __init__(self, lost: Callable[[_Connection], None]) -> None:
        self._lost = lost
        self.is_closed = False
        self.since = 0.0
        self._transport: asyncio.Transport | None = None
        self._problem: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._reset()

    def _reset(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.has_head = self.is_done = self.may_be_kept = False
        self._is_heard = False  # a byte of the answer has come
        self._buffer = bytearray()
        self._framing: Framing = "close"
        self._left = 0  # bytes of the body or of the chunk that are still to come
        self._in_trailer = False
        self._ready: deque[bytes] = deque()
        self._size = 0
        self._is_paused = False

    # For whoever asks

    def begin(self, request: bytes) -> None:
        """Send a request."""
        self._reset()
        if self._transport is not None:
            self._transport.write(request)

    async def news(self) -> None:
        """Wait for more. Raises where none can come."""
        if self._problem is not None:
            raise self._problem
        if self.is_closed:
            raise (ProtocolError if self._is_heard else UnansweredError)("the connection ended")
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
        if self._problem is not None:
            raise self._problem

    def take(self) -> bytes:
        """What has come of the body."""
        if not self._ready:
            return b""
        data = self._ready.popleft() if len(self._ready) == 1 else b"".join(self._ready)
        self._ready.clear()
        self._size = 0
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        return data

    def close(self) -> None:
        """Close the socket at once, whatever is still to come or to be sent."""
        if self._transport is not None:
            self._transport.abort()

    # From the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._is_heard = True
        self._buffer += data
        try:
            self._advance()
        except ProtocolError as problem:
            self._fail(problem)
        if self._size > MOST_BUFFERED and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, problem: BaseException | None) -> None:
        self.is_closed = True
        if self.has_head and not self.is_done and self._framing == "close" and problem is None:
            self.is_done = True
        elif not self.is_done:
            kind = ProtocolError if self._is_heard else UnansweredError
            made = kind("the connection ended")
            made.__cause__ = problem
            self._problem = self._problem or made
        self._wake()
        self._lost(self)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, problem: ProtocolError) -> None:
        self._problem = problem
        self.close()

    # Reading

    def _advance(self) -> None:
        while not self.has_head:
            if not self._read_head():
                return
        if self._framing == "chunks":
            self._read_chunks()
        elif self._framing == "length":
            self._pass_on(min(self._left, len(self._buffer)))
            self.is_done = not self._left
        else:
            self._left = len(self._buffer)
            self._pass_on(self._left)
        if self.is_done and self._buffer:
            self.may_be_kept = False  # more than was asked for: nobody knows what it belongs to

    def _pass_on(self, size: int) -> None:
        if size:
            self._ready.append(bytes(self._buffer[:size]))
            del self._buffer[:size]
            self._size += size
            self._left -= size

    def _read_head(self) -> bool:
        """Whether a whole head was there; one of an interim answer (1xx) is passed over."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > LARGEST_HEAD:
                raise ProtocolError("a head without end")
            return False
        first, *lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        found = _STATUS.match(first)
        if found is None:
            raise ProtocolError("no HTTP/1")
        self.status = int(found[2])
        if self.status < 200:
            return True
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not name or name != name.strip():
                raise ProtocolError("a header that is none")
            name = name.lower()
            value = value.strip(" \t")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        self._frame(headers, int(found[1]))
        return True

    def _frame(self, headers: dict[str, str], minor: int) -> None:
        """How the body ends, as the head says."""
        self.headers, self.has_head = headers, True
        said = headers.get("connection", "").lower()
        self.may_be_kept = "close" not in said and (minor == 1 or "keep-alive" in said)
        length = headers.get("content-length")
        if self.status in (204, 304):
            self._framing, self._left = "length", 0
        elif "transfer-encoding" in headers:
            if headers["transfer-encoding"].lower() != "chunked":
                raise ProtocolError("a transfer encoding that is not known")
            self._framing = "chunks"
            self.may_be_kept = self.may_be_kept and length is None
        elif length is not None:
            sizes = {each.strip() for each in length.split(",")}
            if len(sizes) != 1 or not (size := sizes.pop()).isdecimal() or len(size) > 15:
                raise ProtocolError("a length that is none")
            self._framing, self._left = "length", int(size)
        else:
            self._framing, self.may_be_kept = "close", False

    def _read_chunks(self) -> None:
        """The chunks that are there. Behind each one's bytes stands a line end, which `_left` counts as -1."""
        while not self.is_done:
            if self._left > 0:
                self._pass_on(min(self._left, len(self._buffer)))
                if self._left:
                    return
                self._left = -1
            end = self._buffer.find(b"\r\n")
            if end < 0:
                if len(self._buffer) > LARGEST_HEAD:
                    raise ProtocolError("a line without end between chunks")
                return
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 2]
            if self._left < 0:
                if line:
                    raise ProtocolError("a chunk longer than it said")
                self._left = 0
            elif self._in_trailer:
                self.is_done = not line
            elif (found := _CHUNK.match(line)) is None:
                raise ProtocolError("a chunk without size")
            else:
                self._left = int(found[1], 16)
                self._in_trailer = not self._left

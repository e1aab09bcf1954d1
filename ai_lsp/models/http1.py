"""HTTP/1.1 to one server without TLS, on the event loop's own transports: how a model on this machine is asked.

A general client takes some milliseconds of the loop per streamed answer, at every key. h11 reads and writes the
protocol; connections are all that is left to do, and the loop does these.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from urllib.parse import quote

import h11

from ai_lsp.models.transport import ConnectTimeout, ProtocolError, TransportError

KEPT, KEPT_S = 4, 120.0
"""Idle connections that are kept, and for how long."""

LARGEST_HEAD = 64_000
MOST_BUFFERED = 1_000_000
"""Bytes read ahead of whoever reads the body; more stay with the server."""


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
        named = [("Host", self._authority), *headers.items()]
        if body or method == "POST":
            named.append(("Content-Length", str(len(body))))
        try:
            request = h11.Request(method=method, target=target, headers=named)
        except h11.LocalProtocolError as problem:
            raise TransportError("a header of more than one line") from problem
        if (kept := self._kept()) is not None:
            try:
                return await self._ask(kept, request, body)
            except UnansweredError:
                pass  # llama.cpp (b11549) closes after each streamed answer and does not say so
        return await self._ask(await self._connected(), request, body)

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

    async def _ask(self, connection: _Connection, request: h11.Request, body: bytes) -> Http1Response:
        connection.begin(request, body)
        try:
            while connection.head is None:
                await connection.news()
        except BaseException:
            connection.close()
            raise
        return Http1Response(self, connection, connection.head)

    def release(self, connection: _Connection) -> None:
        """A response is done with."""
        if connection.may_be_kept and len(self._idle) < KEPT:
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

    def __init__(self, client: Http1, connection: _Connection, head: h11.Response) -> None:
        self._client, self._connection = client, connection
        self.status = head.status_code
        self.headers: Mapping[str, str] = _joined(head)
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


def _joined(head: h11.Response) -> dict[str, str]:
    """The headers by name in lower case; of several of one name, their values in a list (RFC 9110, 5.3)."""
    out: dict[str, str] = {}
    for raw, value in head.headers:
        name, text = raw.decode("latin-1"), value.decode("latin-1")
        out[name] = f"{out[name]}, {text}" if name in out else text
    return out


class _Connection(asyncio.Protocol):
    """One connection; reads heads and bodies as they come."""

    def __init__(self, lost: Callable[[_Connection], None]) -> None:
        self._lost = lost
        self.is_closed = False
        self.since = 0.0
        self.head: h11.Response | None = None
        self.is_done = False
        self._transport: asyncio.Transport | None = None
        self._problem: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
        self._is_heard = False  # a byte of the answer has come
        self._ready: deque[bytes] = deque()
        self._size = 0
        self._is_paused = False

    # For whoever asks

    def begin(self, request: h11.Request, body: bytes) -> None:
        """Send a request; the answer to the one before it has been read to its end."""
        if self.is_done:
            self._http.start_next_cycle()
        self.head, self.is_done, self._is_heard = None, False, False
        whole = (self._http.send(each) for each in (request, h11.Data(data=body), h11.EndOfMessage()))
        data = b"".join(piece for piece in whole if piece)
        if self._transport is not None:
            self._transport.write(data)

    @property
    def may_be_kept(self) -> bool:
        """Whether another request may follow: not where bytes came that nobody knows what they belong to."""
        states = {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}
        return self.is_done and self._http.states == states and not self._http.trailing_data[0]

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
        self._read(data)
        if self._size > MOST_BUFFERED and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, problem: BaseException | None) -> None:
        self.is_closed = True
        if self.head is not None and not self.is_done and self._problem is None and problem is None:
            self._read(b"")  # an answer without a length ends so; any other one breaks off
        if not self.is_done and self._problem is None:
            self._problem = (ProtocolError if self._is_heard else UnansweredError)("the connection ended")
            self._problem.__cause__ = problem
        self._wake()
        self._lost(self)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _read(self, data: bytes) -> None:
        """Take in what came; b"" is the end."""
        try:
            self._http.receive_data(data)
            while (event := self._http.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                match event:
                    case h11.Response():
                        self.head = event
                    case h11.Data():
                        self._ready.append(bytes(event.data))
                        self._size += len(event.data)
                    case h11.EndOfMessage():
                        self.is_done = True
                        return
                    case h11.ConnectionClosed():
                        return
        except h11.RemoteProtocolError as problem:
            self._problem = ProtocolError(f"no HTTP: {problem}")
            self._problem.__cause__ = problem
            self.close()

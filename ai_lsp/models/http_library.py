"""HTTP by a general library: for servers that need TLS, a proxy, or a password in their URL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlsplit

import httpx

from ai_lsp.models.transport import ConnectTimeout, ProtocolError, TransportError, is_loopback


class HttpLibrary:
    """A client of one server."""

    def __init__(self, url: str, connect_s: float) -> None:
        parts = urlsplit(url)
        is_here = is_loopback(url)
        is_tls = parts.scheme == "https"
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=not is_here,  # a proxy cannot reach this machine's own servers
            verify=is_tls or not is_here,  # without TLS, and without a proxy, the certificates are not even read
            timeout=httpx.Timeout(None, connect=connect_s),
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=4, keepalive_expiry=120),
        )

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> LibraryResponse:
        try:
            request = self._client.build_request(method, self._origin + path, content=body, headers=headers)
            try:
                response = await self._client.send(request, stream=True)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                response = await self._client.send(request, stream=True)
        except httpx.HTTPError as problem:
            raise _named(problem) from problem
        return LibraryResponse(response)

    async def aclose(self) -> None:
        await self._client.aclose()


class LibraryResponse:
    """The answer to one request."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._pieces: AsyncIterator[bytes] = response.aiter_bytes()

    async def read(self) -> bytes:
        try:
            return await anext(self._pieces, b"")
        except httpx.HTTPError as problem:
            raise _named(problem) from problem

    async def aclose(self) -> None:
        await self._response.aclose()


def _named(problem: httpx.HTTPError) -> TransportError:
    if isinstance(problem, httpx.ConnectTimeout):
        return ConnectTimeout("no connection in time")
    if isinstance(problem, httpx.ProtocolError):
        return ProtocolError("the answer is no HTTP")
    return TransportError(type(problem).__name__)

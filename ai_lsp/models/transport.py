"""The way to a model's server: a request out, the head of the answer, its body in pieces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit


class TransportError(Exception):
    """The connection could not be made, or broke. What it was raised from says more."""


class ConnectTimeout(TransportError):
    """There was no connection in time."""


class ProtocolError(TransportError):
    """What came is no HTTP, or ended before its end."""


class Response(Protocol):
    """The answer to one request; it has to be closed."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""

    async def read(self) -> bytes:
        """The next piece of the body, as it comes; b"" at its end. Raises TransportError."""

    async def aclose(self) -> None:
        """Done with it: a connection whose answer was read to the end is kept, another one is closed at once."""


class Transport(Protocol):
    """A client of one server that keeps connections. Redirects are not followed."""

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Send a request and wait for the head of the answer. `path` goes behind the server's origin. A kept
        connection that the server has closed meanwhile is replaced, once. Raises TransportError."""

    async def aclose(self) -> None:
        """Close every connection."""


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine."""
    host = (urlsplit(url).hostname or "").lower()
    return host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost")

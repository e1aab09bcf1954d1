"""One keep-alive client per model: a request goes out, the answer streams in, every failure gets its name.

Backends say what to send and how to read one event; all that is true of every server is here: time and size
limits, stop strings, half characters, cancellation, keys, proxies, redirects.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from ai_lsp import errors
from ai_lsp.models import failures
from ai_lsp.models.events import EventReader, Framing, JsonObject
from ai_lsp.models.keys import read_key
from ai_lsp.models.port import Chunk, Probe, Usage
from ai_lsp.models.settings import ModelSettings
from ai_lsp.models.stops import StopCutter
from ai_lsp.models.transport import Response, Transport, TransportError, is_loopback

MAX_ANSWER_CHARS = 1_000_000
MAX_REFUSAL_BYTES = 64_000
MAX_DOCUMENT_BYTES = 4_000_000
CONNECT_S = 5.0
PROBE_S = 3.0
# After the server has said that the answer is whole, how long its last bytes (usage, end of stream) may take;
# reading them keeps the connection usable, not reading them closes it.
LAST_BYTES_S = 0.25


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, ready to send: where to, what, and how to read each event of its answer.

    `read` may raise MalformedAnswer (so may a missing key or a wrong type in it). `stops` end the answer here
    even where the server ignores them. `unwrap` takes the answer out of marks that were asked for.
    """

    path: str
    body: Mapping[str, Any]
    read: Callable[[JsonObject], Chunk]
    stops: tuple[str, ...] = ()
    framing: Framing = "sse"
    unwrap: Unwrap | None = None


class Unwrap:
    """Takes an answer out of what surrounds it. This one passes everything."""

    def feed(self, text: str) -> str:
        """What of the answer is certain now."""
        return text

    def end(self) -> str:
        """What is left at the end; raises MalformedAnswer where the marks asked for never came."""
        return ""


@dataclass(slots=True)
class _Answer:
    """The state of one answer while it streams in: bytes to certain text."""

    ask: Ask
    events: EventReader
    cutter: StopCutter
    finish: Literal["stop", "length"] | None = None
    usage: Usage | None = None
    chars: int = 0
    seen: int = 0
    is_cut: bool = False
    failed: JsonObject | None = field(default=None)

    def feed(self, data: bytes) -> str:
        return self._read(self.events.feed(data))

    def end(self) -> str:
        """The rest, at the end of the stream; may leave `finish` unset: it broke off."""
        text = self._read(self.events.end())
        return text + self.flush() if self.finish else text

    def flush(self) -> str:
        """What was held back, now that no more text comes."""
        if self.is_cut:
            return ""
        text = self.cutter.feed(self.ask.unwrap.end()) if self.ask.unwrap else ""
        return text + self.cutter.end()

    def _read(self, events: Iterator[JsonObject]) -> str:
        text = ""
        for event in events:
            self.seen += 1
            if event.get("error"):
                self.failed = event
                return text
            try:
                chunk = self.ask.read(event)
            except (KeyError, IndexError, TypeError, AttributeError, ValueError):
                raise errors.MalformedAnswer("an event of the answer has another shape") from None
            self.usage = chunk.usage or self.usage
            if chunk.text and not self.is_cut:
                text += self.cutter.feed(self.ask.unwrap.feed(chunk.text) if self.ask.unwrap else chunk.text)
            if chunk.finish in ("stop", "length"):
                self.finish = chunk.finish
            self._check(text)
        if self.events.is_done and self.finish is None:
            self.finish = "stop"
        return text

    def _check(self, text: str) -> None:
        if self.cutter.is_cut and not self.is_cut:
            self.is_cut, self.finish = True, "stop"
        elif self.chars + len(text) > MAX_ANSWER_CHARS:
            self.is_cut, self.finish = True, "length"


class Wire:
    """The connection to one model's server; `base` is the URL that every path is appended to.

    `sign` turns the key into headers, not sent without one; `extra` ones always are. Raises
    errors.SettingsError where the URL cannot be one. No disk, keyring or socket before the first request.
    """

    def __init__(
        self,
        settings: ModelSettings,
        base: str,
        sign: Callable[[str], Mapping[str, str]] = lambda key: {"Authorization": f"Bearer {key}"},
        extra: Mapping[str, str] | None = None,
    ) -> None:
        _check_url(settings)
        self.settings = settings
        self._base = urlsplit(base).path
        self._sign = sign
        self._extra = dict(extra or {})
        self._key = ""
        self._client: Transport | None = None
        self._opening = asyncio.Lock()

    async def stream(self, make: Callable[[], Awaitable[Ask]]) -> AsyncGenerator[Chunk, None]:
        """Send what `make` returns and yield the answer as it arrives; the last chunk has `finish` set.

        Closing the iterator or cancelling its task closes the socket. Raises errors.ModelError only. The time
        limit is for the whole answer; when it passes, what came is kept and `finish` is "timeout".
        """
        deadline = asyncio.get_running_loop().time() + self.settings.timeout_s
        ask = await make()
        response = await self._send(ask, deadline)
        answer = _Answer(ask, EventReader(self._framing(response, ask)), StopCutter(ask.stops))
        is_over = is_told = False
        try:
            while not (answer.is_cut or is_over):
                try:
                    async with asyncio.timeout_at(deadline):
                        data = await response.read()
                except TimeoutError:
                    if answer.finish:
                        break
                    if not answer.chars:
                        raise failures.too_late(self.settings) from None
                    yield Chunk(finish="timeout", usage=answer.usage)
                    return
                except TransportError as problem:
                    if answer.finish:
                        break
                    raise failures.unreachable(self.settings, problem) from None
                was_finished = bool(answer.finish)
                is_over = not data
                text = self._take(answer, data)
                answer.chars += len(text)
                if text:
                    yield Chunk(text)
                if answer.finish and not was_finished:
                    deadline = min(deadline, asyncio.get_running_loop().time() + LAST_BYTES_S)
                if answer.finish and answer.usage and not is_told:
                    is_told = True
                    yield self._last(answer)  # what is still to come says nothing more
            if not is_told:
                yield self._last(answer)
        finally:
            await response.aclose()

    async def get(self, path: str) -> JsonObject:
        """GET a JSON document (a list comes back under the key "items"). Raises errors.ModelError only."""
        return await self._document("GET", path, None)

    async def post(self, path: str, body: Mapping[str, Any]) -> JsonObject:
        """POST `body` and read a JSON document. Raises errors.ModelError only."""
        return await self._document("POST", path, body)

    async def probe(self, ask: Callable[[], Awaitable[Probe]]) -> Probe:
        """Await `ask()`, which asks the server and returns a Probe; a failure becomes its problem and advice."""
        start = time.perf_counter()
        try:
            found = await ask()
        except errors.ModelError as problem:
            reached = not isinstance(problem, errors.ModelUnreachable | errors.ModelTimeout)
            told = Exception.__str__(problem)
            return Probe(reachable=reached, model=self.settings.model, problem=told, advice=problem.advice)
        latency_ms = (time.perf_counter() - start) * 1000
        return Probe(
            reachable=found.reachable,
            model=found.model,
            template=found.template,
            context_tokens=found.context_tokens,
            latency_ms=latency_ms,
            problem=found.problem,
            advice=found.advice,
        )

    async def aclose(self) -> None:
        """Close the kept connections; a later request opens new ones."""
        client, self._client = self._client, None
        if client:
            await client.aclose()

    async def _send(self, ask: Ask, deadline: float) -> Response:
        """Open the answer's stream. Anything but success is read, bounded, and raised."""
        content = json.dumps(ask.body, ensure_ascii=False).encode("utf-8", "replace")
        try:
            async with asyncio.timeout_at(deadline):
                client = await self._open()
                response = await client.send("POST", self._base + ask.path, self._headers(), content)
                is_page = _kind(response) == "text/html"
                if response.status == 200 and not is_page:
                    return response
                try:
                    body = await _bounded(response, MAX_REFUSAL_BYTES)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise failures.too_late(self.settings) from None
        except TransportError as problem:
            raise failures.unreachable(self.settings, problem) from None
        if response.status == 200:
            raise failures.malformed(self.settings, "a web page instead of an answer")
        raise failures.refusal(self.settings, response.status, body, response.headers, self._key)

    def _framing(self, response: Response, ask: Ask) -> Framing:
        """How the answer is cut into events: as asked, but a server may also send one whole document."""
        is_whole = _kind(response) == "application/json" and ask.framing == "sse"
        return "whole" if is_whole else ask.framing

    def _take(self, answer: _Answer, data: bytes) -> str:
        """The text that `data`, or the end of the stream (b""), makes certain."""
        try:
            text = answer.feed(data) if data else answer.end()
        except errors.MalformedAnswer as problem:
            raise failures.malformed(self.settings, Exception.__str__(problem), problem.advice) from None
        if answer.failed:
            raise failures.said_in_stream(self.settings, answer.failed, self._key)
        return text

    def _last(self, answer: _Answer) -> Chunk:
        """The chunk that ends the stream, or the error for one that ended without an end."""
        if answer.finish is None:
            if not answer.seen:
                raise failures.malformed(self.settings, "the answer is no stream of events")
            raise failures.broken_off(self.settings)
        return Chunk(answer.flush(), finish=answer.finish, usage=answer.usage)

    async def _document(self, method: str, path: str, body: Mapping[str, Any] | None) -> JsonObject:
        limit_s = min(self.settings.timeout_s, PROBE_S)
        try:
            async with asyncio.timeout(limit_s):
                client = await self._open()
                sent = b"" if body is None else json.dumps(body).encode()
                response = await client.send(method, self._base + path, self._headers(), sent)
                try:
                    content = await _bounded(response, MAX_DOCUMENT_BYTES)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise failures.too_late(self.settings) from None
        except TransportError as problem:
            raise failures.unreachable(self.settings, problem) from None
        if response.status != 200:
            raise failures.refusal(self.settings, response.status, content, response.headers, self._key)
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            raise failures.malformed(self.settings, f"{path} is not JSON") from None
        return found if isinstance(found, dict) else {"items": found}

    def _headers(self) -> dict[str, str]:
        signed = dict(self._sign(self._key)) if self._key else {}
        return {"Content-Type": "application/json", "Accept-Encoding": "identity", **self._extra, **signed}

    async def _open(self) -> Transport:
        """The client, made at the first request in a thread: certificates and keyrings are read from disk."""
        if self._client is not None:
            return self._client
        async with self._opening:
            if self._client is None:
                self._key = await asyncio.to_thread(read_key, self.settings)
                self._client = await asyncio.to_thread(self._make)
            return self._client

    def _make(self) -> Transport:
        return _open_transport(self.settings.url.strip(), min(CONNECT_S, self.settings.timeout_s * 0.8))


def _open_transport(url: str, connect_s: float) -> Transport:
    """The transport for a server's URL. Imports what it needs, and reads certificates where it needs them."""
    parts = urlsplit(url)
    is_plain = parts.scheme == "http" and parts.username is None and url.isascii()
    if is_plain and (is_loopback(url) or not _has_proxy()):  # a proxy cannot reach this machine's own servers
        from ai_lsp.models.http1 import Http1

        return Http1(parts.hostname or "", parts.port or 80, parts.netloc, connect_s)
    from ai_lsp.models.http_library import HttpLibrary

    return HttpLibrary(url, connect_s)


def _has_proxy() -> bool:
    from urllib.request import getproxies

    return bool(getproxies().keys() & {"http", "all"})


def _kind(response: Response) -> str:
    """The media type, without its parameters."""
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()


async def _bounded(response: Response, limit: int) -> bytes:
    """At most `limit` bytes of the body."""
    content = b""
    while len(content) < limit and (data := await response.read()):
        content += data
    return content[:limit]


def _check_url(settings: ModelSettings) -> None:
    here = failures.table(settings)
    try:
        parts = urlsplit(settings.url)
        is_usable = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        is_usable = False
    if not is_usable:
        raise errors.SettingsError(
            f'"url" in {here} cannot be used',
            'It looks like "http://127.0.0.1:8012" or "https://api.example.com/v1"',
        )

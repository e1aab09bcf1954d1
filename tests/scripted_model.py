"""A model that follows a script, behind a real HTTP server that speaks every dialect our backends know.

In a test:  `async with ScriptedModel(reply="return a", dialect="llamacpp") as server:` and then
`server.url`, `server.requests`, `server.change(reply="other")`.
As a process:  `python -m tests.scripted_model --dialect llamacpp --port 0 --reply-file F --first-token-ms 60
--tokens-per-s 250`, which prints its URL, and with `--log FILE` one JSON line per request with monotonic times.

The script may be changed between requests (`server.script = ...`). Pieces of words stand in for tokens.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, TypeVar

from tests.scripted_dialects import DIALECTS, Facts, Talk
from tests.scripted_dialects import document as describe

Text = TypeVar("Text", str, bytes)
Reply = str | Sequence[str] | Callable[["Received"], str]
_HOLE = re.compile(
    r"<\|fim_prefix\|>(?P<prefix>.*)<\|fim_suffix\|>(?P<suffix>.*)<\|fim_middle\|>(?P<typed>.*)", re.DOTALL
)
_PIECE = re.compile(r"\s*\w{1,6}|\s*[^\w\s]|\s+")


@dataclass(frozen=True, slots=True)
class Script:
    """How the next answers go.

    `reply` is the text, or texts one after another (the last one stays), or a function of the request. Times
    are in milliseconds, `tokens_per_s` 0 is at once. A `status` other than 200 sends `body`. `raw` replaces the
    bytes of the stream. `hang_after` and `die_after` stop or break the connection after that many bytes of
    the stream. `write_bytes` cuts the stream into writes of that size, `write_ms` apart; `piece_chars` is the
    text of one event instead of a piece of a word. A server that `ignores_stops` also sends the stop strings
    and what follows; one that `never_ends` sends all and leaves the stream open.
    """

    reply: Reply = ""
    first_token_ms: float = 0.0
    tokens_per_s: float = 0.0
    status: int = 200
    body: bytes = b""
    raw: bytes | None = None
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    hang_after: int | None = None
    die_after: int | None = None
    write_bytes: int = 0
    write_ms: float = 0.0
    piece_chars: int = 0
    ignores_stops: bool = False
    never_ends: bool = False
    streams: bool = True


@dataclass(slots=True)
class Received:
    """One request as it came; times are `time.monotonic()`, `connection` counts TCP connections from 0.

    `first_at` and `ended_at` are when the first byte and the last byte of the answer were sent;
    `disconnected_at` is when the client closed the socket before the end.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    connection: int
    at: float
    first_at: float | None = None
    ended_at: float | None = None
    disconnected_at: float | None = None

    @property
    def prompt(self) -> str:
        """The prompt's text as the model would read it, of whichever dialect."""
        body = self.body
        if "input_prefix" in body:
            extra = "".join(
                f"<|file_sep|>{each['filename']}\n{each['text']}" for each in body.get("input_extra", [])
            )
            hole = f"<|fim_prefix|>{body['input_prefix']}<|fim_suffix|>{body['input_suffix']}<|fim_middle|>"
            return f"{extra}{hole}{body.get('prompt', '')}"
        if "messages" in body:
            system = body.get("system", "")
            turns = [_flat(system)] if system else []
            return "\n".join([*turns, *(_flat(each["content"]) for each in body["messages"])])
        return str(body.get("prompt", "")) + str(body.get("suffix", ""))

    @property
    def hole(self) -> tuple[str, str]:
        """The text before and after the cursor, however the request carries them (Qwen's tokens, or fields)."""
        body, text = self.body, str(self.body.get("prompt", ""))
        if "input_prefix" in body:
            return str(body["input_prefix"]) + text, str(body["input_suffix"])
        found = _HOLE.search(text)
        if found:
            return found["prefix"] + found["typed"], found["suffix"]
        return text, str(body.get("suffix", ""))


@dataclass
class ScriptedModel:
    """The server. `requests` holds what it was asked to generate, `lookups` everything else (models, health)."""

    reply: Reply = ""
    dialect: str = "openai"
    script: Script = field(default_factory=Script)
    port: int = 0
    log: TextIO | None = None

    def __post_init__(self) -> None:
        if self.dialect not in DIALECTS:
            raise ValueError(f"no dialect {self.dialect!r}; there are {sorted(DIALECTS)}")
        if self.reply:
            self.script = _with(self.script, reply=self.reply)
        self.requests: list[Received] = []
        self.lookups: list[Received] = []
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._changed = asyncio.Condition()
        self._served = 0
        self._last_prompt: list[str] = []

    @property
    def url(self) -> str:
        """The server's root."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def disconnects(self) -> list[Received]:
        """The requests whose client went away before the end."""
        return [each for each in self.requests if each.disconnected_at is not None]

    def change(self, **values: Any) -> None:
        """Replace parts of the script, from the next request on."""
        self.script = _with(self.script, **values)

    async def __aenter__(self) -> ScriptedModel:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def until(self, is_met: Callable[[ScriptedModel], object], timeout_s: float = 5.0) -> None:
        """Wait until `is_met(self)`; raises TimeoutError after `timeout_s` seconds."""
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(lambda: bool(is_met(self)))

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self._writers.add(writer)
        number = self.connections
        self.connections += 1
        try:
            while await self._serve_one(reader, writer, number):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._writers.discard(writer)
            self._tasks.discard(task)

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> bool:
        """One request on a kept connection; False where the connection ends."""
        try:
            start = await reader.readexactly(1)
            if start == b"\x16":  # a TLS client at a plain server
                writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                return False
            head = (start + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return False
        first, *lines = head.strip().split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        body = json.loads(content) if content else {}
        received = Received(method, path.partition("?")[0], headers, body, number, time.monotonic())
        talk = DIALECTS[self.dialect].get(received.path)
        document = describe(self.dialect, received.path, received.body)
        if document is not None and self.script.status == 200:
            self.lookups.append(received)
            _write_whole(writer, 200, json.dumps(document).encode(), "application/json", ())
            await writer.drain()
            return True
        if talk is None and self.script.status == 200:
            self.lookups.append(received)
            _write_whole(
                writer, 404, b'{"error":{"message":"File Not Found","code":404}}', "application/json", ()
            )
            await writer.drain()
            return True
        (self.requests if talk else self.lookups).append(received)
        await self._tell()
        try:
            return await self._answer(received, talk, reader, writer)
        except (_Gone, ConnectionError):
            received.disconnected_at = time.monotonic()
            return False
        finally:
            self._record(received)
            await asyncio.shield(self._tell())

    async def _answer(
        self, received: Received, talk: Talk | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        script = self.script
        await _pause(script.first_token_ms / 1000, reader, writer)
        if script.status != 200 or talk is None:
            kind = script.content_type or "application/json"
            _write_whole(writer, script.status, script.body, kind, script.headers)
            await writer.drain()
            received.ended_at = time.monotonic()
            return True
        facts = self._facts(received, script)
        if not script.streams:
            _write_whole(writer, 200, json.dumps(talk.whole(facts)).encode(), "application/json", script.headers)
            await writer.drain()
            received.ended_at = time.monotonic()
            return True
        kind = script.content_type or talk.content_type
        _write_head(writer, 200, kind, (*script.headers, ("Transfer-Encoding", "chunked")))
        sent = 0
        for data, is_token in _payload(script, talk, facts):
            for piece in _cut(data, script.write_bytes):
                if script.die_after is not None and sent >= script.die_after:
                    writer.transport.abort()
                    return False
                if script.hang_after is not None and sent >= script.hang_after:
                    await _pause(3600, reader, writer)
                received.first_at = received.first_at or time.monotonic()
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                sent += len(piece)
                await writer.drain()
                await _pause(script.write_ms / 1000, reader, writer)
            if is_token and script.tokens_per_s:
                await _pause(1 / script.tokens_per_s, reader, writer)
        if script.never_ends:
            await _pause(3600, reader, writer)
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        received.ended_at = time.monotonic()
        return True

    def _facts(self, received: Received, script: Script) -> Facts:
        """What this answer says: its pieces, how it ends, and what a prefix cache would have spared."""
        reply = script.reply
        if callable(reply):
            text = reply(received)
        elif isinstance(reply, str):
            text = reply
        else:
            text = reply[min(self._served, len(reply) - 1)]
        self._served += 1
        options = received.body.get("options", {})
        body = received.body | options
        stops = body.get("stop") or body.get("stop_sequences") or []
        places = [place for place in (text.find(stop) for stop in stops) if place >= 0]
        if places and not script.ignores_stops:
            text = text[: min(places)]
        pieces = _cut(text, script.piece_chars) if script.piece_chars else _PIECE.findall(text)
        limits = ("n_predict", "max_tokens", "max_completion_tokens", "num_predict")
        limit = next((int(body[key]) for key in limits if key in body), len(pieces))
        is_cut = len(pieces) > limit
        prompt = _PIECE.findall(received.prompt)
        cached = 0
        for old, new in zip(self._last_prompt, prompt, strict=False):
            if old != new:
                break
            cached += 1
        self._last_prompt = prompt
        return Facts(pieces[:limit], is_cut, len(prompt), min(cached, max(0, len(prompt) - 1)))

    def _record(self, received: Received) -> None:
        if self.log:
            row = {
                "path": received.path,
                "connection": received.connection,
                "at": received.at,
                "first_at": received.first_at,
                "ended_at": received.ended_at,
                "disconnected_at": received.disconnected_at,
                "body": received.body,
            }
            self.log.write(json.dumps(row) + "\n")
            self.log.flush()


class _Gone(Exception):
    """The client closed the socket."""


async def _pause(seconds: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Wait, but no longer than the client stays."""
    end = time.monotonic() + seconds
    while True:
        if reader.at_eof() or reader.exception() or writer.transport.is_closing():
            raise _Gone
        left = end - time.monotonic()
        if left <= 0:
            return
        await asyncio.sleep(min(left, 0.002))


def _payload(script: Script, talk: Talk, facts: Facts) -> Iterator[tuple[bytes, bool]]:
    """The stream's bytes, and whether each part stands for a token."""
    if script.raw is not None:
        yield script.raw, False
        return
    for event in talk.first(facts):
        yield talk.write(event), False
    for piece in facts.pieces:
        yield talk.write(talk.piece(piece)), True
    for event in talk.last(facts):
        yield talk.write(event), False
    if talk.ends_done:
        yield b"data: [DONE]\n\n", False


def _cut(data: Text, size: int) -> list[Text]:
    return [data[at : at + size] for at in range(0, len(data), size)] if size else [data]


def _write_head(writer: asyncio.StreamWriter, status: int, kind: str, headers: Sequence[tuple[str, str]]) -> None:
    lines = [
        f"HTTP/1.1 {status} Scripted",
        f"Content-Type: {kind}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))


def _write_whole(
    writer: asyncio.StreamWriter, status: int, body: bytes, kind: str, headers: Sequence[tuple[str, str]]
) -> None:
    _write_head(writer, status, kind, (*headers, ("Content-Length", str(len(body)))))
    writer.write(body)


def _with(script: Script, **values: Any) -> Script:
    named = {name: getattr(script, name) for name in Script.__dataclass_fields__}
    return Script(**(named | values))


def _flat(content: Any) -> str:
    """Text of a message whose content is a string or blocks."""
    return content if isinstance(content, str) else "".join(block.get("text", "") for block in content)


async def _run(options: argparse.Namespace) -> None:
    reply = Path(options.reply_file).read_text("utf-8") if options.reply_file else options.reply
    script = Script(reply=reply, first_token_ms=options.first_token_ms, tokens_per_s=options.tokens_per_s)
    log = Path(options.log).open("a", encoding="utf-8") if options.log else None  # noqa: SIM115 - until killed
    async with ScriptedModel(dialect=options.dialect, script=script, port=options.port, log=log) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


def main(argv: Sequence[str]) -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dialect", choices=sorted(DIALECTS), default="openai")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--reply", default="pass\n")
    parser.add_argument("--reply-file", default="")
    parser.add_argument("--first-token-ms", type=float, default=0.0)
    parser.add_argument("--tokens-per-s", type=float, default=0.0)
    parser.add_argument("--log", default="", help="append one JSON line per request")
    try:
        asyncio.run(_run(parser.parse_args(argv)))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main(sys.argv[1:])

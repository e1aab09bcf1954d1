"""The model of the typing bench: it knows the finished text; a tenth of its tokens are wrong, always the same.

`python -m bench.typing.model FACTS.json LOG.jsonl` serves the dialects of llama.cpp and OpenAI over HTTP until it
is killed, and prints its URL. One line is logged per request when it ends; times are `time.monotonic()`.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
import zlib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from tests.scripted_dialects import DIALECTS, Facts, document
from tests.scripted_model import Received

PIECE = re.compile(r"[ \t]*\w{1,6}|\n[ \t]*|[ \t]*[^\w\s]|[ \t]+|\s")
WORDS = "value index result other token state count field event group node label error limit"
MARKS = ",;|&!?~^"
WRONG_IN = 10


@dataclass(frozen=True, slots=True)
class Profile:
    """How fast a model is, in seconds and tokens per second; `read_per_s` 0 reads any prompt at once."""

    first_s: float
    read_per_s: float
    tokens_per_s: float
    slots: int
    api: str


PROFILES = {
    "fast": Profile(0.060, 0.0, 250.0, 4, "openai"),
    "laptop": Profile(0.030, 900.0, 70.0, 1, "llamacpp"),
}


class Author:
    """What the model knows: the finished texts, and where it is wrong in them."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self._starts = {path: [m.start() for m in PIECE.finditer(text)] for path, text in texts.items()}

    def answer(self, before: str) -> tuple[str, int, list[str]]:
        """Path and offset in the finished text where the answer begins, and its tokens.

        They go on and on, as with small models that do not see where the text behind the cursor begins.
        """
        found = self._place(before)
        if found is None:
            return "", -1, ["pass"]
        path, line = found
        text, left = self.texts[path], before[before.rfind("\n") + 1 :]
        place = line + len(left)
        if not left.strip() and not text.startswith(left, line):  # indented deeper than the text
            place = line + len(text[line:]) - len(text[line:].lstrip(" \t"))
        return path, place, list(self._tokens(path, place, min(len(text), place + 4_000)))

    def _place(self, before: str) -> tuple[str, int] | None:
        """The finished file and the start of the cursor's line in it: where the longest text in front agrees."""
        above = before[: before.rfind("\n") + 1]
        for size in (160, 40, 12):
            tail = above[-size:]
            best: tuple[int, str, int] | None = None
            for path, text in self.texts.items():
                at = text.find(tail)
                while at >= 0:
                    end = at + len(tail)
                    agreed = _agreed(above[-2_000:][::-1], text[max(0, end - 2_000) : end][::-1])
                    if best is None or agreed > best[0]:
                        best = (agreed, path, end)
                    at = text.find(tail, at + 1)
            if best is not None:
                return best[1], best[2]
        return None

    def _tokens(self, path: str, place: int, end: int) -> Any:
        text, starts = self.texts[path], self._starts[path]
        at = place
        while at < end:
            start = starts[bisect_right(starts, at) - 1]
            match = PIECE.match(text, start)
            assert match is not None
            stop = min(match.end(), end)
            piece = text[at:stop]
            yield self._wrong(path, start, piece) if at == start else piece
            at = stop

    def _wrong(self, path: str, start: int, piece: str) -> str:
        dice = zlib.crc32(f"{path}:{start}".encode())
        if dice % WRONG_IN or not piece.strip():
            return piece
        lead = piece[: len(piece) - len(piece.lstrip())]
        if piece.strip()[0].isalnum() or piece.strip()[0] == "_":
            words = [w for w in WORDS.split() if w[0] != piece.strip()[0]]
            return lead + words[dice // 16 % len(words)]
        marks = [m for m in MARKS if m != piece.strip()]
        return lead + marks[dice // 16 % len(marks)]


class Server:
    """The HTTP side: slots, prefix caches, time."""

    def __init__(self, profile: Profile, author: Author, log: TextIO) -> None:
        self.profile = profile
        self.author = author
        self.log = log
        self.free = asyncio.Semaphore(profile.slots)
        self.cached = ""  # what one slot would have read last
        self.count = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self.one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        at = time.monotonic()
        method, path, _ = head.split(" ", 2)
        size = re.search(r"content-length:\s*(\d+)", head, re.IGNORECASE)
        content = await reader.readexactly(int(size[1])) if size else b""
        body = json.loads(content) if content else {}
        for dialect in ("llamacpp", "openai"):
            found = None if content else document(dialect, path, body)
            if found is not None:
                data = json.dumps(found).encode()
                writer.write(_head("application/json", len(data)) + data)
                return True
        talk = DIALECTS["llamacpp"].get(path) or DIALECTS["openai"].get(path)
        if talk is None:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return True
        received = Received(method, path, {}, body, 0, at)
        row: dict[str, Any] = {"id": self.count, "at": at}
        self.count += 1
        gone = asyncio.ensure_future(reader.read(1))
        work = asyncio.ensure_future(self.answer(received, talk, writer, row))
        await asyncio.wait({gone, work}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done() or work.exception() is not None:
            row["closed_at"] = time.monotonic()
            work.cancel()
        gone.cancel()
        await asyncio.gather(work, gone, return_exceptions=True)
        self.log.write(json.dumps(row) + "\n")
        self.log.flush()
        return "closed_at" not in row

    async def answer(
        self, received: Received, talk: Any, writer: asyncio.StreamWriter, row: dict[str, Any]
    ) -> None:
        prompt = received.prompt
        before, _ = received.hole
        path, place, tokens = self.author.answer(before)
        row |= {"path": path, "place": place, "text": "", "prompt": len(PIECE.findall(prompt))}
        async with self.free:
            agreed = _agreed(self.cached, prompt)
            unread = len(PIECE.findall(prompt[agreed:]))
            row |= {"unread": unread, "started_at": time.monotonic()}
            speed = self.profile.read_per_s
            began = time.monotonic()
            try:
                await asyncio.sleep(self.profile.first_s + (unread / speed if speed else 0.0))
                self.cached = prompt
            except asyncio.CancelledError:
                share = min(1.0, (time.monotonic() - began) * speed / max(1, unread)) if speed else 1.0
                self.cached = prompt[: agreed + int((len(prompt) - agreed) * share)]
                raise
            facts = self.cut(received, tokens, row["prompt"], row["prompt"] - unread)
            is_streamed = bool(received.body.get("stream"))
            if is_streamed:
                writer.write(_head(talk.content_type))
            for event in talk.first(facts) if is_streamed else ():
                _send(writer, talk.write(event))
            began = time.monotonic()
            for number, piece in enumerate(facts.pieces):
                if is_streamed:
                    _send(writer, talk.write(talk.piece(piece)))
                row["text"] += piece
                self.cached += piece
                await asyncio.sleep(max(0.0, began + (number + 1) / self.profile.tokens_per_s - time.monotonic()))
            if not is_streamed:
                data = json.dumps(talk.whole(facts), separators=(",", ":")).encode()  # as llama.vim expects
                writer.write(_head("application/json", len(data)) + data)
                row["ended_at"] = time.monotonic()
                return
            for event in talk.last(facts):
                if event.get("choices") != [] or "stream_options" in received.body:
                    _send(writer, talk.write(event))
            if talk.ends_done:
                _send(writer, b"data: [DONE]\n\n")
            writer.write(b"0\r\n\r\n")
            row["ended_at"] = time.monotonic()

    def cut(self, received: Received, tokens: list[str], prompt: int, cached: int) -> Facts:
        """The answer as far as the request wants it: token limit and stop strings."""
        body = received.body
        limits = ("n_predict", "max_tokens", "max_completion_tokens", "num_predict")
        limit = next((int(body[key]) for key in limits if key in body), 128)
        if wanted_ms := body.get("t_max_predict_ms"):
            limit = min(limit, int(wanted_ms * self.profile.tokens_per_s / 1000))
        pieces, text = [], ""
        for token in tokens[:limit]:
            text += token
            places = [at for stop in body.get("stop") or [] if (at := text.find(stop)) >= 0]
            if places:
                token = token[: len(token) - (len(text) - min(places))]
                return Facts([*pieces, token] if token else pieces, False, prompt, cached)
            pieces.append(token)
        return Facts(pieces, len(tokens) > limit, prompt, cached)


def _agreed(one: str, other: str) -> int:
    """How many characters two texts have in common at their start."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _head(kind: str, size: int | None = None) -> bytes:
    length = "Transfer-Encoding: chunked" if size is None else f"Content-Length: {size}"
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{length}\r\n\r\n".encode()


def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%b\r\n" % (len(data), data))


async def main() -> None:
    facts = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    with Path(sys.argv[2]).open("w", encoding="utf-8") as log:
        server = Server(PROFILES[facts["profile"]], Author(facts["texts"]), log)
        listening = await asyncio.start_server(server.connected, "127.0.0.1", 0, limit=1 << 22)
        print(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())

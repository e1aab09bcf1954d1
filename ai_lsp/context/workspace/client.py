"""The language server's side of the workspace's process: starts it, tells it what is open, asks it. Never blocks."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from ai_lsp.context.place import FoundDefinition, RelatedFile

log = logging.getLogger(__name__)

LARGEST_TEXT = 400_000
"""Characters of an open document that is told."""

_LARGEST_LINE = 16 << 20
_BACKLOG = 32 << 20  # unsent bytes at which the process counts as stuck
_PAUSES_S = (0.2, 2.0, 20.0, 120.0)  # before each next start after a death


@dataclass(frozen=True, slots=True)
class Question:
    """What is wanted for a place; `path` is absolute, `symbol` the name of what is being written."""

    path: str
    language: str
    names: tuple[str, ...]
    imports: str = ""
    symbol: str = ""
    most: int = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What the workspace knows; paths are absolute."""

    definitions: tuple[FoundDefinition, ...] = ()
    related: tuple[RelatedFile, ...] = ()


NOTHING = Answer()


class WorkspaceClient:
    """One process, started with the first `start`, started again should it die, ended by `aclose`."""

    def __init__(self, spawn: Callable[[str, Coroutine[Any, Any, Any]], asyncio.Task[Any]]) -> None:
        self._spawn = spawn
        self._scope: list[Any] | None = None
        self._texts: dict[str, str] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[Any] | None = None
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self.state = "off"
        self.files = self.symbols = 0

    def start(self, roots: Sequence[str], patterns: Sequence[str], most_files: int) -> None:
        """Start the process, or tell the running one of other folders or rules."""
        scope = ["start", list(roots), list(patterns), most_files]
        if scope == self._scope and self._keeper is not None:
            return
        self._scope = scope
        if self._keeper is None or self._keeper.done():
            self._keeper = self._spawn("workspace", self._keep())
        else:
            self._send(scope)

    def text(self, path: str, text: str) -> None:
        """The present text of an open document, which counts in place of the file's."""
        if self._texts.get(path) != text and len(text) <= LARGEST_TEXT:
            self._texts[path] = text
            self._send(["text", path, text])

    def closed(self, path: str) -> None:
        """A document was closed, or may not be read any more: the file counts again, by its own rules."""
        if self._texts.pop(path, None) is not None:
            self._send(["closed", path])

    def files_changed(self, paths: Sequence[str]) -> None:
        """Files changed on disk."""
        if paths and self._process is not None:
            self._send(["files", list(paths)])

    async def ask(self, question: Question, limit_s: float) -> Answer:
        """What the workspace knows about a place; NOTHING where it is not ready or late."""
        if self._process is None:
            return NOTHING
        self._number += 1
        number = self._number
        future = self._answers[number] = asyncio.get_running_loop().create_future()
        asked = {name: getattr(question, name) for name in Question.__slots__}
        self._send(["ask", number, asked])
        try:
            found = await asyncio.wait_for(future, limit_s)
        except TimeoutError:
            return NOTHING
        finally:
            self._answers.pop(number, None)
        try:
            return Answer(
                tuple(FoundDefinition(*row) for row in found["definitions"]),
                tuple(RelatedFile(*row) for row in found["related"]),
            )
        except (TypeError, KeyError):
            return NOTHING

    async def aclose(self) -> None:
        """End the process."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
        self.state = "off"

    def _send(self, message: list[Any]) -> None:
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return
        process.stdin.write(json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n")
        if process.stdin.transport.get_write_buffer_size() > _BACKLOG:
            process.kill()

    async def _keep(self) -> None:
        deaths = 0
        while True:
            await self._live()
            pause = _PAUSES_S[min(deaths, len(_PAUSES_S) - 1)]
            deaths += 1
            log.warning("the workspace's process ended; next start in %.1f s", pause)
            self.state = "failed"
            await asyncio.sleep(pause)

    async def _live(self) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "ai_lsp.context.workspace.worker",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=dict(os.environ),
                limit=_LARGEST_LINE,
            )  # fmt: skip
        except OSError as error:
            log.warning("the workspace's process could not start: %s", error.strerror)
            return
        assert process.stdout is not None
        try:
            self._process = process
            self.state = "indexing"
            assert self._scope is not None
            self._send(self._scope)
            for path, text in self._texts.items():
                self._send(["text", path, text])
            await self._listen(process.stdout)
        finally:
            self._process = None
            for future in self._answers.values():
                if not future.done():
                    future.set_result({})
            if process.stdin is not None:
                process.stdin.close()
            if process.returncode is None:
                process.kill()
                await asyncio.shield(process.wait())

    async def _listen(self, stdout: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await stdout.readline()
                message = json.loads(line) if line else None
            except (ValueError, ConnectionError):
                return
            match message:
                case None:
                    return
                case ["answer", int(number), dict(answer)]:
                    future = self._answers.get(number)
                    if future is not None and not future.done():
                        future.set_result(answer)
                case ["status", str(state), int(files), int(symbols)]:
                    self.state, self.files, self.symbols = state, files, symbols

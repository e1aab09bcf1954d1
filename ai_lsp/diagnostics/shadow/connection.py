"""A second connection to a language server, ours, never the editor's: texts go in, their diagnostics come out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ai_lsp.diagnostics.shadow.checkers import Checker
from ai_lsp.diagnostics.shadow.verdict import Unknown
from ai_lsp.text.framing import BadMessage, FrameParser, frame

log = logging.getLogger(__name__)

MOST_BYTES = 32 << 20
"""Bytes of messages between two questions; a server that sends more floods us."""

MOST_ITEMS = 5_000
"""Diagnostics of one text; beyond that nobody could use them."""

END_S = 5.0
"""How long a killed server may take to be gone."""

RETRY_CODES = (-32801, -32802)
"""ContentModified and ServerCancelled: the server asks to be asked again."""

CAPABILITIES: Mapping[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {
        "configuration": True,
        "workspaceFolders": True,
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
    "window": {"workDoneProgress": True},
    "textDocument": {
        "synchronization": {},
        "publishDiagnostics": {"versionSupport": True},
        "diagnostic": {"dynamicRegistration": True},
    },
}


class NoAnswer(Exception):
    """The server said nothing that can be used; `why` is the reason."""

    def __init__(self, why: Unknown, detail: str = "") -> None:
        super().__init__(f"{why.value}: {detail}" if detail else why.value)
        self.why = why


class Connection:
    """One running server for one folder. Not for two callers at once: the pool holds a lock."""

    def __init__(self, checker: Checker, process: asyncio.subprocess.Process, root: Path) -> None:
        self.checker = checker
        self.process = process
        self.root = root
        self.texts: dict[str, str] = {}
        self.failure: NoAnswer | None = None
        self._versions: dict[str, int] = {}
        self._published: dict[str, tuple[int | None, list[Any]]] = {}
        self._news = asyncio.Event()
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._last_id = 0
        self._bytes = 0
        self._reader = asyncio.create_task(self._read(), name=f"shadow-{checker.name}")

    @classmethod
    async def start(cls, checker: Checker, program: Path, root: Path) -> Connection:
        """Starts the server in a folder and shakes hands. Raises NoAnswer; the process is gone then."""
        try:
            process = await asyncio.create_subprocess_exec(
                program,
                *checker.command[1:],
                cwd=root,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # what it starts ends with it
            )
        except OSError as error:
            raise NoAnswer(Unknown.CRASHED, str(error)) from error
        connection = cls(checker, process, root)
        folder = {"uri": root.as_uri(), "name": root.name}
        params = {
            "processId": os.getpid(),
            "clientInfo": {"name": "ai-lsp shadow"},
            "rootUri": folder["uri"],
            "workspaceFolders": [folder],
            "initializationOptions": dict(checker.options),
            "capabilities": CAPABILITIES,
        }
        try:
            await connection._ask("initialize", params, checker.patience_s)
        except BaseException:
            await connection.aclose()
            raise
        connection._tell("initialized", {})
        return connection

    def show(self, texts: Mapping[str, str], languages: Mapping[str, str]) -> None:
        """Makes these texts, by uri, the open documents; `languages` has the language id of each."""
        self.heard()
        for uri in [uri for uri in self.texts if uri not in texts]:
            self._tell("textDocument/didClose", {"textDocument": {"uri": uri}})
            del self.texts[uri]
        for uri, text in texts.items():
            self.put(uri, text, languages.get(uri, ""))

    def put(self, uri: str, text: str, language_id: str = "") -> None:
        """Opens a document, or gives an open one another text."""
        if self.texts.get(uri) == text:
            return
        version = self._versions[uri] = self._versions.get(uri, 0) + 1
        whole = text + self.checker.sentinel
        if uri in self.texts:
            changes = [{"text": whole}]
            params: dict[str, Any] = {"textDocument": {"uri": uri, "version": version}, "contentChanges": changes}
            self._tell("textDocument/didChange", params)
        else:
            document = {"uri": uri, "languageId": language_id, "version": version, "text": whole}
            self._tell("textDocument/didOpen", {"textDocument": document})
        self.texts[uri] = text
        self._published.pop(uri, None)

    def files_changed(self, changes: Iterable[tuple[str, int]]) -> None:
        """Files changed on disk: (uri, LSP FileChangeType)."""
        self._tell("workspace/didChangeWatchedFiles", {"changes": [{"uri": u, "type": t} for u, t in changes]})

    async def diagnostics(self, uri: str, within_s: float) -> list[Any]:
        """The server's diagnostics of a document as it was put last. Raises NoAnswer."""
        items = await (self._pulled(uri, within_s) if self.checker.pulls else self._pushed(uri, within_s))
        if len(items) > MOST_ITEMS:
            raise NoAnswer(Unknown.FLOODED)
        word = self.checker.sentinel_word
        return [item for item in items if not word or word not in str(_member(item, "message"))]

    def heard(self) -> None:
        """A new question: what was heard so far no longer counts as a flood."""
        self._bytes = 0

    async def _pulled(self, uri: str, within_s: float) -> list[Any]:
        end = asyncio.get_running_loop().time() + within_s
        while True:
            left = end - asyncio.get_running_loop().time()
            try:
                report = await self._ask("textDocument/diagnostic", {"textDocument": {"uri": uri}}, left)
            except _AskAgain:
                await asyncio.sleep(0.005)
                continue
            items = _member(report, "items")
            if not isinstance(items, list):
                raise NoAnswer(Unknown.GARBAGE, "a report without items")
            return items

    async def _pushed(self, uri: str, within_s: float) -> list[Any]:
        """What was published for the present version; a report of another version says nothing."""
        end = asyncio.get_running_loop().time() + within_s
        while True:
            self._fail_if_gone()
            version, items = self._published.get(uri, (None, []))
            word = self.checker.sentinel_word
            if version is not None and version == self._versions[uri]:
                return items
            if word and any(word in str(_member(item, "message")) for item in items):
                return items
            self._news.clear()
            left = end - asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(max(0.0, left)):
                    await self._news.wait()
            except TimeoutError:
                raise NoAnswer(Unknown.SLOW) from None

    async def aclose(self) -> None:
        """Ends the server and all it started, without asking it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        # asyncio (3.11) says that a process has ended when its pipes have; unread, they stay open.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                while self.process.stdout is not None and await self.process.stdout.read(1 << 16):
                    pass
                await self.process.wait()
        self._end(NoAnswer(Unknown.CRASHED))

    @property
    def memory_mb(self) -> int:
        """Resident memory of the server's own process; 0 where the system does not say."""
        try:
            fields = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()
            return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") >> 20
        except (OSError, ValueError, IndexError):
            return 0

    def _fail_if_gone(self) -> None:
        if self.failure is not None:
            raise NoAnswer(self.failure.why, str(self.failure))

    async def _ask(self, method: str, params: Any, within_s: float) -> Any:
        self._fail_if_gone()
        self._last_id += 1
        number = self._last_id
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._calls[number] = future
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        try:
            async with asyncio.timeout(max(0.0, within_s)):
                return await future
        except TimeoutError:
            self._tell("$/cancelRequest", {"id": number})
            raise NoAnswer(Unknown.SLOW) from None
        finally:
            self._calls.pop(number, None)

    def _tell(self, method: str, params: Any) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def _send(self, message: Any) -> None:
        stdin = self.process.stdin
        if stdin is not None and not stdin.is_closing():
            stdin.write(frame(message))

    async def _read(self) -> None:
        assert self.process.stdout is not None
        parser = FrameParser()
        while data := await self.process.stdout.read(1 << 16):
            self._bytes += len(data)
            if self._bytes > MOST_BYTES:
                self._end(NoAnswer(Unknown.FLOODED))
                return
            for message in parser.feed(data):
                if isinstance(message, BadMessage):
                    self._end(NoAnswer(Unknown.GARBAGE, str(message)))
                    return
                self._take(message)
        self._end(NoAnswer(Unknown.CRASHED))

    def _take(self, message: Any) -> None:
        if not isinstance(message, Mapping):
            return
        method, number = message.get("method"), message.get("id")
        if method is None:
            self._answered(number, message)
        elif number is not None:
            self._send({"jsonrpc": "2.0", "id": number, "result": _reply(str(method), message.get("params"))})
        elif method == "textDocument/publishDiagnostics":
            params = message.get("params")
            uri, items = _member(params, "uri"), _member(params, "diagnostics")
            if isinstance(uri, str) and isinstance(items, list):
                version = _member(params, "version")
                self._published[uri] = (version if isinstance(version, int) else None, items)
                self._news.set()

    def _answered(self, number: Any, message: Mapping[str, Any]) -> None:
        future = self._calls.get(number) if isinstance(number, int) else None
        if future is None or future.done():
            return
        error = message.get("error")
        if error is None:
            future.set_result(message.get("result"))
        elif _member(error, "code") in RETRY_CODES:
            future.set_exception(_AskAgain())
        else:
            future.set_exception(NoAnswer(Unknown.CRASHED, str(_member(error, "message"))[:200]))

    def _end(self, failure: NoAnswer) -> None:
        self.failure = self.failure or failure
        for future in self._calls.values():
            if not future.done():
                future.set_exception(NoAnswer(failure.why, str(failure)))
        self._news.set()


class _AskAgain(Exception):
    """The text changed under the server while it answered."""


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _reply(method: str, params: Any) -> Any:
    """What an editor with nothing set would answer. An edit that the server wants to make is refused."""
    if method == "workspace/configuration":
        items = _member(params, "items")
        return [None] * (len(items) if isinstance(items, list) else 0)
    if method == "workspace/applyEdit":
        return {"applied": False}
    return [] if method == "workspace/workspaceFolders" else None

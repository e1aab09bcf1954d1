"""A small language client over stdio: the commands, tests and benches see the server as an editor does.

It knows nothing of pygls, keeps a mirror of every open document, answers what a server may ask of an editor,
and remembers everything that an editor would have shown or choked on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ai_lsp.cli.lsp_wire import Call, Json, RequestFailed, Seen, ServerGone, frame, read_body
from ai_lsp.cli.text_mirror import TextMirror

STDERR_LINES = 400

DEFAULT_CAPABILITIES: dict[str, Json] = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "synchronization": {"didSave": True},
        "inlineCompletion": {"dynamicRegistration": False},
    },
    "workspace": {
        "configuration": True,
        "workspaceFolders": True,
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True},
    },
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
}


@dataclass(frozen=True, slots=True)
class InlineItem:
    """An inline completion in offsets of the document's mirror; `start <= cursor <= end`."""

    text: str
    start: int
    end: int
    command: Json = None

    def shown(self, before: str) -> str:
        """What an editor draws behind the cursor, `before` being the range's text left of the cursor."""
        return self.text.removeprefix(before)


class LspClient:
    """A running server and what a client knows of it; made by `start`, ended by `stop` or `async with`."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        root: Path,
        settings: Mapping[str, Json],
        applies_edits: bool,
    ) -> None:
        self.process = process
        self.root = root
        self.settings = dict(settings)
        self.applies_edits = applies_edits
        self.answers: list[str] = []  # the user's, to questions that offer them; others are put away
        self.initialize_result: dict[str, Json] = {}
        self.start_ms = 0.0
        self.documents: dict[str, TextMirror] = {}
        self.seen = Seen()
        self.stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._calls: dict[int, Call] = {}
        self._last_id = 0
        self._readers = [asyncio.create_task(self._read()), asyncio.create_task(self._read_stderr())]
        self._kill = weakref.finalize(self, _kill_group, process.pid)

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        root: Path,
        *,
        options: Json = None,
        capabilities: dict[str, Json] | None = None,
        settings: Mapping[str, Json] | None = None,
        initialize: dict[str, Json] | None = None,
        environment: Mapping[str, str] | None = None,
        applies_edits: bool = True,
        timeout: float = 60.0,
    ) -> Self:
        """Starts `command` in `root` and shakes hands; `timeout` in seconds.

        `options` are the initializationOptions, `settings` answers workspace/configuration by section, and
        `initialize` replaces single keys of the initialize params (a captured editor's, for example).
        Raises ServerGone, RequestFailed or TimeoutError; the process is gone then.
        """
        started = time.monotonic_ns()
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=root,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            start_new_session=True,  # its workers can be killed with it
            limit=1 << 20,
        )
        client = cls(process, root, settings or {}, applies_edits)
        params = {
            "processId": os.getpid(),
            "clientInfo": {"name": "ai-lsp client", "version": "1"},
            "rootUri": root.as_uri(),
            "workspaceFolders": [{"uri": root.as_uri(), "name": root.name}],
            "initializationOptions": options,
            "capabilities": DEFAULT_CAPABILITIES if capabilities is None else capabilities,
            **(initialize or {}),
        }
        try:
            client.initialize_result = await client.request("initialize", params, timeout=timeout)
        except BaseException:
            await client.kill()
            raise
        client.start_ms = (time.monotonic_ns() - started) / 1e6
        client.notify("initialized", {})
        return client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.stop()
        else:
            await self.kill()

    @property
    def capabilities(self) -> dict[str, Json]:
        """The server's capabilities, as sent."""
        found: dict[str, Json] = self.initialize_result.get("capabilities", {})
        return found

    @property
    def unanswered(self) -> list[Call]:
        """Requests still waiting for their answer, oldest first."""
        return list(self._calls.values())

    # Messages ---------------------------------------------------------------------------------------------

    def send(self, method: str, params: Json = None, *, with_params: bool = True) -> Call:
        """Sends a request without waiting; `with_params=False` leaves the key out, as some clients do."""
        self._last_id += 1
        message = {"id": self._last_id, "method": method} | ({"params": params} if with_params else {})
        call = Call(self._last_id, method, asyncio.get_running_loop().create_future(), time.monotonic_ns())
        if any(reader.done() for reader in self._readers[:1]):
            call.fail(ServerGone(self._obituary(method)))
            return call
        self._calls[call.id] = call
        self.write(message)
        call.sent_ns = time.monotonic_ns()
        return call

    async def request(self, method: str, params: Json = None, *, timeout: float = 30.0) -> Json:
        """The result of a request; raises RequestFailed, ServerGone, or TimeoutError (seconds)."""
        call = self.send(method, params)
        async with asyncio.timeout(timeout):
            return await asyncio.shield(call.answer)

    def notify(self, method: str, params: Json = None) -> None:
        """Sends a notification."""
        self.write({"method": method, "params": params})

    def cancel(self, call: Call) -> None:
        """Asks the server to give up a request; its answer is then RequestFailed with -32800."""
        self.notify("$/cancelRequest", {"id": call.id})

    def write(self, message: dict[str, Json]) -> None:
        """Frames and writes one message, given without its `jsonrpc` key."""
        self.write_bytes(frame(message))

    def write_bytes(self, data: bytes) -> None:
        """Writes bytes as they are; nothing happens when the server is gone."""
        stdin = self.process.stdin
        if stdin is not None and not stdin.is_closing():
            stdin.write(data)

    async def drain(self) -> None:
        """Waits until the server has taken most of what was written."""
        if self.process.stdin is not None:
            try:
                await self.process.stdin.drain()
            except ConnectionError:
                pass  # the next request says that the server is gone

    # Documents --------------------------------------------------------------------------------------------

    def open(self, uri: str, text: str, language_id: str = "python") -> TextMirror:
        """Opens a document and starts to mirror it."""
        mirror = self.documents[uri] = TextMirror(uri, language_id, text)
        item = {"uri": uri, "languageId": language_id, "version": mirror.version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return mirror

    def change(self, uri: str, start: int, end: int, new_text: str) -> None:
        """Replaces offsets `start` to `end` in the mirror and on the server."""
        mirror = self.documents[uri]
        change = mirror.replace(start, end, new_text)
        document = {"uri": uri, "version": mirror.version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})

    def close(self, uri: str) -> None:
        """Closes a document and forgets its mirror."""
        del self.documents[uri]
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def ask_inline(self, uri: str, offset: int, *, trigger: int = 2, **context: Json) -> Call:
        """Sends an inline completion request at an offset; `trigger` 1 is by hand, 2 is while typing."""
        position = self.documents[uri].position(offset).to_json()
        document = {"uri": uri}
        params = {
            "textDocument": document,
            "position": position,
            "context": {"triggerKind": trigger, **context},
        }
        return self.send("textDocument/inlineCompletion", params)

    def inline_items(self, uri: str, offset: int, result: Json) -> list[InlineItem]:
        """The items of an inline completion result, as far as an editor may use them at this cursor."""
        items = result.get("items", []) if isinstance(result, dict) else result or []
        mirror, found = self.documents[uri], []
        for item in items:
            start = end = offset
            if span := item.get("range"):
                start, end = (mirror.offset(**span[side]) for side in ("start", "end"))
            text = item["insertText"]
            text = text["value"] if isinstance(text, dict) else text
            if start <= offset <= end and text.startswith(mirror.text[start:offset]):
                found.append(InlineItem(text, start, end, item.get("command")))
        return found

    def accept(self, uri: str, item: InlineItem) -> int:
        """Inserts an item and runs its command without waiting; returns the cursor's offset behind it."""
        self.change(uri, item.start, item.end, item.text)
        if item.command:
            arguments = item.command.get("arguments", [])
            self.send("workspace/executeCommand", {"command": item.command["command"], "arguments": arguments})
        return item.start + len(item.text)

    def apply_edits(self, uri: str, edits: Sequence[Json]) -> None:
        """Applies TextEdits, whose ranges all speak of the text before the first, to one document."""
        mirror = self.documents[uri]
        spans = [
            (*(mirror.offset(**edit["range"][side]) for side in ("start", "end")), edit["newText"])
            for edit in edits
        ]
        for start, end, text in sorted(spans, reverse=True, key=lambda span: span[:2]):
            self.change(uri, start, end, text)

    # The end ----------------------------------------------------------------------------------------------

    async def stop(self, timeout: float = 10.0) -> int:
        """Ends the server as the protocol says, kills it after `timeout` seconds; returns its exit code."""
        try:
            with contextlib.suppress(RequestFailed):  # it was shut down before
                await self.request("shutdown", timeout=timeout)
            self.notify("exit")
            async with asyncio.timeout(timeout):
                # process.wait() would also wait for workers that hold the same pipes
                while self.process.returncode is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
        except (TimeoutError, ServerGone):
            pass
        return await self.kill()

    async def kill(self) -> int:
        """Ends the process and whatever it started, where they still run; returns the exit code."""
        self._kill()
        code = await self.process.wait()
        await asyncio.wait(self._readers, timeout=2.0)
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        if self.process.stdin is not None:
            self.process.stdin.close()
        return code

    # What comes in ----------------------------------------------------------------------------------------

    async def _read(self) -> None:
        assert self.process.stdout is not None
        try:
            while (body := await read_body(self.process.stdout, self.seen.noise)) is not None:
                arrived = time.monotonic_ns()
                try:
                    message = json.loads(body)
                except ValueError:
                    self.seen.noise.append(body)
                    continue
                if "method" not in message:
                    self._settle(message, arrived)
                elif "id" in message:
                    self.write({"id": message["id"], **self._answer(message["method"], message.get("params"))})
                else:
                    self._take(message["method"], message)
        finally:
            for call in self._calls.values():
                if not call.answer.done():
                    call.fail(ServerGone(self._obituary(call.method)))

    async def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.stderr.append(line.decode("utf-8", "replace").rstrip())

    def _obituary(self, method: str) -> str:
        last_words = "\n".join(list(self.stderr)[-12:])
        return f"the server ended before it answered {method}" + (
            f"; it wrote:\n{last_words}" if last_words else ""
        )

    def _settle(self, message: dict[str, Json], arrived: int) -> None:
        call = self._calls.pop(message["id"], None) if isinstance(message.get("id"), int) else None
        if call is None:
            self.seen.unasked.append(message)
            return
        call.answered_ns = arrived
        if call.answer.done():
            return
        if "error" in message:
            error = message["error"]
            call.fail(RequestFailed(error.get("code", 0), str(error.get("message", ""))))
        else:
            call.answer.set_result(message.get("result"))

    def _take(self, method: str, message: Json) -> None:
        match method:
            case "window/showMessage":
                self.seen.messages.append(message["params"])
            case "window/logMessage":
                self.seen.logs.append(message["params"])
            case _:
                self.seen.notifications.append(message)

    def _answer(self, method: str, params: Json) -> dict[str, Json]:
        match method:
            case "workspace/configuration":
                return {"result": [self.settings.get(item.get("section", "")) for item in params["items"]]}
            case "client/registerCapability":
                self.seen.registrations.extend(params["registrations"])
            case "client/unregisterCapability" | "window/workDoneProgress/create":
                pass
            case "window/showMessageRequest":
                self.seen.messages.append(params)
                titles = [action["title"] for action in params.get("actions", [])]
                chosen = next((self.answers.pop(n) for n, a in enumerate(self.answers) if a in titles), None)
                return {"result": None if chosen is None else {"title": chosen}}
            case "window/showDocument":
                self.seen.documents.append(params)
                return {"result": {"success": True}}
            case "workspace/applyEdit":
                self.seen.edits.append(params)
                return {"result": {"applied": self.applies_edits and self._apply_workspace_edit(params["edit"])}}
            case _ if method.endswith("/refresh"):
                pass
            case _:
                return {"error": {"code": -32601, "message": f"this client has no {method}"}}
        return {"result": None}

    def _apply_workspace_edit(self, edit: Json) -> bool:
        """Applies a WorkspaceEdit to open documents, all of it or nothing; says whether it did."""
        parts = [(change["textDocument"], change["edits"]) for change in edit.get("documentChanges", [])]
        parts += [({"uri": uri}, edits) for uri, edits in edit.get("changes", {}).items()]
        for document, _ in parts:
            mirror = self.documents.get(document["uri"])
            if mirror is None or document.get("version") not in (None, mirror.version):
                return False
        for document, edits in parts:
            self.apply_edits(document["uri"], edits)
        return True


def _kill_group(pid: int) -> None:
    try:
        if sys.platform == "win32":
            os.kill(pid, signal.SIGTERM)
        else:
            os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass  # it is gone

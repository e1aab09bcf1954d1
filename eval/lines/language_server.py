"""The same questions, put to a language server over stdio as an editor would put them."""

from __future__ import annotations

import json
import os
import queue
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from ai_lsp.text.edit import LineEdit
from eval.lines.cases import LineCase
from eval.lines.replay import as_edit, changed_lines
from eval.lines.repository import Commit, Repository, language_id

_REQUEST_S = 10.0
_READY_S = 60.0
_BEFORE_TYPING_S = 0.1  # nobody types sooner after opening a file; a server may look at it meanwhile


class ServerDiedError(RuntimeError):
    """The server under test ended."""


class Connection:
    """A small synchronous client: positions count UTF-16 units, requests of the server are answered."""

    def __init__(self, command: list[str], root: Path, options: dict[str, Any]) -> None:
        self.root = root
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=root
        )
        self._inbox: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._number = 0
        threading.Thread(target=self._listen, daemon=True).start()
        self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": root.as_uri(),
                "clientInfo": {"name": "ai-lsp-eval"},
                "workspaceFolders": [{"uri": root.as_uri(), "name": root.name}],
                "initializationOptions": options,
                "capabilities": {
                    "general": {"positionEncodings": ["utf-16"]},
                    "textDocument": {"inlineCompletion": {"dynamicRegistration": True}},
                    "workspace": {
                        "configuration": True,
                        "workspaceFolders": True,
                        "didChangeWatchedFiles": {"dynamicRegistration": True},
                    },
                },
            },
            120,
        )
        self.notify("initialized", {})

    def notify(self, method: str, params: object) -> None:
        """Sends a notification."""
        self._send({"method": method, "params": params})

    def request(self, method: str, params: object, seconds: float = _REQUEST_S) -> Any:
        """The result of a request; None on an error or when it takes too long."""
        self._number += 1
        mine = self._number
        self._send({"id": mine, "method": method, "params": params})
        end = time.monotonic() + seconds
        while True:
            try:
                message = self._inbox.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                self.notify("$/cancelRequest", {"id": mine})
                return None
            if message is None:
                raise ServerDiedError
            if "method" in message and "id" in message:
                self._send({"id": message["id"], "result": self._reply(message)})
            elif message.get("id") == mine and "method" not in message:
                return message.get("result")

    def close(self) -> None:
        """Shuts the server down, by force when it does not go."""
        try:
            self.request("shutdown", None, 5)
            self.notify("exit", None)
            self._process.wait(5)
        except (ServerDiedError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()

    def _reply(self, message: dict[str, Any]) -> Any:
        if message["method"] == "workspace/configuration":
            return [None] * len(message["params"]["items"])
        if message["method"] == "workspace/workspaceFolders":
            return [{"uri": self.root.as_uri(), "name": self.root.name}]
        if message["method"] == "workspace/applyEdit":
            return {"applied": False}
        return None

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise ServerDiedError from error

    def _listen(self) -> None:
        out = self._process.stdout
        assert out is not None
        while True:
            size = 0
            while (line := out.readline()) not in (b"\r\n", b"\n"):
                if not line:
                    self._inbox.put(None)
                    return
                if line.lower().startswith(b"content-length:"):
                    size = int(line.split(b":")[1])
            self._inbox.put(json.loads(out.read(size)))


class LanguageServer:
    """A language server on a scratch folder that follows the commits' trees."""

    def __init__(
        self, repository: Repository, command: str, threshold: float, options: dict[str, Any] | None = None
    ) -> None:
        self.repository, self.command = repository, command
        completion = {"min_confidence": threshold, "debounce_ms": 0}
        self._options: dict[str, Any] = {"completion": completion} if options is None else options
        self._folder = tempfile.TemporaryDirectory(prefix="eval-lines-")
        self._root = Path(self._folder.name).resolve()
        self._at: str | None = None
        self._connection: Connection | None = None
        self._open: dict[str, list[str]] = {}
        self._version: dict[str, int] = {}

    @property
    def connection(self) -> Connection:
        """The running server."""
        assert self._connection is not None
        return self._connection

    def commit(self, commit: Commit) -> None:
        for path in self._open:
            self.connection.notify("textDocument/didClose", {"textDocument": {"uri": self.uri(path)}})
        self._open.clear()
        moved = self._check_out(commit.parent)
        if self._connection is None:
            self._connection = Connection(_command(self.command), self._root, self._options)
        else:
            changes = [{"uri": self.uri(path), "type": kind} for path, kind in moved]
            self._connection.notify("workspace/didChangeWatchedFiles", {"changes": changes})
        self._wait_until_ready()

    def line(self, case: LineCase) -> None:
        self.case = case
        for path, lines in case.edited.items():
            self.become(path, lines)
        self.ensure(case.path)

    def ask(self, col: int) -> tuple[str | None, float]:
        case = self.case
        start = case.line[:col]
        self.become(case.path, [*case.before, start, *case.after])
        row = len(case.before)
        result = self.connection.request(
            "textDocument/inlineCompletion",
            {
                "textDocument": {"uri": self.uri(case.path)},
                "position": {"line": row, "character": utf16(start)},
                "context": {"triggerKind": 2},
            },
        )
        items = (result.get("items") if isinstance(result, dict) else result) or []
        for item in items[:1]:
            text = _rest(item, start, row)
            if text:
                return text, 1.0
        return None, 0.0

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._folder.cleanup()
        self.repository.close()

    def _wait_until_ready(self) -> None:
        """Waits for the whole workspace where the server can say so, a moment where it cannot."""
        time.sleep(0.2)
        end = time.monotonic() + _READY_S
        while time.monotonic() < end:
            status = self.connection.request("aiLsp/status", {}, 5)
            if not isinstance(status, dict):
                time.sleep(1.0)
                return
            if status.get("ready"):
                return
            time.sleep(0.05)

    def uri(self, path: str) -> str:
        """The uri of a path of the repository; of the folder for ""."""
        return (self._root / path).as_uri()

    def _check_out(self, commit: str) -> list[tuple[str, int]]:
        if self._at is None:
            moved: dict[str, str | None] = dict(self.repository.tree(commit))
        else:
            moved = self.repository.changed(self._at, commit)
        self._at = commit
        told = []
        for path, sha in moved.items():
            file = self._root / path
            data = self.repository.blob(sha) if sha else None
            if data is None:
                file.unlink(missing_ok=True)
                told.append((path, 3))
                continue
            told.append((path, 2 if file.exists() else 1))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        return told

    def version(self, path: str) -> int:
        """The version of an open document."""
        return self._version[path]

    def lines(self, path: str) -> list[str]:
        """The lines of a document, or of a file that is not open."""
        if path in self._open:
            return self._open[path]
        return (self._root / path).read_text("utf-8").replace("\r\n", "\n").split("\n")

    def ensure(self, path: str) -> None:
        """Opens a document that is not open."""
        if path not in self._open:
            text = (self._root / path).read_text("utf-8").replace("\r\n", "\n")
            self._open[path] = text.split("\n")
            self._version[path] = 1
            about = {"uri": self.uri(path), "languageId": language_id(path), "version": 1, "text": text}
            self.connection.notify("textDocument/didOpen", {"textDocument": about})
            time.sleep(_BEFORE_TYPING_S)

    def become(self, path: str, lines: list[str]) -> None:
        """Changes a document to these lines, in one change."""
        self.ensure(path)
        old = self._open[path]
        change = changed_lines(old, lines)
        if change is None:
            return
        edit = as_edit(old, *change)
        self._version[path] += 1
        self.connection.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": self.uri(path), "version": self._version[path]},
                "contentChanges": [{"range": _range(edit, old), "text": edit.text}],
            },
        )
        self._open[path] = lines


def _command(line: str) -> list[str]:
    """A command line in words; the server runs elsewhere, so a relative program becomes absolute."""
    program, *arguments = shlex.split(line)
    found = shutil.which(program)
    return [str(Path(found).absolute()) if found else program, *arguments]


def utf16(text: str) -> int:
    """How many UTF-16 units a text has."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _range(edit: LineEdit, lines: list[str]) -> dict[str, dict[str, int]]:
    return {
        "start": {"line": edit.start_line, "character": utf16(lines[edit.start_line][: edit.start_col])},
        "end": {"line": edit.end_line, "character": utf16(lines[edit.end_line][: edit.end_col])},
    }


def _rest(item: dict[str, Any], start: str, row: int) -> str | None:
    """The first line of what an item adds after the cursor; None when it changes what is typed."""
    text = item.get("insertText") or ""
    if isinstance(text, dict):
        text = text.get("value", "")
    where = item.get("range")
    if where:
        if where["start"]["line"] != row:
            return None
        typed = start.encode("utf-16-le", "surrogatepass")[2 * where["start"]["character"] :]
        replaced = typed.decode("utf-16-le", "surrogatepass")
        if not text.startswith(replaced):
            return None
        text = text[len(replaced) :]
    first: str = text.split("\n", 1)[0]
    return first or None

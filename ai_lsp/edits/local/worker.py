"""The engine's own process: `python -m ai_lsp.edits.local.worker`, spoken to over stdin and stdout.

Messages are handled in order; the index grows a file at a time, and only while no message waits. Ends when stdin
closes.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import astuple
from typing import BinaryIO

from ai_lsp.context import wire
from ai_lsp.context.workspace_files import IGNORE_FILES, WorkspaceFiles, read_source
from ai_lsp.edits.local.engine import Engine
from ai_lsp.edits.local.index import Index, fill
from ai_lsp.edits.local.proposal import Change
from ai_lsp.text.edit import LineEdit

_DELETED = 3  # LSP's FileChangeType


class Worker:
    """State of the process: the engine, what waits, and how far the index is."""

    def __init__(self, out: BinaryIO) -> None:
        self.inbox: queue.SimpleQueue[wire.Message | None] = queue.SimpleQueue()
        self.engine = Engine(Index(self._read))
        self._out = out
        self._waiting: deque[wire.Message | None] = deque()
        self._scope: tuple[list[str], list[str], int] | None = None  # None until the first start
        self._rules: list[WorkspaceFiles] = []
        self._filling: Iterator[None] | None = None
        self._changed: dict[str, None] = {}
        self._unread: list[str] = []  # documents whose syntax was not looked at yet
        self._last_status: wire.Message = []

    def run(self) -> None:
        """Handles messages until stdin ends."""
        while True:
            self._collect(must_wait=not self._waiting and not self._is_busy)
            if self._waiting:
                message = self._waiting.popleft()
                if message is None:
                    return
                self._message(message)
            elif self._unread:
                self.engine.warm(self._unread.pop())
            elif self._changed:
                path = next(iter(self._changed))
                del self._changed[path]
                self._take_in(path)
            elif self._filling is not None and next(self._filling, self) is self:
                self._filling = None
                self._report()

    @property
    def _is_busy(self) -> bool:
        return self._filling is not None or bool(self._changed or self._unread)

    def _collect(self, *, must_wait: bool) -> None:
        if must_wait:
            self._report()
            self._waiting.append(self.inbox.get())
        while True:
            try:
                self._waiting.append(self.inbox.get_nowait())
            except queue.Empty:
                return

    def _message(self, message: wire.Message) -> None:
        match message:
            case ["suggest", int(number), str(uri), int(line), int(col), int(most), float(least)]:
                self._suggest(number, uri, line, col, most, least)
            case ["change", str(uri), list(edits)]:
                self.engine.changed(uri, [LineEdit(*e) for e in edits])
            case ["edited", list(rows)]:
                self.engine.edited([Change(u, at, tuple(old), tuple(new), age) for u, at, old, new, age in rows])
            case ["open", str(uri), path, str(language), str(text)]:
                self.engine.opened(uri, os.path.realpath(path) if path else None, language, text)
                self._unread.append(uri)
            case ["close", str(uri)]:
                self.engine.closed(uri)
            case ["files", list(changes)]:
                self._files_changed(changes)
            case ["start", list(roots), list(patterns), int(most)]:
                self._scope = roots, patterns, most
                self._start()

    def _suggest(self, number: int, uri: str, line: int, col: int, most: int, least: float) -> None:
        later = [m for m in self._waiting if m is not None]
        if any(m[0] == "suggest" or m == ["drop", number] for m in later):
            self._send(["answer", number, []])
            return
        found = self.engine.suggest(uri, line, col, most, least)
        self._send(["answer", number, [list(astuple(proposal)) for proposal in found]])

    def _start(self) -> None:
        if self._scope is None:
            return
        roots, patterns, most = self._scope
        self.engine.index.clear()
        self._changed.clear()
        self._rules = [WorkspaceFiles(root, patterns=tuple(patterns)) for root in roots]
        self._filling = fill(self.engine.index, self._rules, most)
        self._report()

    def _files_changed(self, changes: list[tuple[str, int]]) -> None:
        if any(os.path.basename(path) in IGNORE_FILES for path, _ in changes):
            self._start()
            return
        for given, kind in changes:
            path = os.path.realpath(given)
            self.engine.index.forget(path)
            if kind == _DELETED:
                self._changed.pop(path, None)
            else:
                self._changed[path] = None

    def _take_in(self, path: str) -> None:
        text = self._read(path)
        if text is not None and self._scope is not None and self.engine.index.files < self._scope[2]:
            self.engine.index.add(path, text)

    def _read(self, path: str) -> str | None:
        """A closed file's text, where the rules of its folder allow it."""
        if any(rules.may_index(path) is not None for rules in self._rules):
            return read_source(path)
        return None

    def _report(self) -> None:
        """Tells the server where the index stands, when that has changed."""
        if self._scope is None:
            return
        state = "ready" if self._filling is None and not self._changed else "indexing"
        status: wire.Message = ["status", state, self.engine.index.files, ""]
        if status != self._last_status:
            self._last_status = status
            self._send(status)

    def _send(self, message: wire.Message) -> None:
        self._out.write(wire.pack(message))
        self._out.flush()


def main() -> None:
    """Runs the worker on this process's stdin and stdout."""
    stdin, stdout = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not reach the wire
    worker = Worker(stdout)

    def listen() -> None:
        try:
            while (message := wire.read(stdin)) is not None:
                worker.inbox.put(message)
        except (OSError, wire.BrokenWireError):
            pass
        worker.inbox.put(None)

    threading.Thread(target=listen, daemon=True).start()
    try:
        worker.run()
    except BrokenPipeError:
        pass
    os._exit(0)  # the reading thread may still hold stdin


if __name__ == "__main__":
    main()

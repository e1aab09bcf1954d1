"""The predictor's own process: `python -m ai_lsp.completion.local.worker`, spoken to over stdin and stdout.

Messages are handled in order. Everything that is not a message (taking new shards into use) happens in slices of
about a millisecond, and only while no message waits. Ends when stdin closes.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ai_lsp.completion.local.engine import Engine
from ai_lsp.completion.local.shards import BadShardError, Shard
from ai_lsp.context import wire
from ai_lsp.text.edit import LineEdit

_DEADLINE_S = 0.012  # after so long a search answers with what it has
_MOST_FAILURES = 2  # of the indexer, one after another, before the index stays incomplete
_MOST_SMALL = 5  # shards of changed files before they are made one


class Worker:
    """State of the process: the engine, what waits, and the indexer while one runs."""

    def __init__(self, out: BinaryIO) -> None:
        self.engine = Engine()
        self.inbox: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._waiting: deque[tuple[str, Any]] = deque()
        self._slices: deque[Iterator[None]] = deque()
        self._out = out
        self._base = ""
        self._roots: list[str] = []
        self._patterns: list[str] = []
        self._most = 0
        self._changed: dict[str, None] = {}
        self._indexer: subprocess.Popen[bytes] | None = None
        self._generation = 0
        self._small: list[Shard] = []
        self._is_small_job = False
        self._job: tuple[str, list[str]] = ("whole", [])
        self._failures = 0
        self._problem = ""
        self._last_status: wire.Message = []

    def run(self) -> None:
        """Handles messages until stdin ends."""
        try:
            while True:
                self._collect(is_idle=not self._waiting)
                if self._waiting:
                    source, item = self._waiting.popleft()
                    if item is None and source == "server":
                        return
                    self._handle(source, item)
                elif self._slices:
                    try:
                        next(self._slices[0])
                    except StopIteration:
                        self._slices.popleft()
                        self._report()
        finally:
            self._stop_indexer()

    def _collect(self, is_idle: bool) -> None:
        if is_idle and not self._slices:
            self._waiting.append(self.inbox.get())
        while True:
            try:
                self._waiting.append(self.inbox.get_nowait())
            except queue.Empty:
                return

    def _handle(self, source: str, item: Any) -> None:
        if source == "server":
            self._message(item)
        elif item[0] == self._generation:
            self._built(item[1], item[2])

    def _message(self, message: wire.Message) -> None:
        match message:
            case ["predict", int(number), *question]:
                self._predict(number, question)
            case ["change", str(uri), list(edits)]:
                self.engine.changed(uri, [LineEdit(*e) for e in edits])
            case ["open", str(uri), path, str(language), str(text)]:
                self.engine.opened(uri, os.path.realpath(path) if path else None, language, text)
                self._slices.append(self.engine.reading(uri))
            case ["close", str(uri)]:
                self.engine.closed(uri)
            case ["files", list(changes)]:
                self._files_changed(changes)
            case ["start", str(base), list(roots), list(patterns), int(most)]:
                self._start(base, roots, patterns, most)

    # ---- prediction -------------------------------------------------------------------------
    def _predict(self, number: int, question: list[Any]) -> None:
        later = [m for source, m in self._waiting if source == "server" and m is not None]
        if any(m[0] == "predict" or m == ["drop", number] for m in later):
            wire_answer = None
        else:
            uri, line, col, least, lines, hide_words = question
            found = self.engine.predict(uri, line, col, least, lines, _DEADLINE_S, hide_words)
            wire_answer = None if found is None else [found.text, found.confidence, found.lines, found.why]
        self._send(["answer", number, wire_answer])

    def _send(self, message: wire.Message) -> None:
        self._out.write(wire.pack(message))
        self._out.flush()

    # ---- the index --------------------------------------------------------------------------
    def _start(self, base: str, roots: list[str], patterns: list[str], most: int) -> None:
        self._stop_indexer()
        self.engine.unmount_all()
        self._small.clear()
        self._slices.clear()
        self._base, self._roots, self._patterns, self._most = base, roots, patterns, most
        self._run_indexer("whole", [])

    def _files_changed(self, changes: list[tuple[str, int]]) -> None:
        for given, kind in changes:
            path = os.path.realpath(given)
            self.engine.forget(path)
            if kind == 3:
                self._changed.pop(path, None)
            else:
                self._changed[path] = None
        self._go_on()

    def _go_on(self) -> None:
        """Starts the next indexing job when one is due and none runs."""
        if self._indexer is not None or not self._changed or not self._roots:
            self._report()
            return
        paths = list(self._changed)
        self._changed.clear()
        if len(self._small) >= _MOST_SMALL:
            for shard in self._small:
                paths += self.engine.unmount(shard)
            self._small.clear()
        self._run_indexer("files", list(dict.fromkeys(paths)))

    def _run_indexer(self, kind: str, paths: list[str]) -> None:
        self._generation += 1
        self._job = (kind, paths)
        self._is_small_job = kind == "files"
        if not self._roots:
            self._report()
            return
        try:
            self._indexer = subprocess.Popen(
                [sys.executable, "-P", "-m", "ai_lsp.completion.local.builder"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            assert self._indexer.stdin is not None
            self._indexer.stdin.write(
                wire.pack([kind, self._base, self._roots, paths, self._patterns, self._most])
            )
            self._indexer.stdin.flush()
        except OSError as error:
            self._indexer = None
            self._problem = f"the indexer could not start: {error.strerror}"
            self._report()
            return
        threading.Thread(target=self._listen, args=(self._indexer, self._generation), daemon=True).start()
        self._report()

    def _listen(self, indexer: subprocess.Popen[bytes], generation: int) -> None:
        """In a thread: passes on what the indexer reports."""
        assert indexer.stdout is not None
        finished = False
        try:
            while (message := wire.read(indexer.stdout)) is not None:
                raw = indexer.stdout.read(message[1]) if message[0] == "inline" else b""
                finished = finished or message[0] == "done"
                self.inbox.put(("indexer", (generation, message, raw)))
        except (OSError, wire.BrokenWireError):
            pass
        indexer.wait()
        self.inbox.put(("indexer", (generation, ["ended", finished], b"")))

    def _built(self, message: wire.Message, raw: bytes) -> None:
        match message:
            case ["use", str(path), list(stale)]:
                try:
                    self._mount(Shard.open(Path(path)), stale)
                except (OSError, BadShardError):
                    self._problem = "a part of the index could not be read"
            case ["inline", int()]:
                try:
                    self._mount(Shard(raw), [])
                except BadShardError:
                    self._problem = "a part of the index arrived damaged"
            case ["ended", finished]:
                self._indexer = None
                if finished:
                    self._failures = 0
                    self._problem = ""
                elif self._failures < _MOST_FAILURES:
                    self._failures += 1
                    self._run_indexer(*self._job)  # what it had finished is in the cache
                    return
                else:
                    self._problem = "the indexer ended early; the index is incomplete"
                self._go_on()

    def _mount(self, shard: Shard, stale: list[int]) -> None:
        if self._is_small_job:
            self._small.append(shard)
        gone = set(self._changed)
        stale = [*stale, *(i for i, f in enumerate(shard.files) if f.path in gone)]
        self._slices.append(self.engine.mounting(shard, stale))

    def _stop_indexer(self) -> None:
        if self._indexer is not None:
            self._indexer.kill()
            self._indexer = None

    def _report(self) -> None:
        """Tells the server where the index stands, when that has changed."""
        files, tokens = self.engine.indexed
        state = "indexing" if self._indexer is not None or self._slices else "ready"
        status: wire.Message = ["status", state, files, tokens, self._problem]
        if status != self._last_status:
            self._last_status = status
            self._send(status)


def main() -> None:
    """Runs the worker on this process's stdin and stdout."""
    stdin, stdout = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not reach the wire
    worker = Worker(stdout)

    def listen() -> None:
        try:
            while (message := wire.read(stdin)) is not None:
                worker.inbox.put(("server", message))
        except (OSError, wire.BrokenWireError):
            pass
        worker.inbox.put(("server", None))

    threading.Thread(target=listen, daemon=True).start()
    try:
        worker.run()
    except BrokenPipeError:
        pass
    os._exit(0)  # the reading thread may still hold stdin


if __name__ == "__main__":
    main()

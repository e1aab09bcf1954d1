"""Standard input and output without ever blocking the event loop."""

from __future__ import annotations

import asyncio
import os
import queue
import select
import threading
from collections.abc import Callable
from typing import Any

from ai_lsp.text.framing import FrameParser, frame

_READ = 1 << 16
_ATOMIC = 4096  # PIPE_BUF on Linux: a pipe that select() calls writable takes this much without blocking


class StdioReader:
    """Reads messages from a file descriptor: blocking before the loop runs, from the loop afterwards."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._parser = FrameParser()
        self._ready: list[Any] = []

    def first(self) -> Any | None:
        """Wait for one message without an event loop; None at the end of the input."""
        while not self._ready:
            data = os.read(self._fd, _READ)
            if not data:
                return None
            self._ready += self._parser.feed(data)
        return self._ready.pop(0)

    def put_back(self, message: Any) -> None:
        """Have `run` handle a message that `first` returned."""
        self._ready.insert(0, message)

    async def run(self, handle: Callable[[Any], None]) -> None:
        """Call `handle` with every message, in order, on the loop, until the input ends."""
        for message in self._ready:
            handle(message)
        self._ready.clear()
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def received(data: bytes) -> None:
            if done.done():
                return
            if not data:
                done.set_result(None)
            for message in self._parser.feed(data):
                handle(message)

        try:
            loop.add_reader(self._fd, lambda: received(os.read(self._fd, _READ)))
        except (NotImplementedError, OSError, ValueError):
            # Windows, or standard input is a plain file: a thread does the waiting.
            self._read_in_thread(loop, received)
            await done
            return
        try:
            await done
        finally:
            loop.remove_reader(self._fd)

    def _read_in_thread(self, loop: asyncio.AbstractEventLoop, received: Callable[[bytes], None]) -> None:
        def work() -> None:
            while True:
                try:
                    data = os.read(self._fd, _READ)
                except OSError:
                    data = b""
                try:
                    loop.call_soon_threadsafe(received, data)
                except RuntimeError:
                    return  # the loop is closed
                if not data:
                    return

        threading.Thread(target=work, name="stdin", daemon=True).start()


class StdioWriter:
    """Writes messages in order: at once while the client reads, from a thread when it does not keep up."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._unwritten = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.is_broken = False

    def send(self, message: Any) -> None:
        """Write one message, or hand it to the thread where the pipe is full. Never blocks, never raises."""
        data = frame(message)
        with self._lock:
            idle = self._unwritten == 0
        if idle and len(data) <= _ATOMIC and self._is_writable():
            try:
                done = os.write(self._fd, data)
            except OSError:
                self.is_broken = True
                return
            if done == len(data):
                return
            data = data[done:]
        with self._lock:
            self._unwritten += 1
        if self._thread is None:
            self._thread = threading.Thread(target=self._drain, name="stdout", daemon=True)
            self._thread.start()
        self._waiting.put(data)

    def close(self, timeout_s: float = 2.0) -> None:
        """Wait for what is still to be written, at most `timeout_s` seconds."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(timeout_s)

    def _is_writable(self) -> bool:
        try:
            return bool(select.select([], [self._fd], [], 0)[1])
        except (OSError, ValueError):
            return False  # Windows pipes, or more than 1,024 open files: the thread writes

    def _drain(self) -> None:
        while (data := self._waiting.get()) is not None:
            view = memoryview(data)
            while view and not self.is_broken:
                try:
                    view = view[os.write(self._fd, view) :]
                except OSError:
                    self.is_broken = True
            with self._lock:
                self._unwritten -= 1

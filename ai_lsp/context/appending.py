"""Whole lines appended to files of the user's state folder, by a thread, a moment after they came."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

log = logging.getLogger(__name__)

LARGEST_FILE = 4_000_000
"""Bytes; then the file is moved to `NAME.1` and a new one is begun."""

LATER_S = 0.05
"""Waking the thread costs the loop a fraction of a millisecond, which an answer on its way need not wait for."""


class Appender:
    """The lines of one session. `what` names them in the log."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._waiting: deque[tuple[Path, str]] = deque()
        self._writer: ThreadPoolExecutor | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._has_failed = False

    def add(self, path: Path, line: str) -> None:
        """Have a line, with its end, appended. Never waits for the disk."""
        self._waiting.append((path, line))
        if self._timer is not None:
            return
        try:
            self._timer = asyncio.get_running_loop().call_later(LATER_S, self._begin)
        except RuntimeError:  # no loop, and nothing to be late for
            self._begin()

    def close(self) -> None:
        """Wait until everything is written. Blocks on the disk."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.shutdown()
        self._write()

    def _begin(self) -> None:
        self._timer = None
        if self._waiting:
            self._writer = self._writer or ThreadPoolExecutor(1, self._what)
            self._writer.submit(self._write)

    def _write(self) -> None:
        lines: dict[Path, str] = {}
        while self._waiting:
            path, line = self._waiting.popleft()
            lines[path] = lines.get(path, "") + line
        for path, text in lines.items():
            try:
                append(path, text)
            except OSError as error:
                if not self._has_failed:
                    log.warning("%s cannot be written: %s", self._what, error.strerror or error)
                self._has_failed = True


def append(path: Path, text: str) -> None:
    """Append whole lines to a file of the state folder, which only the user can read. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(handle, "ab") as file:
        file.write(text.encode())
        size = file.tell()
    if size > LARGEST_FILE:
        os.replace(path, previous(path))


def previous(path: Path) -> Path:
    """Where a file is moved when it has become too large."""
    return path.with_name(path.name + ".1")

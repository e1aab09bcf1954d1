"""What left the machine, without its text: a line per request, in memory and in the user's state folder."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path

log = logging.getLogger(__name__)

REMEMBERED = 1_000
"""Entries kept in memory."""

LARGEST_FILE = 4_000_000
"""Bytes; then the file becomes `egress.jsonl.1` and a new one is begun."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request, or one that was refused. `at` is Unix time in seconds; `sha256` is of the prompt as sent.

    `endpoint` is scheme, host and port; `chars` the size of all text in the prompt; `files` how many context
    files went along; `replaced` how many secrets did not; `refused` why nothing was sent, else empty.
    """

    at: float
    model: str
    endpoint: str
    sha256: str
    chars: int
    files: int
    replaced: int
    policy: str
    refused: str = ""


class Ledger:
    """The entries of a session. `path` may be set at any time; None writes to no file."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.entries: deque[Entry] = deque(maxlen=REMEMBERED)
        self._waiting: deque[tuple[Path, str]] = deque()
        self._writer: ThreadPoolExecutor | None = None
        self._has_failed = False

    def record(self, entry: Entry) -> None:
        """Keep an entry. Never waits for the disk: a thread of its own writes."""
        self.entries.append(entry)
        if self.path is None:
            return
        self._waiting.append((self.path, json.dumps(asdict(entry), separators=(",", ":")) + "\n"))
        if self._writer is None:
            self._writer = ThreadPoolExecutor(1, "egress-ledger")
        self._writer.submit(self._write)

    def close(self) -> None:
        """Wait until everything is written. Blocks on the disk."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.shutdown()

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
                    log.warning("the ledger of requests cannot be written: %s", error.strerror or error)
                self._has_failed = True


def ledger_file() -> Path:
    """Where the ledger is, or would be."""
    return state_file("egress.jsonl")


def state_file(name: str) -> Path:
    """A file in the user's state folder: in XDG_STATE_HOME first, then in the system's place."""
    home, platform = os.environ.get("XDG_STATE_HOME", ""), str(sys.platform)
    if os.path.isabs(home):
        return Path(home) / "ai-lsp" / name
    if platform.startswith("linux"):
        return Path(os.path.expanduser("~")) / ".local" / "state" / "ai-lsp" / name
    import platformdirs

    return platformdirs.user_state_path("ai-lsp", appauthor=False) / name


def read_ledger(path: Path) -> Iterator[Entry]:
    """Entries of a ledger's file and of the one before it, oldest first; lines that are none are passed over."""
    names = {field.name for field in fields(Entry)}
    for each in (previous(path), path):
        try:
            file = each.open(encoding="utf-8", errors="replace")
        except OSError:
            continue
        with file:
            for line in file:
                try:
                    yield Entry(**{key: value for key, value in json.loads(line).items() if key in names})
                except (ValueError, TypeError, AttributeError, RecursionError):
                    continue


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

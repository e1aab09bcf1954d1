"""What left the machine, without its text: a line per request, in memory and in the user's state folder."""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ai_lsp.context.appending import Appender, previous

REMEMBERED = 1_000
"""Entries kept in memory."""


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
        self._appender = Appender("the ledger of requests")

    def record(self, entry: Entry) -> None:
        """Keep an entry. Never waits for the disk."""
        self.entries.append(entry)
        if self.path is not None:
            self._appender.add(self.path, json.dumps(asdict(entry), separators=(",", ":")) + "\n")

    def close(self) -> None:
        """Wait until everything is written. Blocks on the disk."""
        self._appender.close()


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

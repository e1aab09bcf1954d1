"""The user's own figures: a line per thing that happened to a suggestion, in the state folder, without any text.

It is only ever appended to, whole lines at a time, so that it is right after kill -9 and with several servers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from ai_lsp.context.appending import Appender, previous
from ai_lsp.context.ledger import state_file

Event = Literal["shown", "accepted", "partly", "typed", "left", "dismissed", "kept", "held", "next"]
"""`shown` with how long it took; then at most one of: taken, taken in part, typed out by hand, left, dismissed.
`kept` follows after a taken one: whether it still stood after `after_s`. `held` was not shown, as unlikely.
`next` is the end of a next edit: from which source, how sure that was, and what became of it."""


def journal_file() -> Path:
    """Where the figures are, or would be."""
    return state_file("suggestions.jsonl")


class Journal:
    """Writes a moment later, in a thread, and reads when it is asked to."""

    def __init__(self) -> None:
        self.path = journal_file()
        self._appender = Appender("the figures of suggestions")

    def write(self, entry: Mapping[str, Any]) -> None:
        """Append one entry. Never waits for the disk."""
        self._appender.add(self.path, json.dumps(entry, separators=(",", ":")) + "\n")

    def close(self) -> None:
        """Wait until everything is written. Blocks on the disk."""
        self._appender.close()


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """The entries of the file and of the one before it, oldest first; lines that are none are passed over."""
    for each in (previous(path), path):
        try:
            file = each.open(encoding="utf-8", errors="replace")
        except OSError:
            continue
        with file:
            for line in file:
                try:
                    entry = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(entry, dict) and isinstance(entry.get("event"), str):
                    yield entry


def reset_journal(path: Path) -> int:
    """Delete what was written; returns how many files there were."""
    return sum(_delete(each) for each in (path, previous(path)))


def _delete(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True

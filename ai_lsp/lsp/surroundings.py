"""What prompts know besides the document: gathered off the loop when the cursor has moved, used when ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ai_lsp.completion.prompt import FILES, Built, Memory
from ai_lsp.completion.query import Query
from ai_lsp.context.parts import PromptPart
from ai_lsp.context.sources import open_files
from ai_lsp.context.sources.open_files import OpenFile

NEAR_LINES = 20
"""Lines above and below the cursor whose names say which pages of other files matter."""

PLACE_LINES = 32
"""While the cursor stays within so many lines the same pages stay, so that the prompt's front does."""

Key = tuple[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Gathered:
    """Parts of other files, and what they were gathered for: the cursor's place, and which files were open."""

    key: Key
    parts: tuple[PromptPart, ...]


class Surroundings:
    """Per document: the parts of other files gathered last, and the memory of its prompts."""

    def __init__(self, spawn: Callable[[str, Coroutine[Any, Any, Any]], object]) -> None:
        self._spawn = spawn
        self._gathered: dict[str, Gathered] = {}
        self._running: set[str] = set()
        self._memory: dict[str, Memory] = {}

    def files(self, query: Query, others: Sequence[OpenFile]) -> tuple[PromptPart, ...]:
        """The parts that are ready. Starts gathering where they are for another place or other files; what a
        file that may no longer be read gave is left out at once."""
        uri = query.snapshot.uri
        paths = tuple(other.path for other in others)
        key = (query.line // PLACE_LINES, tuple(sorted(paths[: open_files.MOST_FILES])))
        known = self._gathered.get(uri)
        if (known is None or known.key != key) and uri not in self._running and others:
            self._running.add(uri)
            self._spawn("gather", self._gather(uri, key, _near(query), tuple(others)))
        if known is None:
            return ()
        return tuple(part for part in known.parts if part.label.uri in paths)

    async def _gather(self, uri: str, key: Key, near: str, others: tuple[OpenFile, ...]) -> None:
        try:
            parts = await asyncio.to_thread(open_files.parts, near, others, priority=FILES)
            self._gathered[uri] = Gathered(key, parts)
        finally:
            self._running.discard(uri)

    def memory(self, uri: str) -> Memory:
        """The memory of a document's prompts."""
        return self._memory.setdefault(uri, Memory())

    def remember(self, uri: str, built: Built) -> None:
        """A prompt was made: the next one keeps its cut where it can."""
        self._memory[uri] = replace(self.memory(uri), previous=built.fitted)

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self._gathered.pop(uri, None)
        self._memory.pop(uri, None)


def _near(query: Query) -> str:
    snapshot, line = query.snapshot, query.line
    first = snapshot.line_span(max(0, line - NEAR_LINES)).start
    return snapshot.slice(first, snapshot.line_span(line + NEAR_LINES).end)

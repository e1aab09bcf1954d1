"""The model behind the next edit: its format, what its prompts know, what it says next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ai_lsp.config import LOCAL, OFF
from ai_lsp.edits.next_edit import AskModel
from ai_lsp.edits.next_formats.table import format_for
from ai_lsp.edits.next_model import Surroundings, ask_model
from ai_lsp.edits.next_values import NextDeclined, NextQuery, NextReason, Proposal
from ai_lsp.models.port import ContextFile
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.history import HistoryEdit, Kind

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

TALKS_ONLY = frozenset({"anthropic"})
"""APIs that have conversations and nothing else."""

GATHER_S = 0.1
"""How long a prompt may wait for what other files know."""

FILES = frozenset({"definition", "file", "tests", "related"})
"""Kinds of parts that are text of other files."""


@dataclass(slots=True)
class _Ahead:
    """The edit after the one that is shown, asked for as if that one were taken."""

    snapshot: DocumentSnapshot
    task: asyncio.Task[Sequence[Proposal] | NextDeclined]


class NextModels:
    """What one session knows of the models of its next edit."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ahead: _Ahead | None = None

    def asker(self, history: Sequence[HistoryEdit]) -> AskModel | None:
        """Asks the model that the next edit is routed to; None without one, or while it rests."""
        session = self._session
        name = session.settings.routes.next_edit
        route = session.models.route(name) if name not in (LOCAL, OFF) else None
        settings = session.settings.models.get(name)
        if route is None or settings is None:
            return None
        row = format_for(settings.model, settings.template, knows_fill=settings.api not in TALKS_ONLY)
        readable = [each for each in history if not session.is_ignored(each.uri)]
        repo = Path(session.roots[0]).name if session.roots else ""

        async def ask(query: NextQuery, jump: Proposal | None) -> Sequence[Proposal] | NextDeclined:
            if (found := await self._from_ahead(query)) is not None:
                return found
            place, offset = (
                (query.snapshot, query.offset) if jump is None else (jump.snapshot, jump.edit.span.start)
            )
            files: tuple[ContextFile, ...] = ()
            if row.takes_files and session.documents.get(place.uri) is not None:
                parts = await session.surroundings.gather(place, offset, limit_s=GATHER_S)
                wanted = sorted((p for p in parts if p.kind in FILES), key=lambda p: -p.priority)
                files = tuple(_file(part.text) for part in wanted)
            around = Surroundings(readable, files, session.relative, repo)
            tokens = session.settings.next_edit.max_tokens
            return await ask_model(query, jump, route, row, around, max_tokens=tokens, trust=row.trust)

        return ask

    # The edit after next

    def look_ahead(self, query: NextQuery, shown: Proposal, history: Sequence[HistoryEdit]) -> None:
        """Ask for what would follow if the shown edit were taken, so that it is there by then."""
        session = self._session
        if not session.settings.next_edit.speculate or shown.kind != "edit" or not shown.is_open:
            return
        before = shown.snapshot
        after = before.replace(shown.edit, before.version)
        if self._ahead is not None and _is_same(self._ahead.snapshot, after):
            return
        now = session.clock()
        taken = HistoryEdit(before.uri, before, after, shown.edit, now, now, Kind.PASTED)
        ask = self.asker((*history, taken))
        if ask is None:
            return
        cursor = shown.edit.span.start + len(shown.edit.new_text)
        later = NextQuery(after, cursor, session.relative(after.uri), is_invoked=query.is_invoked)
        self.forget()
        self._ahead = _Ahead(after, session.spawn("the edit after next", ask(later, None)))

    async def _from_ahead(self, query: NextQuery) -> Sequence[Proposal] | NextDeclined | None:
        """What was asked ahead for exactly this text; another request ends it."""
        ahead = self._ahead
        if ahead is None or ahead.task is asyncio.current_task():
            return None
        if not _is_same(ahead.snapshot, query.snapshot):
            self.forget()
            return None
        try:
            found = await asyncio.shield(ahead.task)
        except asyncio.CancelledError:
            if ahead.task.cancelled():
                return NextDeclined(NextReason.CANCELLED)
            raise
        if isinstance(found, NextDeclined):
            return found
        return [replace(each, snapshot=query.snapshot) for each in found if each.uri == query.uri]

    def forget(self) -> None:
        """End what is asked ahead."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.task.cancel()


def _file(text: str) -> ContextFile:
    """A part of another file: its first line is the path."""
    path, _, rest = text.partition("\n")
    return ContextFile(path, rest)


def _is_same(one: DocumentSnapshot, other: DocumentSnapshot) -> bool:
    return one.uri == other.uri and len(one) == len(other) and one.text == other.text

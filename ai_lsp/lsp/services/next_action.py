"""`ai-lsp.nextAction`: the command that an edit makes the next step is shown and copied, never run."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ai_lsp.edits.next_action import Action, Touched, action
from ai_lsp.lsp.actions import QUICK_FIX, command_action
from ai_lsp.lsp.deliver import INFO
from ai_lsp.lsp.services.service import Command, Service
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span
from ai_lsp.text.history import AUTHORED

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

NAME = "ai-lsp.nextAction"

PAUSE_S = 0.5
"""After the last change: a test is finished before it is run."""

NEAR = 3
"""Lines around an edit where the menu offers its command; everywhere it would only be in the way."""

MOST_FILES = 5_000


@dataclass(frozen=True, slots=True)
class Due:
    """A command that is due, and the lines of a document's text after which it is."""

    id: str
    action: Action
    serial: int
    first: int
    last: int


class NextActionService(Service):
    """The commands that are due, one at most for each document; the newest last."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._due: dict[str, Due] = {}
        self._looking: asyncio.Task[Any] | None = None
        self._ids = itertools.count(1)

    def commands(self) -> Mapping[str, Command]:
        return {NAME: self._command}

    def changed(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._looking = self.session.spawn("next action", self._look(after.uri))

    def closed(self, uri: str) -> None:
        self._due.pop(uri, None)

    def code_actions(
        self, document: DocumentSnapshot, span: Span, context: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        due = self._due.get(document.uri)
        if due is None or due.serial != document.serial:
            return ()
        if document.line_at(span.end) < due.first - NEAR or document.line_at(span.start) > due.last + NEAR:
            return ()
        title = f"Copy the command: {due.action.command}"
        return [command_action(title, NAME, [due.id], kind=QUICK_FIX, is_by_model=False)]

    async def _look(self, uri: str) -> None:
        await asyncio.sleep(PAUSE_S)
        session = self.session
        if not session.is_checked(uri):
            await session.checked(uri)
        document, edits = session.documents.get(uri), session.history.of(uri)
        self._due.pop(uri, None)
        if document is None or session.is_ignored(uri) or not edits or not session.settings.next_edit.enabled:
            return
        last = edits[-1]
        if last.kind not in AUTHORED or last.after.serial != document.serial:
            return
        start = document.line_at(last.edit.span.start)
        end = max(start, document.line_at(last.edit.span.start + len(last.added)))
        path = session.relative(uri)
        found = await asyncio.to_thread(_find, document, path, start, end, session.roots)
        if found is not None and session.documents.get(uri) is document:
            self._due[uri] = Due(f"action-{next(self._ids)}", found, document.serial, start, end)

    def _command(self, arguments: list[Any]) -> str:
        """Copies the command of an id, else the newest one that is due, and says what it is. Runs nothing."""
        wanted = str(arguments[0]) if arguments else None
        known = {due.id: (uri, due) for uri, due in self._due.items()}
        found = known.get(wanted) if wanted is not None else next(reversed(list(known.values())), None)
        if found is None:
            said = "no command is due after your last edits"
        else:
            uri, due = found
            del self._due[uri]
            copied = self.session.features.can_copy
            if copied:
                self.session.client.notify("aiLsp/copy", {"text": due.action.command})
            said = f"{due.action.command}  ({due.action.why}; {'copied, ' if copied else ''}not run)"
        self.session.say(f"ai-lsp: {said}", INFO)
        return said


def _find(document: DocumentSnapshot, path: str, first: int, last: int, roots: Sequence[str]) -> Action | None:
    """The command that is due. Reads the disk."""
    lines = [document.line(n) for n in range(document.line_count)]
    return action(Touched(path, lines, first, last, _names(roots)))


def _names(roots: Sequence[str]) -> frozenset[str]:
    """The names in the first workspace folder. Reads the disk."""
    try:
        with os.scandir(roots[0]) as entries:
            return frozenset(entry.name for entry in itertools.islice(entries, MOST_FILES))
    except (OSError, IndexError):
        return frozenset()

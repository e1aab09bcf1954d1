"""What the embedded next-edit engine is told: the workspace, readable documents, the recent edits that stand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ai_lsp.context.workspace_files import IGNORE_FILES
from ai_lsp.edits.local.client import LocalNextEdits, NextEditStatus, Proposal
from ai_lsp.edits.next_values import NextReason
from ai_lsp.lsp.documents import line_edits
from ai_lsp.lsp.from_lsp import path_of
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

SILENT = {"starting": NextReason.ENGINE_STARTING, "failed": NextReason.ENGINE_FAILED}

EXAMPLES = 16
"""Edits that the engine may learn from."""


class EngineFeed:
    """The engine of one session, and which documents it has. What may not be read is not told."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._engine = LocalNextEdits(self._text_of)
        self._told: set[str] = set()
        self._readable: set[str] = set()  # documents that were seen to be readable, open or not
        self._scope: tuple[object, ...] | None = None
        self.silence: NextReason | None = None
        """Why the engine had no say when it was asked last, if so."""

    @property
    def status(self) -> NextEditStatus:
        """Where the engine stands."""
        return self._engine.status

    async def suggest(
        self, uri: str, line: int, col: int, *, max: int, min_confidence: float, timeout_s: float
    ) -> Sequence[Proposal]:
        """What is due after the recent edits; nothing while the engine is off."""
        session = self._session
        if self._scope is not None and uri not in self._told:
            await self._tell(uri)
        self.silence = None
        if self._scope is None or uri not in self._told:
            self.silence = NextReason.ENGINE_STARTING
            return ()
        standing = session.history.standing(EXAMPLES)
        self._engine.edited([each for each in standing if each.uri in self._readable], session.clock())
        began = session.clock()
        found = await self._engine.suggest(
            uri, line, col, max=max, min_confidence=min_confidence, timeout_s=timeout_s
        )
        if not found:
            is_late = session.clock() - began >= 0.95 * timeout_s
            self.silence = SILENT.get(self.status.state) or (NextReason.ENGINE_LATE if is_late else None)
        return found

    def settings_changed(self) -> None:
        """Start the engine, give it other folders, or end it."""
        session = self._session
        settings, index = session.settings, session.settings.index
        if not (settings.next_edit.enabled and settings.routes.next_edit):
            if self._scope is not None:
                self._scope = None
                self._told.clear()
                session.spawn("end the next-edit engine", self._engine.aclose())
            return
        roots = session.roots if index.enabled else ()
        scope = (roots, settings.privacy.ignore, index.max_files)
        if scope != self._scope:
            self._scope = scope
            start = self._engine.start(roots, patterns=scope[1], most_files=scope[2], keep=index.cache)
            session.spawn("start the next-edit engine", start)
        self._look_again()

    def opened(self, document: DocumentSnapshot) -> None:
        """A document was opened, perhaps anew."""
        self._told.discard(document.uri)
        self._session.spawn("tell the next-edit engine", self._tell(document.uri))

    def changed(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> None:
        """A document changed; one whose rules are being read again is told anew."""
        if after.uri not in self._told:
            return
        if self._session.is_ignored(after.uri):
            self._told.discard(after.uri)
            self._session.spawn("tell the next-edit engine", self._tell(after.uri))
        else:
            self._engine.changed(after.uri, line_edits(before, edits))

    def closed(self, uri: str) -> None:
        """A document was closed."""
        self._told.discard(uri)
        if self._scope is not None:
            self._engine.closed(uri)

    def files_changed(self, paths: Sequence[tuple[str, int]]) -> None:
        """Files changed on disk; an ignore file among them changes what may be read."""
        if self._scope is not None:
            self._engine.files_changed(paths)
        if any(Path(path).name in IGNORE_FILES for path, _ in paths):
            self._look_again()

    async def aclose(self) -> None:
        await self._engine.aclose()

    def _look_again(self) -> None:
        for document in self._session.documents.all():
            self._session.spawn("tell the next-edit engine", self._tell(document.uri))

    async def _tell(self, uri: str) -> None:
        """Tell the engine of a document once it is known that it may be read; take it back where it may not."""
        session = self._session
        await session.checked(uri)
        document = session.documents.get(uri)
        if document is None or self._scope is None:
            return
        if session.is_ignored(uri):
            self._readable.discard(uri)
        else:
            self._readable.add(uri)
        if not session.may_learn(document):
            self._told.discard(uri)
            self._engine.closed(uri)
        elif uri not in self._told:
            self._told.add(uri)
            self._engine.opened(uri, path_of(uri), document.language_id, document.text)

    def _text_of(self, uri: str) -> str | None:
        document = self._session.documents.get(uri)
        return None if document is None or self._session.is_ignored(uri) else document.text

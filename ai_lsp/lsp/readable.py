"""Which open documents may be read for suggestions, and the embedded predictor told of those that may."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ai_lsp.context.workspace_files import is_secret, may_suggest_in
from ai_lsp.lsp.documents import line_edits
from ai_lsp.lsp.from_lsp import path_of
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import LineEdit

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session


class Readable:
    """The answer of the ignore files for each document; until it is there, a document is not read."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._readable: dict[str, bool] = {}
        self._synced: dict[str, DocumentSnapshot] = {}  # what the predictor has of each document
        self._checks: dict[str, asyncio.Task[None]] = {}

    def is_ignored(self, uri: str) -> bool:
        """Whether a document must not be read, or is not yet known to be readable."""
        return not self._readable.get(uri, False)

    def is_checked(self, uri: str) -> bool:
        """Whether `checked` would return at once."""
        return uri in self._readable or uri not in self._checks

    async def checked(self, uri: str) -> None:
        """Wait until it is known whether a document may be read; it is for all but the first moment."""
        if uri not in self._readable and (task := self._checks.get(uri)) is not None:
            await asyncio.wait({task})

    def opened(self, uri: str) -> None:
        """A document was opened, perhaps anew."""
        self._readable.pop(uri, None)
        self._synced.pop(uri, None)
        self._check(uri)

    def changed(self, uri: str, moved: Sequence[LineEdit], now: DocumentSnapshot | None) -> None:
        """Edits that led to the document as it is now."""
        predictor = self._session.predictor
        if predictor is not None and moved and uri in self._synced and not self.is_ignored(uri):
            predictor.changed(uri, moved)
            if now is not None:
                self._synced[uri] = now

    def closed(self, uri: str) -> None:
        """A document was closed."""
        self._readable.pop(uri, None)
        self._synced.pop(uri, None)
        self._checks.pop(uri, None)

    def check_all(self) -> None:
        """Rules may have changed: until the answer is here, no document may be read."""
        self._readable.clear()
        for document in self._session.documents.all():
            self._check(document.uri)

    def predictor_ended(self) -> None:
        """There is no predictor any more; a new one knows nothing."""
        self._synced.clear()

    def _check(self, uri: str) -> None:
        document = self._session.documents.get(uri)
        self._checks[uri] = self._session.spawn("readable", self._check_one(uri, document))

    async def _check_one(self, uri: str, asked: DocumentSnapshot | None) -> None:
        """Ask the ignore files, off the loop, whether a document may be read; only then is it learned from."""
        session, path = self._session, path_of(uri)
        patterns = session.settings.privacy.ignore
        if path is None:
            may = not is_secret(uri.rsplit("/", 1)[-1])
        else:
            may = await asyncio.to_thread(may_suggest_in, path, session.roots, patterns)
        document = session.documents.get(uri)
        if document is None:
            return
        self._readable[uri] = may
        if not may:
            session.history.forget(uri)
        if session.predictor is None:
            return
        if not session.may_learn(document):
            self._synced.pop(uri, None)
            session.predictor.closed(uri)
            return
        # What was typed and removed since then is told as edits: removed text teaches.
        known = self._synced.get(uri)
        start = known or asked or document
        edits = session.documents.edits_since(start)
        if known is None or edits is None:
            start = start if edits is not None else document
            session.predictor.opened(uri, path, start.language_id, start.text)
        if edits:
            session.predictor.changed(uri, line_edits(start, edits))
        self._synced[uri] = document

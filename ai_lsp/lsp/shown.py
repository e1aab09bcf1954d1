"""The suggestions that were shown: which one the user is typing into, and which ones can still be accepted."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from ai_lsp.completion.query import Suggestion

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

REMEMBERED = 256
"""Suggestions whose acceptance can still be told."""


class Shown:
    """Suggestions by document and by id."""

    def __init__(self) -> None:
        self.accepted = 0
        self._last: dict[str, Suggestion] = {}
        self._by_id: OrderedDict[str, Suggestion] = OrderedDict()

    def last(self, uri: str) -> Suggestion | None:
        """What was shown last in a document, unless it was taken or dismissed."""
        return self._last.get(uri)

    def add(self, suggestion: Suggestion) -> None:
        """A suggestion goes out."""
        self._last[suggestion.snapshot.uri] = suggestion
        self._by_id[suggestion.id] = suggestion
        while len(self._by_id) > REMEMBERED:
            self._by_id.popitem(last=False)

    def get(self, id: str) -> Suggestion | None:
        """A suggestion that can still be accepted."""
        return self._by_id.get(id)

    def accept(self, id: str) -> bool:
        """The user took a suggestion; False where it is not known any more."""
        is_known = self._drop(id)
        self.accepted += is_known
        return is_known

    def reject(self, id: str) -> bool:
        """The user dismissed a suggestion: it is not offered again by typing through it."""
        return self._drop(id)

    def forget(self, uri: str) -> None:
        """A document was closed or opened anew."""
        self._last.pop(uri, None)

    def _drop(self, id: str) -> bool:
        suggestion = self._by_id.pop(id, None)
        if suggestion is None:
            return False
        self._last.pop(suggestion.snapshot.uri, None)
        return True


def accept(session: Session, id: str) -> None:
    """The user took a suggestion, of completion or of another feature."""
    if not any(service.accepted(id) for service in session.services):
        session.shown.accept(id)
        session.reuse.accepted(session.clock())


def reject(session: Session, id: str) -> None:
    """The user dismissed a suggestion, of completion or of another feature."""
    if not any(service.rejected(id) for service in session.services):
        if (suggestion := session.shown.get(id)) is not None:
            session.reuse.rejected(suggestion.snapshot, suggestion.offset)
        session.shown.reject(id)

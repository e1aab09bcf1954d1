"""The suggestions that were shown: which one the user is typing into, and which ones can still be accepted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from ai_lsp.completion.query import Suggestion
from ai_lsp.text.document import utf16_to_index

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

Told = Callable[[Suggestion], None]

REMEMBERED = 256
"""Suggestions whose acceptance can still be told."""


class Shown:
    """Suggestions by document and by id."""

    def __init__(self) -> None:
        self.accepted = 0
        self._last: dict[str, Suggestion] = {}
        self._by_id: OrderedDict[str, Suggestion] = OrderedDict()
        self._shown: list[Callable[[Suggestion, float], None]] = []
        self._partly: list[Callable[[Suggestion, int], None]] = []
        self._accepted: list[Told] = []
        self._rejected: list[Told] = []

    def on_shown(self, told: Callable[[Suggestion, float], None]) -> None:
        """Have `told` called with each suggestion that goes out, and the milliseconds it took."""
        self._shown.append(told)

    def on_partly(self, told: Callable[[Suggestion, int], None]) -> None:
        """The same for those taken in part, with the characters taken so far."""
        self._partly.append(told)

    def on_accepted(self, told: Told) -> None:
        """Have `told` called with each suggestion that the user takes, as far as the editor says so."""
        self._accepted.append(told)

    def on_rejected(self, told: Told) -> None:
        """The same for those that the user dismisses."""
        self._rejected.append(told)

    def last(self, uri: str) -> Suggestion | None:
        """What was shown last in a document, unless it was taken or dismissed."""
        return self._last.get(uri)

    def add(self, suggestion: Suggestion, took_ms: float = 0.0) -> None:
        """A suggestion goes out."""
        for told in self._shown:
            told(suggestion, took_ms)
        self._last[suggestion.snapshot.uri] = suggestion
        self.offer(suggestion)

    def offer(self, suggestion: Suggestion) -> None:
        """A suggestion goes out beside another: it can be accepted, and is not on the screen yet."""
        self._by_id[suggestion.id] = suggestion
        while len(self._by_id) > REMEMBERED:
            self._by_id.popitem(last=False)

    def get(self, id: str) -> Suggestion | None:
        """A suggestion that can still be accepted."""
        return self._by_id.get(id)

    def accept(self, id: str) -> bool:
        """The user took a suggestion; False where it is not known any more."""
        taken = self._drop(id)
        if taken is None:
            return False
        self.accepted += 1
        for told in self._accepted:
            told(taken)
        return True

    def partial(self, id: str, length: int) -> bool:
        """The user took the first `length` UTF-16 units of a suggestion's text, and may take more."""
        suggestion = self._by_id.get(id)
        if suggestion is None:
            return False
        for told in self._partly:
            told(suggestion, utf16_to_index(suggestion.text, length))
        return True

    def reject(self, id: str) -> bool:
        """The user dismissed a suggestion: it is not offered again by typing through it."""
        dismissed = self._drop(id)
        if dismissed is None:
            return False
        for told in self._rejected:
            told(dismissed)
        return True

    def forget(self, uri: str) -> None:
        """A document was closed or opened anew."""
        self._last.pop(uri, None)

    def _drop(self, id: str) -> Suggestion | None:
        suggestion = self._by_id.pop(id, None)
        if suggestion is not None:
            self._last.pop(suggestion.snapshot.uri, None)
        return suggestion


def accept(session: Session, id: str) -> None:
    """The user took a suggestion, of completion or of another feature."""
    is_others = any(service.accepted(id) for service in session.services)
    if session.shown.get(id) is not None or not is_others:  # a next edit may have gone out as ghost text
        session.shown.accept(id)
        session.reuse.accepted(session.clock())


def reject(session: Session, id: str) -> None:
    """The user dismissed a suggestion, of completion or of another feature."""
    is_others = any(service.rejected(id) for service in session.services)
    if session.shown.get(id) is not None or not is_others:
        if (suggestion := session.shown.get(id)) is not None:
            session.reuse.rejected(suggestion.snapshot, suggestion.offset)
        session.shown.reject(id)

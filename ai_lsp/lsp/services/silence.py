"""When to be quiet: snoozing, dismissals that fade, and what the last changes say about being wanted."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from ai_lsp.completion.clean import Removal
from ai_lsp.completion.gate import Moment, Scope
from ai_lsp.completion.query import Query, Suggestion
from ai_lsp.lsp.services.service import Command, Service
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, map_offset
from ai_lsp.text.history import Kind

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

SNOOZE_MINUTES = 30.0
"""How long `ai-lsp.snooze` is quiet when it is not told."""

HALF_LIFE_S = 10.0
"""Seconds in which a dismissal counts half: one is forgotten after 5 s, three in a row after 20 s."""

TYPED_AWAY = 0.3
"""Weight of a dismissal that editors report when the user only typed on."""

REMOVED_S = 30.0
"""Seconds for which removed text is not offered again in its place."""

_MOST_REJECTIONS = 64
_MOST_REMOVALS = 16
_MOST_REMOVED_CHARS = 4_000
_SAME_EDIT_CHARS = 40  # what several cursors type at once is no longer


@dataclass(frozen=True, slots=True)
class Rejection:
    """A suggestion that was dismissed. `offset` follows the document's changes."""

    offset: int
    at: float
    weight: float


@dataclass(frozen=True, slots=True)
class Removed:
    """Text that was taken away at a time. `offset` follows the document's changes."""

    offset: int
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class LastChange:
    """The shape of a document's last change. `deletions` counts single characters deleted in a row."""

    is_typing: bool = False
    has_several_cursors: bool = False
    deletions: int = 0
    has_typed_before: bool = False


class SilenceService(Service):
    """Knows what happened lately in each document."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._snoozed_until = 0.0
        self._rejections: dict[str, list[Rejection]] = {}
        self._removals: dict[str, list[Removed]] = {}
        self._changes: dict[str, LastChange] = {}
        session.moment = self.moment
        session.shown.on_rejected(self._on_rejected)

    def commands(self) -> Mapping[str, Command]:
        return {"ai-lsp.snooze": self.snooze}

    def snooze(self, arguments: list[Any]) -> str:
        """Be quiet for `arguments[0]` minutes; 0 ends it. What is asked for by hand is answered all the same."""
        asked = arguments[0] if arguments else SNOOZE_MINUTES
        is_number = isinstance(asked, int | float) and not isinstance(asked, bool)
        minutes = min(max(0.0, float(asked)), 24 * 60) if is_number else SNOOZE_MINUTES
        self._snoozed_until = self.session.clock() + minutes * 60
        said = f"ai-lsp is quiet for {minutes:g} min" if minutes else "ai-lsp makes suggestions again"
        self.session.say(said, type=3)
        self.session.touched()
        return said

    # What happens

    def opened(self, document: DocumentSnapshot) -> None:
        self.closed(document.uri)
        if self._needs_scope():
            self.session.spawn("scopes", asyncio.to_thread(_warm, document))

    def closed(self, uri: str) -> None:
        self._changes.pop(uri, None)
        self._rejections.pop(uri, None)
        self._removals.pop(uri, None)

    def settings_changed(self) -> None:
        if self._needs_scope():
            for document in self.session.documents.all():
                self.session.spawn("scopes", asyncio.to_thread(_warm, document))

    def _needs_scope(self) -> bool:
        completion = self.session.settings.completion
        return not (completion.in_comments and completion.in_strings)

    def changed(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> None:
        uri = before.uri
        self._changes[uri] = _shape(edits, self._changes.get(uri, LastChange()))
        if rejections := self._rejections.get(uri):
            for edit in edits:
                rejections = [replace(r, offset=map_offset(r.offset, edit)) for r in rejections]
            self._rejections[uri] = rejections
        now = self.session.clock()
        recent = [r for r in self._removals.get(uri, []) if now - r.at <= REMOVED_S][-_MOST_REMOVALS:]
        self._removals[uri] = _with_removal(recent, before, edits, now)

    def _on_rejected(self, suggestion: Suggestion) -> None:
        """By Esc the text stays as it is; an editor that reports what was typed away has changed it."""
        uri = suggestion.snapshot.uri
        later = self.session.edits_since(suggestion.snapshot)
        if later is None or self.session.documents.get(uri) is None:
            return
        offset = suggestion.offset
        for edit in later:
            offset = map_offset(offset, edit)
        weight = TYPED_AWAY if later else 1.0
        known = self._rejections.get(uri, [])[-_MOST_REJECTIONS:]
        self._rejections[uri] = [*known, Rejection(offset, self.session.clock(), weight)]

    # What it means at a cursor

    def moment(self, query: Query) -> Moment:
        """What happened lately, seen from a query."""
        session, uri, now = self.session, query.snapshot.uri, self.session.clock()
        last, completion = self._changes.get(uri, LastChange()), session.settings.completion
        return Moment(
            snoozed_s=max(0.0, self._snoozed_until - now),
            is_path_disabled=bool(completion.disabled_paths and query.path)
            and _matcher(completion.disabled_paths)(query.path),
            # A backspace right after a key gives the text before it too, and is no undo.
            is_undone=not last.deletions and session.history.last_kind(uri) in (Kind.UNDO, Kind.REDO),
            is_correction=last.has_typed_before and 0 < last.deletions < 3,
            has_several_cursors=last.has_several_cursors,
            ask_scope=partial(asyncio.to_thread, _scope, query) if self._needs_scope() else None,
            rejected=self._rejected(query, now),
            removed=() if last.is_typing else self._removed(uri, now),
        )

    def _rejected(self, query: Query, now: float) -> float:
        rejections = self._rejections.get(query.snapshot.uri)
        if not rejections:
            return 0.0
        line, weigh = query.line, query.snapshot.line_at
        here = [r for r in rejections if weigh(r.offset) == line]
        return math.fsum(r.weight * math.pow(0.5, (now - r.at) / HALF_LIFE_S) for r in here)

    def _removed(self, uri: str, now: float) -> list[Removal]:
        return [Removal(r.offset, r.text) for r in self._removals.get(uri, []) if now - r.at <= REMOVED_S]


def _with_removal(
    known: Sequence[Removed], before: DocumentSnapshot, edits: Sequence[Edit], now: float
) -> list[Removed]:
    """With what a change took away; several deletions in a row are one. The first change since a file was opened
    does not count: it may be made by whoever opened it."""
    span = edits[0].span
    if len(edits) > 1 or before.serial == 0 or not 0 < len(span) <= _MOST_REMOVED_CHARS:
        return _moved(known, edits)
    text = before.slice(span.start, span.end)
    last = known[-1] if known and not edits[0].new_text else None
    if last is not None and last.offset in (span.start, span.end):
        text, known = (text + last.text if last.offset == span.end else last.text + text), known[:-1]
    return [*_moved(known, edits), Removed(span.start, text, now)]


def _moved(known: Sequence[Removed], edits: Sequence[Edit]) -> list[Removed]:
    return [replace(each, offset=_stays(each.offset, edits)) for each in known]


def _stays(offset: int, edits: Sequence[Edit]) -> int:
    """Where an offset stands after edits; what is typed at it comes behind it."""
    for edit in edits:
        offset = offset if edit.span.start >= offset else map_offset(offset, edit)
    return offset


def _shape(edits: Sequence[Edit], before: LastChange) -> LastChange:
    if len(edits) > 1:
        texts = {(edit.new_text, len(edit.span)) for edit in edits}
        places = {edit.span.start for edit in edits}
        text, removed = next(iter(texts))
        is_same = len(texts) == 1 and len(places) == len(edits) and removed <= 1 and len(text) <= _SAME_EDIT_CHARS
        return LastChange(has_several_cursors=is_same)
    edit = edits[0]
    if not edit.new_text and len(edit.span) == 1:
        return LastChange(
            deletions=before.deletions + 1, has_typed_before=before.is_typing or before.has_typed_before
        )
    return LastChange(is_typing=bool(edit.new_text.strip()) and len(edit.span) == 0)


def _warm(document: DocumentSnapshot) -> None:
    from ai_lsp.context.scopes import warm  # loads tree-sitter

    warm(document.language_id, document.uri)


def _scope(query: Query) -> Scope:
    from ai_lsp.context.scopes import scope_at  # needed only where a setting says so

    return scope_at(query.snapshot, query.offset)


@lru_cache(maxsize=4)
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns).match_file

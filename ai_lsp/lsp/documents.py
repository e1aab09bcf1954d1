"""The open documents: the client's changes in, snapshots and the edits between them out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ai_lsp.completion.query import Query
from ai_lsp.lsp.from_lsp import InvalidParams, offset_range
from ai_lsp.text.diff import single_edit
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, LineEdit, Span, map_offset

HISTORY = 512
"""Edits kept per document, to bring answers for older text up to date."""

MAX_DIFF_CHARS = 4_000_000
"""A whole-text change of a longer document is one edit over all of it."""


class Documents:
    """All open documents by uri. Unknown documents are absent, never invented."""

    def __init__(self) -> None:
        self._now: dict[str, DocumentSnapshot] = {}
        self._edits: dict[str, deque[tuple[int, Edit]]] = {}
        self._cursors: dict[str, int] = {}  # where somebody types, as far as is known

    def __len__(self) -> int:
        return len(self._now)

    def get(self, uri: str) -> DocumentSnapshot | None:
        """The document as it is now, or None when the client has not opened it."""
        return self._now.get(uri)

    def all(self) -> list[DocumentSnapshot]:
        """Every open document as it is now."""
        return list(self._now.values())

    def open(self, uri: str, version: int, language_id: str, text: str) -> DocumentSnapshot:
        """A document opened; one opened twice is replaced."""
        snapshot = self._now[uri] = DocumentSnapshot(uri, version, language_id, text)
        self._edits[uri] = deque(maxlen=HISTORY)
        self._cursors.pop(uri, None)
        return snapshot

    def close(self, uri: str) -> None:
        """A document closed; one that was not open is no error."""
        self._now.pop(uri, None)
        self._edits.pop(uri, None)
        self._cursors.pop(uri, None)

    def looked_at(self, query: Query) -> None:
        """The cursor is there."""
        self._cursors[query.snapshot.uri] = query.offset

    def change(self, uri: str, version: int, change: Mapping[str, Any]) -> tuple[DocumentSnapshot, Edit]:
        """Apply one content change; returns the snapshot it was made on and the edit in offsets.

        Raises InvalidParams where the change has no text or a range that is none, and KeyError for a
        document that is not open.
        """
        before = self._now[uri]
        text = change.get("text")
        if not isinstance(text, str):
            raise InvalidParams("a content change needs `text`, a string")
        if change.get("range") is not None:
            edit = Edit(offset_range(before, change["range"]), text)
        elif len(before) + len(text) > MAX_DIFF_CHARS:
            edit = Edit(Span(0, len(before)), text)
        else:
            edit = single_edit(before.text, text, self._cursors.get(uri))
        after = self._now[uri] = before.replace(edit, version)
        self._cursors[uri] = edit.span.start + len(edit.new_text)
        self._edits[uri].append((after.serial, edit))
        return before, edit

    def edits_since(self, snapshot: DocumentSnapshot) -> Sequence[Edit] | None:
        """The edits made after a snapshot, oldest first; None when it is too old or not of this document."""
        now = self._now.get(snapshot.uri)
        if now is None:
            return None
        missing = now.serial - snapshot.serial
        if missing == 0:
            return () if now is snapshot or len(now) == len(snapshot) else None
        edits = self._edits[snapshot.uri]
        if missing < 0 or missing > len(edits):
            return None
        return [edit for serial, edit in edits if serial > snapshot.serial]

    def followed(self, query: Query) -> Query | None:
        """A query at its cursor in the document as it is now, moved by what was typed; None where nothing was."""
        now, later = self._now.get(query.snapshot.uri), self.edits_since(query.snapshot)
        if now is None or not later:
            return None
        offset = query.offset
        for edit in later:
            offset = map_offset(offset, edit)
        return replace(query, snapshot=now, offset=offset, menu=None)


def line_edit(before: DocumentSnapshot, edit: Edit) -> LineEdit:
    """An edit of a snapshot as the predictor counts: lines and columns of characters."""
    start, end = before.line_and_column_at(edit.span.start), before.line_and_column_at(edit.span.end)
    return LineEdit(*start, *end, edit.new_text)


def line_edits(start: DocumentSnapshot, edits: Iterable[Edit]) -> list[LineEdit]:
    """Edits that follow one another from a snapshot on."""
    out = []
    for edit in edits:
        out.append(line_edit(start, edit))
        start = start.replace(edit, start.version)
    return out

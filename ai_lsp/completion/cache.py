"""The suggestion that the user is typing into: the rest of it needs no one's help."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ai_lsp.completion.query import Query, Suggestion
from ai_lsp.text.edit import Edit, rebase_insertion


def typed_through(query: Query, shown: Suggestion | None, later: Iterable[Edit] | None) -> Suggestion | None:
    """What is left of `shown` at the query's cursor.

    `later` are the edits between the suggestion's snapshot and the query's; None where they are not known.
    None when the user typed something else, went elsewhere, or has typed it to the end.
    """
    if shown is None or later is None:
        return None
    moved = rebase_insertion(shown.offset, shown.text, later)
    if moved is None or moved[0] != query.offset or not moved[1].strip():
        return None
    covered = shown.snapshot.slice(shown.offset, shown.offset + shown.covers)
    if query.snapshot.slice(query.offset, query.offset + shown.covers) != covered:
        return None
    return replace(shown, snapshot=query.snapshot, offset=query.offset, text=moved[1])

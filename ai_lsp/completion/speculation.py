"""What to ask ahead: the state after a suggestion is taken, so that the next one is there when it is. Pure."""

from __future__ import annotations

from dataclasses import replace

from ai_lsp.completion.query import Query, Suggestion
from ai_lsp.text.edit import Edit, Span

NEAR_CHARS = 16
"""With no more left of a suggestion, the next is asked for while the rest is typed."""

READING_S = 0.4
"""Somebody who has not typed for so long reads, and may take what is shown."""


def after(query: Query, suggestion: Suggestion) -> Query:
    """The query that follows when `suggestion`, which was made for `query`'s snapshot, is accepted."""
    start = suggestion.offset
    edit = Edit(Span(start, start + suggestion.covers), suggestion.text)
    snapshot = suggestion.snapshot.replace(edit, suggestion.snapshot.version)
    return replace(query, snapshot=snapshot, offset=start + len(suggestion.text), is_invoked=False, menu=None)


def wait_s(suggestion: Suggestion, *, is_paid: bool) -> float | None:
    """Seconds after which it is worth asking ahead if nothing is typed; None: not at all.

    A server that may cost money is asked ahead only where the end is near.
    """
    if len(suggestion.text) <= NEAR_CHARS:
        return 0.0
    return None if is_paid else READING_S

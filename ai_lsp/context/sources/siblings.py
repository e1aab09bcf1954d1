"""The definitions beside the one being written, where they are too far away to be seen with the cursor's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai_lsp.context.parts import Alternative, Label, PromptPart
from ai_lsp.context.place import Place

if TYPE_CHECKING:
    from ai_lsp.context.syntax_facts import SyntaxFacts
    from ai_lsp.context.syntax_outline import Definition

FAR_LINES = 320
"""Nearer siblings stand in the pages around the cursor anyway."""

MOST_LINES = 60


def parts(place: Place, facts: SyntaxFacts, *, priority: int) -> tuple[PromptPart, ...]:
    """The previous and the following sibling as far as they are far away; the previous one matters more."""
    out = []
    for rank, one in enumerate((facts.previous, facts.following)):
        if one is None or one.body_start < 0:
            continue
        snapshot = place.snapshot
        first, last = snapshot.line_at(one.start), snapshot.line_at(max(one.start, one.end - 1))
        if min(abs(first - place.line), abs(last - place.line)) < FAR_LINES or last - first > MOST_LINES:
            continue
        out.append(_part(place, one, first, last, priority - rank))
    return tuple(out)


def _part(place: Place, one: Definition, first: int, last: int, priority: int) -> PromptPart:
    snapshot = place.snapshot
    start = snapshot.line_span(first).start
    return PromptPart(
        kind="sibling",
        text=snapshot.slice(start, snapshot.line_span(last).end) + "\n",
        label=Label(place.path, first, last, "document"),
        key=f"sibling:{one.kind}:{one.name}",
        priority=priority,
        stability="slow",
        alternatives=(Alternative(snapshot.slice(start, one.signature_end) + "\n"),),
    )

"""Files that belong to this one: its tests, and what history says is changed together with it."""

from __future__ import annotations

from collections.abc import Sequence

from ai_lsp.context.parts import Alternative, Label, PromptPart
from ai_lsp.context.place import RelatedFile

MOST = 3


def parts(related: Sequence[RelatedFile], *, priority: int) -> tuple[PromptPart, ...]:
    """A part per file, ordered by path: what matters of it where that is known, else its outline."""
    best = sorted(related, key=lambda one: (one.why != "tests", -one.score, one.path))[:MOST]
    made = [_part(one, priority - rank) for rank, one in enumerate(best) if one.text or one.outline]
    return tuple(sorted(made, key=lambda part: part.label.uri))


def _part(one: RelatedFile, priority: int) -> PromptPart:
    shorter = (Alternative(one.outline, priority),) if one.text and one.outline else ()
    return PromptPart(
        kind="tests" if one.why == "tests" else "related",
        text=one.text or one.outline,
        label=Label(one.path, one.first_line, one.last_line, one.why),
        key=f"related:{one.path}",
        priority=priority,
        stability="slow",
        alternatives=shorter,
    )

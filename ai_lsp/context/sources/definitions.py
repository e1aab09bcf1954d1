"""Definitions of what is used near the place, wherever they stand: in full, else the signature."""

from __future__ import annotations

from collections.abc import Sequence

from ai_lsp.context.parts import Alternative, Label, PromptPart
from ai_lsp.context.place import FoundDefinition

MOST = 8
SIGNATURE_FIRST = 100
"""By how much signatures are wanted more than bodies: many signatures say more than one body."""


def parts(found: Sequence[FoundDefinition], *, priority: int) -> tuple[PromptPart, ...]:
    """The best definitions by path and line; the best has `priority`, the next ones less."""
    best = sorted(found, key=lambda one: (-one.score, one.path, one.first_line))[:MOST]
    made = [_part(one, priority - rank) for rank, one in enumerate(best)]
    return tuple(sorted(made, key=lambda part: (part.label.uri, part.label.first_line)))


def _part(one: FoundDefinition, priority: int) -> PromptPart:
    shorter: tuple[Alternative, ...] = ()
    if one.signature and len(one.signature) < len(one.text) * 3 // 4:
        shorter = (Alternative(one.signature, priority + SIGNATURE_FIRST),)
        if len(one.signature) > 400:
            shorter += (Alternative(f"{one.kind} {one.name}\n", priority + SIGNATURE_FIRST),)
    return PromptPart(
        kind="definition",
        text=one.text,
        label=Label(one.path, one.first_line, one.last_line, "definitions"),
        key=f"definition:{one.path}:{one.kind}:{one.name}:{one.first_line}",
        priority=priority,
        stability="slow",
        alternatives=shorter,
    )

"""What the user changed a moment ago, as small diffs with their age: there intent shows first."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from ai_lsp.context.parts import Label, PromptPart
from ai_lsp.context.place import Place, RecentEdit

MOST_EDITS, MOST_LINES, WIDEST = 6, 12, 200
VISIBLE_LINES = 24
"""Edits so near to the cursor are seen as the text they made, unless they took something away."""

OLDEST_S = 1_800.0
_AGES = ((60.0, "just now"), (600.0, "minutes ago"), (OLDEST_S, "earlier"))


def parts(place: Place, edits: Sequence[RecentEdit], *, priority: int) -> tuple[PromptPart, ...]:
    """The last edits, oldest first as `edits` are; the newest has `priority`, the older ones less."""
    wanted = [edit for edit in edits if edit.age_s <= OLDEST_S and not _is_seen(place, edit) and edit.path]
    return tuple(
        PromptPart(
            kind="edit",
            text=_diff(edit),
            label=Label(edit.path, edit.line, edit.line + max(0, len(edit.removed) - 1), "edits"),
            key=f"edit:{edit.path}:{edit.line}:{_tag(edit)}",
            priority=priority - rank,
        )
        for rank, edit in reversed(list(enumerate(wanted[::-1][:MOST_EDITS])))
    )


def age(seconds: float) -> str:
    """How long ago, in words that do not change with every second."""
    return next((word for limit, word in _AGES if seconds < limit), "earlier")


def _is_seen(place: Place, edit: RecentEdit) -> bool:
    """Whether the prompt shows all of an edit anyway: the one being made, or text added close to it."""
    if edit.path != place.path:
        return False
    distance = max(edit.line - place.line, place.line - edit.line - len(edit.added), 0)
    return distance <= 1 or (distance <= VISIBLE_LINES and not any(line.strip() for line in edit.removed))


def _tag(edit: RecentEdit) -> int:
    return crc32("\n".join((*edit.removed, "→", *edit.added)).encode("utf-8", "surrogatepass"))


def _diff(edit: RecentEdit) -> str:
    lines = [f"@@ line {edit.line + 1}, {age(edit.age_s)} @@"]
    lines += [f"-{line[:WIDEST]}" for line in _some(edit.removed)]
    lines += [f"+{line[:WIDEST]}" for line in _some(edit.added)]
    return "\n".join(lines) + "\n"


def _some(lines: Sequence[str]) -> list[str]:
    """Of many lines the first and the last ones."""
    if len(lines) <= MOST_LINES:
        return list(lines)
    half = MOST_LINES // 2
    return [*lines[:half], "…", *lines[-half:]]

"""The step against bringing back what the user took away a moment ago."""

from __future__ import annotations

from ai_lsp.completion.clean.place import Place, squeezed

LEAST = 2
"""Characters, white space aside, that must be the same to call it bringing back."""


def keep_removed_away(text: str, at: Place) -> str:
    """Text that restores what was removed at the very cursor, or begins to, is no help until the user types it
    again. A beginning is enough: the embedded predictor cuts where it is not sure."""
    offset = at.query.offset
    for removal in at.limits.removed:
        if removal.offset > offset or at.query.snapshot.slice(removal.offset, offset).strip():
            continue
        gone, new = squeezed(removal.text), squeezed(text)
        first = squeezed(next((line for line in removal.text.split("\n") if line.strip()), ""))
        if len(first) >= LEAST and (new.startswith(gone) or (len(new) >= LEAST and gone.startswith(new))):
            return ""
    return text

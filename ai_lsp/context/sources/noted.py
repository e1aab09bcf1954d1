"""What other programs say is wrong near the place: diagnostics, errors first."""

from __future__ import annotations

from collections.abc import Sequence

from ai_lsp.context.parts import Label, PromptPart
from ai_lsp.context.place import Noted, Place

MOST, LONGEST = 8, 240
NEAR_LINES = 200
_WORDS = {1: "error", 2: "warning", 3: "information", 4: "hint"}


def parts(place: Place, noted: Sequence[Noted], *, priority: int) -> tuple[PromptPart, ...]:
    """One part per file: the diagnostics nearest to the place, and errors of other files; by line."""
    chosen = sorted(noted, key=lambda one: _rank(place, one))[:MOST]
    chosen = [one for one in chosen if one.path != place.path or abs(one.line - place.line) <= NEAR_LINES]
    out = []
    for path in sorted({one.path for one in chosen}, key=lambda path: (path == place.path, path)):
        here = sorted((one for one in chosen if one.path == path), key=lambda one: (one.line, one.message))
        text = "".join(map(_line, here))
        label = Label(path, here[0].line, here[-1].line, "diagnostics")
        out.append(PromptPart("diagnostic", text, label, f"diagnostic:{path}", priority - (path != place.path)))
    return tuple(out)


def _rank(place: Place, one: Noted) -> tuple[int, int, str, int]:
    is_other = one.path != place.path
    return (one.severity if not is_other else one.severity + 2, abs(one.line - place.line), one.path, one.line)


def _line(one: Noted) -> str:
    said = " ".join(one.message.split())[:LONGEST]
    source = f" [{one.source}]" if one.source else ""
    return f"line {one.line + 1}: {_WORDS.get(one.severity, 'hint')}: {said}{source}\n"

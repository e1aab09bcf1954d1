"""The steps of gathering that need no session: each runs off the loop, or costs next to nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ai_lsp.completion.prompt import Shape
from ai_lsp.context.place import Noted, Place, Rules
from ai_lsp.context.project_rules import read_rules
from ai_lsp.context.sources import current_file
from ai_lsp.text.edit import Edit, map_offset

if TYPE_CHECKING:
    from ai_lsp.context.syntax import Parsed, SyntaxTrees
    from ai_lsp.context.syntax_facts import SyntaxFacts

PAGES = 18
"""Pages above the cursor for which a shorter text is kept ready."""


def open_trees() -> SyntaxTrees:
    from ai_lsp.context.syntax import SyntaxTrees  # the parser's library is loaded with the first prompt

    return SyntaxTrees()


def facts_at(parsed: Parsed | None, place: Place) -> SyntaxFacts:
    from ai_lsp.context.syntax_facts import facts, facts_by_lines

    return facts(parsed, place.offset) if parsed is not None else facts_by_lines(place.snapshot, place.offset)


def shape_at(place: Place, facts: SyntaxFacts | None, known: Sequence[int]) -> Shape:
    cuts = current_file.cuts(place.snapshot, facts, known)
    if facts is None:
        return Shape(cuts)
    here = place.snapshot.line_span(place.line).start
    starts = [0, *(cut for cut in cuts if cut < here)][-PAGES:]
    pages = list(zip(starts, [*starts[1:], here], strict=True))
    return Shape(cuts, current_file.skeletons(place.snapshot, facts, pages))


def moved(cuts: Sequence[int], edits: Sequence[Edit]) -> tuple[int, ...]:
    """Where cuts stand after some edits."""
    out = list(cuts)
    for edit in edits:
        out = [map_offset(cut, edit) if cut >= edit.span.start else cut for cut in out]
    return tuple(sorted(set(out)))


def as_noted(path: str, raw: Any) -> Noted | None:
    """A diagnostic as the editor or this server sends it; None where it has another shape."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("message"), str):
        return None
    try:
        line = int(raw["range"]["start"]["line"])
    except (KeyError, TypeError, ValueError):
        return None
    severity, source = raw.get("severity"), raw.get("source")
    return Noted(
        path,
        max(0, line),
        severity if isinstance(severity, int) else 1,
        raw["message"][:1_000],
        source[:40] if isinstance(source, str) else "",
    )


def real_roots_and_rules(
    roots: Sequence[str], trusted: Sequence[str], patterns: tuple[str, ...]
) -> tuple[Mapping[str, str], tuple[Rules, ...]]:
    return {os.path.realpath(root): root for root in roots}, read_rules(roots, trusted, patterns)

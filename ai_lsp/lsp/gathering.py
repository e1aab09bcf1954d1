"""The steps of gathering that need no session: each runs off the loop, or costs next to nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ai_lsp.completion.prompt import Shape
from ai_lsp.context.place import Noted, Rules
from ai_lsp.context.project_rules import read_rules
from ai_lsp.context.workspace.asked import Gathered
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, map_offset


def shape_of(snapshot: DocumentSnapshot, found: Gathered) -> Shape:
    """Where a document's pages begin, and what may stand for them, as the workspace's process says."""
    return Shape(found.cuts, {snapshot.slice(page.start, page.end): page.ladder for page in found.pages})


def moved(cuts: Sequence[int], edits: Sequence[Edit]) -> tuple[int, ...]:
    """Where cuts stand after some edits."""
    out = list(cuts)
    for edit in edits:
        out = [map_offset(cut, edit) if cut >= edit.span.start else cut for cut in out]
    return tuple(sorted(set(out)))


HINT = 4  # LSP, DiagnosticSeverity


def as_noted(path: str, raw: Any) -> Noted | None:
    """A diagnostic as the editor or this server sends it; None where it has another shape or is a mere hint.

    Hints are weak guesses, and marks of the next edit: they would only lead a model astray.
    """
    if not isinstance(raw, Mapping) or not isinstance(raw.get("message"), str) or raw.get("severity") == HINT:
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

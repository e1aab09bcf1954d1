"""What must be kept of the current file where its far pages are cut: imports and the signatures around the place.

Also where the pages are cut: at starts of definitions, and then for as long as the text there stays.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ai_lsp.context.parts import Alternative
from ai_lsp.text.document import DocumentSnapshot

if TYPE_CHECKING:
    from ai_lsp.context.syntax_facts import SyntaxFacts

PAGE_LINES = 64
SLACK_LINES = 16
"""How far from a multiple of PAGE_LINES a cut may be to stand at a definition's start."""

SIGNATURES, ESSENTIAL = 1, 2
"""Priorities of what stands for a page, which whoever lays out the pages takes as words."""

MOST_ESSENTIAL, MOST_SIGNATURES = 40, 24  # lines of one page

Skeletons = Mapping[str, tuple[Alternative, ...]]
"""A page's text → what stands for it where it is cut, fullest first."""


def cuts(snapshot: DocumentSnapshot, facts: SyntaxFacts | None, known: Sequence[int] = ()) -> tuple[int, ...]:
    """Offsets at which pages begin, ascending, each a line's start; 0 is not among them.

    Those of `known` (old ones, moved with the edits since) that still are sensible stay, so that a prompt's
    front stays the same bytes; new ones come where a page has grown to twice its size.
    """
    starts = sorted({d.start for d in facts.definitions}) if facts is not None else []
    lines = [0]
    for offset in known:
        line = snapshot.line_at(min(offset, len(snapshot)))
        if snapshot.line_span(line).start == offset and line - lines[-1] >= PAGE_LINES // 3:
            lines.append(line)
    lines.append(snapshot.line_count)
    out: list[int] = []
    for low, high in pairwise(lines):
        if low:
            out.append(low)
        while high - low > 2 * PAGE_LINES - SLACK_LINES:
            low = _boundary(snapshot, starts, low + PAGE_LINES)
            out.append(low)
    return tuple(snapshot.line_span(line).start for line in out)


def _boundary(snapshot: DocumentSnapshot, starts: Sequence[int], line: int) -> int:
    """The line near to `line` at which the least indented definition starts, else `line` itself."""
    first = snapshot.line_span(line - SLACK_LINES).start
    last = snapshot.line_span(line + SLACK_LINES).start
    best = None
    for start in starts[bisect_left(starts, first) : bisect_right(starts, last)]:
        at, column = snapshot.line_and_column_at(start)
        if not snapshot.slice(start - column, start).strip():
            best = min(best or (column, abs(at - line), at), (column, abs(at - line), at))
    return best[2] if best else line


def skeletons(snapshot: DocumentSnapshot, facts: SyntaxFacts, pages: Sequence[tuple[int, int]]) -> Skeletons:
    """Shorter texts for pages (pairs of offsets) of the current file.

    The fuller one has all signatures that start in the page, the shorter one imports and the signatures of what
    encloses the place. Their priorities are SIGNATURES and ESSENTIAL.
    """
    essential = {d.signature for d in facts.enclosing} | set(facts.imports)
    signatures = {d.signature for d in facts.definitions if d.body_start >= 0}
    marked = sorted({_lines(snapshot, s.start, s.end) for s in essential})
    all_marked = sorted({_lines(snapshot, s.start, s.end) for s in essential | signatures})
    out: dict[str, tuple[Alternative, ...]] = {}
    for start, end in pages:
        text = snapshot.slice(start, end)
        first, last = snapshot.line_at(start), snapshot.line_at(max(start, end - 1))
        short = _taken(snapshot, marked, first, last, MOST_ESSENTIAL)
        fuller = _taken(snapshot, all_marked, first, last, MOST_ESSENTIAL + MOST_SIGNATURES)
        ladder = []
        if fuller != short and len(fuller) < len(text) * 3 // 4:
            ladder.append(Alternative(fuller, SIGNATURES))
        if short and len(short) < len(text) * 3 // 4:
            ladder.append(Alternative(short, ESSENTIAL))
        if ladder:
            out[text] = tuple(ladder)
    return out


def _lines(snapshot: DocumentSnapshot, start: int, end: int) -> tuple[int, int]:
    return snapshot.line_at(start), snapshot.line_at(max(start, end - 1))


def _taken(
    snapshot: DocumentSnapshot, marked: Sequence[tuple[int, int]], first: int, last: int, most: int
) -> str:
    """The marked lines within `first..last`, whole, each once, at most `most` of them."""
    out: list[str] = []
    at = first
    for begin, end in marked[bisect_left(marked, (first, 0)) :]:
        if begin > last or len(out) >= most:
            break
        for line in range(max(begin, at), min(end, last, begin + 12) + 1):
            out.append(snapshot.line(line) + "\n")
            at = line + 1
    return "".join(out[:most])

"""Edits made for an older text, carried over what changed since: three-way, or refused."""

from __future__ import annotations

from ai_lsp.edits.apply.line_diff import line_changes
from ai_lsp.edits.apply.lines import FileLines
from ai_lsp.edits.apply.located import candidates
from ai_lsp.edits.apply.place import Place
from ai_lsp.edits.proposal import Applied, Evidence, Match, Reason, Refusal
from ai_lsp.text.edit import Edit, Span

_REBASED = "the file has changed elsewhere since"


def rebased(applied: Applied, base: str, now: str) -> Applied | Refusal:
    """Edits of `base` as edits of `now`. STALE where lines changed on both sides touch, unless they agree."""
    old, new = FileLines(base), FileLines(now)
    moved = line_changes(old.full, new.full)
    edits: list[Edit] = []
    evidence: list[Evidence] = []
    for edit, why in zip(applied.edits, applied.evidence, strict=True):
        first, last = _lines(old, edit.span)
        touching = [c for c in moved if c[0] <= last and c[1] >= first]
        shift = sum(len(c[2]) - (c[1] - c[0]) for c in moved if c[1] < first)
        if touching:
            if _is_done(old, new, edit, shift):
                continue
            near = Place(min(first + shift, len(new)), min(last + shift, len(new)), (), Match.FUZZY)
            return Refusal(Reason.STALE, "", candidates(new, [near]), why.hunk)
        by = new.offsets[first + shift] - old.offsets[first]
        span = Span(edit.span.start + by, edit.span.end + by)
        edits.append(Edit(span, edit.new_text))
        place = Span(max(0, why.place.start + by), max(0, why.place.end + by))
        evidence.append(Evidence(why.match, place, why.hunk, (*why.differences, _REBASED)))
    return Applied(tuple(edits), tuple(evidence))


def _lines(file: FileLines, span: Span) -> tuple[int, int]:
    """The lines a span touches."""
    from bisect import bisect_left, bisect_right

    first = max(0, bisect_right(file.offsets, span.start) - 1)
    last = max(first, bisect_left(file.offsets, span.end))
    return min(first, len(file)), min(last, len(file))


def _is_done(old: FileLines, new: FileLines, edit: Edit, shift: int) -> bool:
    """Whether someone has made the very same edit meanwhile."""
    first, _ = _lines(old, edit.span)
    at = first + shift
    if not 0 <= at < len(new.offsets):
        return False
    start = new.offsets[at] + edit.span.start - old.offsets[first]
    around = old.text[edit.span.end : edit.span.end + 80]
    return new.text[start : start + len(edit.new_text) + len(around)] == edit.new_text + around

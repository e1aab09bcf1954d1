"""Findings of an older text moved to a newer one: what was touched is dropped, never shown in a wrong place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ai_lsp.diagnostics.finding import Finding, Related
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span


def moved(findings: Iterable[Finding], before: DocumentSnapshot, edits: Sequence[Edit]) -> tuple[Finding, ...]:
    """The findings of `before` after edits that follow one another.

    Whoever edits one of a finding's lines, or of a place in the same file that it speaks of, has had a look at
    it: it is dropped until the next review.
    """
    out = tuple(findings)
    at = before
    for edit in edits:
        touched = _touched(at, edit)
        kept = (_after(finding, edit, touched) for finding in out)
        out = tuple(finding for finding in kept if finding is not None)
        at = at.replace(edit, at.version)
    return out


def _touched(document: DocumentSnapshot, edit: Edit) -> Span:
    """What an edit touches: whole lines, unless it puts whole lines in between."""
    start, end = edit.span.start, edit.span.end
    first = document.line_span(document.line_at(start))
    last = document.line_span(document.line_at(end))
    if start == end == first.start and edit.new_text.endswith(("\n", "\r")):
        return Span(start, start)
    if start == end == first.end and edit.new_text.startswith(("\n", "\r")):
        return Span(start, start)
    if start == first.start and end == last.start and end > start and edit.new_text[-1:] in ("", "\n", "\r"):
        return Span(start, end)  # whole lines are replaced: the line behind them stands
    return Span(first.start, last.end)


def _after(finding: Finding, edit: Edit, touched: Span) -> Finding | None:
    spans = [finding.span, *(r.span for r in finding.related if not r.path), *(e.span for e in finding.fix)]
    if any(_meet(span, touched) for span in spans):
        return None
    return replace(
        finding,
        span=_shift(finding.span, edit),
        related=tuple(r if r.path else Related(_shift(r.span, edit), r.message) for r in finding.related),
        fix=tuple(Edit(_shift(e.span, edit), e.new_text) for e in finding.fix),
    )


def _meet(span: Span, touched: Span) -> bool:
    if touched.start == touched.end:
        return span.start < touched.start < span.end
    if span.start == span.end:
        return touched.start <= span.start <= touched.end
    return span.start < touched.end and touched.start < span.end


def _shift(span: Span, edit: Edit) -> Span:
    by = edit.growth if edit.span.end <= span.start else 0
    return Span(span.start + by, span.end + by)

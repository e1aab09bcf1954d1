"""A proposed edit kept true while the user types: moved, shortened by what agrees, or dropped with a reason."""

from __future__ import annotations

from collections.abc import Iterable

from ai_lsp.edits.next_values import NextReason
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

_CLOSERS = frozenset(")]}\"'`>")


def rebase(edit: Edit, snapshot: DocumentSnapshot, later: Iterable[Edit]) -> Edit | NextReason:
    """The edit of `snapshot` as it reads after `later`, edits that follow one another from there.

    It keeps its place and its text, so that it still covers what the user typed or deleted of it. TYPED where
    nothing is left of it, CONTRADICTED where the user wrote something else there.
    """
    for step in later:
        moved = _over(edit, snapshot, step)
        if isinstance(moved, NextReason):
            return moved
        edit = moved
        snapshot = snapshot.replace(step, snapshot.version)
    return edit


def rebase_place(offset: int, snapshot: DocumentSnapshot, later: Iterable[Edit]) -> int | NextReason:
    """A place to jump to, after `later`; TYPED where its own line was edited: the user has been there."""
    for step in later:
        line = snapshot.line_span(snapshot.line_at(offset))
        if step.span.end < line.start or (step.span.end == line.start and step.new_text.endswith("\n")):
            offset += step.growth
        elif step.span.start <= line.end and not (step.span.start == line.end and step.new_text.startswith("\n")):
            return NextReason.TYPED
        snapshot = snapshot.replace(step, snapshot.version)
    return offset


def _over(edit: Edit, snapshot: DocumentSnapshot, step: Edit) -> Edit | NextReason:
    start, end = edit.span.start, edit.span.end
    if step.span.start > end:
        return edit
    if step.span.end < start:
        return Edit(Span(start + step.growth, end + step.growth), edit.new_text)
    if start <= step.span.start and step.span.end <= end:
        old = snapshot.slice(start, end)
        now = old[: step.span.start - start] + step.new_text + old[step.span.end - start :]
        if now == edit.new_text:
            return NextReason.TYPED
        if _agrees(now, old, edit.new_text):
            return Edit(Span(start, start + len(now)), edit.new_text)
    if step.span.end == start and _whole_lines(step, snapshot):
        return Edit(Span(start + step.growth, end + step.growth), edit.new_text)
    if step.span.start == end and step.new_text.startswith(("\n", "\r")) and len(step.span) == 0:
        return edit
    return NextReason.CONTRADICTED


def _agrees(now: str, old: str, new: str) -> bool:
    """Whether `now` is on the way from `old` to `new`: a start of the new text, then an end of the old one or the
    closers that the editor put there by itself. Backspace takes the old text away from its end, before any of the
    new one is there."""
    if old.startswith(now):
        return True
    for size in range(min(len(now), len(new)), -1, -1):
        if not now.startswith(new[:size]):
            continue
        rest = now[size:]
        if old.endswith(rest) or (set(rest) <= _CLOSERS and new.endswith(rest)):
            return True
    return False


def _whole_lines(step: Edit, snapshot: DocumentSnapshot) -> bool:
    """Whether a step only puts lines in front of its end, or takes whole ones away there."""
    is_at_start = step.span.start == snapshot.line_span(snapshot.line_at(step.span.start)).start
    is_at_end = step.span.end == snapshot.line_span(snapshot.line_at(step.span.end)).start
    return is_at_start and is_at_end and (not step.new_text or step.new_text.endswith(("\n", "\r")))

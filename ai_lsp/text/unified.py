"""Proposed edits as a unified diff that a person reads: made from the edits, never by comparing whole files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ai_lsp.text.change import FileChange, apply_all
from ai_lsp.text.document import DocumentSnapshot, split_lines
from ai_lsp.text.edit import Edit, Span

CONTEXT = 3
"""Unchanged lines around each change."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines `first` up to and without `last`, and what stands there afterwards."""

    first: int
    last: int
    new: list[str]


def unified(change: FileChange, path: str) -> str:
    """The diff of one file with the usual two header lines; empty where nothing changes."""
    hunks = "".join(_hunks(change.snapshot, list(_blocks(change.snapshot, change.edits))))
    if not hunks:
        return ""
    return f"--- {'/dev/null' if change.is_new else f'a/{path}'}\n+++ b/{path}\n{hunks}"


def _blocks(snapshot: DocumentSnapshot, edits: Sequence[Edit]) -> Iterator[_Block]:
    """The changed lines, edits that share a line together."""
    index = 0
    while index < len(edits):
        first, last = _lines(snapshot, edits[index])
        end = index + 1
        while end < len(edits) and _lines(snapshot, edits[end])[0] < last:
            last = max(last, _lines(snapshot, edits[end])[1])
            end += 1
        start, stop = _start(snapshot, first), _start(snapshot, last)
        here = [Edit(Span(e.span.start - start, e.span.end - start), e.new_text) for e in edits[index:end]]
        old = snapshot.slice(start, stop)
        yield _trimmed(first, split_lines(old), split_lines(apply_all(here, old)))
        index = end


def _trimmed(first: int, old: list[str], new: list[str]) -> _Block:
    """The block without lines that stay as they are at its ends."""
    while old and new and old[0] == new[0]:
        first, old, new = first + 1, old[1:], new[1:]
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    return _Block(first, first + len(old), new)


def _lines(snapshot: DocumentSnapshot, edit: Edit) -> tuple[int, int]:
    """The lines an edit touches: from the first up to and without the last."""
    first = snapshot.line_at(edit.span.start)
    last = snapshot.line_at(edit.span.end)
    at_start = edit.span.end == _start(snapshot, last) and edit.span.end > edit.span.start
    return first, last if at_start else last + 1


def _start(snapshot: DocumentSnapshot, line: int) -> int:
    return snapshot.line_span(line).start if line < snapshot.line_count else len(snapshot)


def _hunks(snapshot: DocumentSnapshot, blocks: list[_Block]) -> Iterator[str]:
    blocks = [block for block in blocks if block.new or block.first < block.last]
    total = snapshot.line_count - (_start(snapshot, snapshot.line_count - 1) == len(snapshot))
    grown, index = 0, 0
    while index < len(blocks):
        end = index + 1
        while end < len(blocks) and blocks[end].first - blocks[end - 1].last <= 2 * CONTEXT:
            end += 1
        group = blocks[index:end]
        first, last = max(0, group[0].first - CONTEXT), min(total, group[-1].last + CONTEXT)
        last = max(last, group[-1].last)
        lines, at = [], first
        for block in group:
            lines += [" " + line for line in _old(snapshot, at, block.first)]
            lines += ["-" + line for line in _old(snapshot, block.first, block.last)]
            lines += ["+" + line for line in block.new]
            at = block.last
        lines += [" " + line for line in _old(snapshot, at, last)]
        growth = sum(len(block.new) - (block.last - block.first) for block in group)
        olds, news = last - first, last - first + growth
        yield f"@@ -{first + (olds > 0)},{olds} +{first + grown + (news > 0)},{news} @@\n"
        yield "".join(
            line if line.endswith(("\n", "\r")) else line + "\n\\ No newline at end of file\n" for line in lines
        )
        grown += growth
        index = end


def _old(snapshot: DocumentSnapshot, first: int, last: int) -> list[str]:
    return split_lines(snapshot.slice(_start(snapshot, first), _start(snapshot, last)))

"""Edits gathered file by file while a reply comes in: what is placed stays, what comes twice counts once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ai_lsp.edits.apply import locate_and_merge
from ai_lsp.edits.instruct_values import Placed, Source, Why
from ai_lsp.edits.proposal import Applied, Evidence, Kind, Match, Proposal, Reason, Refusal
from ai_lsp.text.change import FileChange
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

AROUND = 4
"""Lines quoted above and below a place that a part may have been meant for."""

MOST_QUOTED = 40


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Why a part of a reply has no place, and the text nearest to what it looks for."""

    why: Why
    sentence: str
    nearest: str = ""


@dataclass(slots=True)
class Draw:
    """The edits of one reply and its successors. `main` is the file the user is in."""

    main: Source
    report: Callable[[Placed], None] = lambda placed: None
    _files: dict[str, tuple[Source, list[Placed]]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Edits that are placed."""
        return sum(len(placed) for _, placed in self._files.values())

    def is_main(self, path: str) -> bool:
        """Whether a path as a reply writes it is the file the user is in: none at all, the same, its end."""
        path = path.strip().replace("\\", "/").removeprefix("./").removeprefix("a/").removeprefix("b/")
        own = self.main.path
        return not path or path == own or own.endswith("/" + path) or path.endswith("/" + own)

    def add(self, source: Source, edit: Edit, note: str) -> str:
        """Take in one edit; returns why not where it gets into the way of one that is there."""
        kept, placed = self._files.setdefault(source.snapshot.uri, (source, []))
        old = kept.snapshot.slice(edit.span.start, edit.span.end)
        if old == edit.new_text or any(p.edit == edit for p in placed):
            return ""
        if any(_is_within(edit, p.edit) for p in placed):
            return ""
        met = [p for p in placed if _meet(p.edit, edit)]
        if not all(_is_within(p.edit, edit) for p in met):
            return "it changes lines that another part changes as well"
        # Neighbours that were placed one by one become one edit when the whole reply is placed.
        placed[:] = [p for p in placed if p not in met]
        placed.append(new := Placed(kept, edit, note))
        self.report(new)
        return ""

    def files(self, selection: Span | None) -> tuple[FileChange, ...]:
        """The change of each file, with what a reviewer should know of its edits."""
        out = []
        for source, placed in self._files.values():
            ordered = sorted(placed, key=lambda p: (p.edit.span.start, p.edit.span.end))
            if not ordered:
                continue
            where = selection if source.snapshot is self.main.snapshot else None
            notes = tuple(_note(p, where) for p in ordered)
            edits = tuple(p.edit for p in ordered)
            out.append(FileChange(source.snapshot, edits, notes, source.is_open, source.is_new))
        return tuple(out)


async def place(draw: Draw, source: Source, proposal: Proposal) -> Unplaced | None:
    """Add a proposal's edits to the draw, as far as they have a place; off the loop, as files may be large."""
    if source.is_new:
        return _new_file(draw, source, proposal)
    if proposal.kind is Kind.DELETE:
        return Unplaced(Why.DELETES, source.path)
    found = await asyncio.to_thread(locate_and_merge, source.snapshot, proposal)
    if isinstance(found, Applied):
        return _take(draw, source, found)
    if found.reason is Reason.NO_CHANGE:
        return None
    if len(proposal.hunks) < 2:
        return _refused(source, found)
    first: Unplaced | None = None
    for hunk in proposal.hunks:
        alone = await asyncio.to_thread(locate_and_merge, source.snapshot, replace(proposal, hunks=(hunk,)))
        if isinstance(alone, Applied):
            first = first or _take(draw, source, alone)
        elif alone.reason is not Reason.NO_CHANGE:
            first = first or _refused(source, alone)
    return first or _refused(source, found)


def _take(draw: Draw, source: Source, applied: Applied) -> Unplaced | None:
    for edit, evidence in zip(applied.edits, applied.evidence, strict=True):
        if why := draw.add(source, edit, _evidence_note(evidence)):
            return Unplaced(Why.NOT_PLACED, f"{source.path}: {why}.")
    return None


def _new_file(draw: Draw, source: Source, proposal: Proposal) -> Unplaced | None:
    if proposal.kind is Kind.HUNKS:
        wanted = [hunk for hunk in proposal.hunks if any(line.strip() for line in hunk.before)]
        if wanted:
            return Unplaced(Why.OTHER_FILE, f"There is no {source.path}.")
        text = "".join("\n".join(hunk.after) + "\n" for hunk in proposal.hunks)
    else:
        text = proposal.text
    draw.add(source, Edit(Span(0, 0), text), "a new file")
    return None


def _refused(source: Source, refusal: Refusal) -> Unplaced:
    why = {
        Reason.OTHER_FILE: Why.OTHER_FILE,
        Reason.DELETES_FILE: Why.DELETES,
        Reason.EMPTY: Why.EMPTY,
        Reason.NO_EDIT: Why.NO_EDIT,
        Reason.TRUNCATED: Why.TRUNCATED,
    }.get(refusal.reason, Why.NOT_PLACED)
    quoted = (_around(source.snapshot, c.span) for c in refusal.candidates)
    sentence = refusal.sentence
    return Unplaced(why, f"{source.path}: {sentence}.", "\n…\n".join(dict.fromkeys(quoted)))


def _around(snapshot: DocumentSnapshot, span: Span) -> str:
    first, last = snapshot.line_at(span.start), snapshot.line_at(max(span.start, span.end - 1))
    first, last = max(0, first - AROUND), min(snapshot.line_count - 1, last + AROUND)
    last = min(last, first + MOST_QUOTED)
    return "\n".join(snapshot.line(number) for number in range(first, last + 1))


def _evidence_note(evidence: Evidence) -> str:
    return "" if evidence.match in (Match.EXACT, Match.WHOLE) else evidence.sentence


def _note(placed: Placed, selection: Span | None) -> str:
    """What a reviewer should know: how sure the place is, and that it is not where the user pointed."""
    notes = [placed.note] if placed.note else []
    if selection is not None and len(selection):
        span = placed.edit.span
        if span.end < selection.start or span.start > selection.end:
            notes.append("outside of the selection")
    return "; ".join(notes)


def _meet(one: Edit, other: Edit) -> bool:
    """Whether two edits are not apart: they share text, or both insert at one place."""
    a, b = one.span, other.span
    return (a.start < b.end and b.start < a.end) or (a.start == b.start and (not len(a) or not len(b)))


def _is_within(one: Edit, other: Edit) -> bool:
    """Whether an edit is a part of another one."""
    a, b = one.span, other.span
    return b.start <= a.start and a.end <= b.end and one.new_text in other.new_text

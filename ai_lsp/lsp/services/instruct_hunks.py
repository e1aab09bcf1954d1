"""The parts of an edit that is still being written: marked in the text, to be applied or dropped one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from ai_lsp.edits.instruct_values import Edited, Placed
from ai_lsp.lsp import to_lsp
from ai_lsp.lsp.actions import QUICK_FIX, command_action
from ai_lsp.lsp.deliver import Consent, Delivered, Ending, deliver, single_file
from ai_lsp.text.change import FileChange, rebase_edits
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

OWNER = "edit"
INFORMATION = 3
_SHOWN = 60


class State(Enum):
    """What became of a part."""

    OPEN = "open"
    TAKEN = "taken"
    DROPPED = "dropped"
    STALE = "stale"


@dataclass(slots=True)
class _Hunk:
    id: str
    placed: Placed
    state: State = State.OPEN


class Hunks:
    """The parts of one running edit. Parts of files that no editor has open wait for the whole."""

    def __init__(self, session: Session, name: str, label: str, *, are_shown: bool) -> None:
        self._session = session
        self._name = name
        self._label = label
        self._are_shown = are_shown
        self._hunks: dict[str, _Hunk] = {}

    def add(self, placed: Placed) -> None:
        """A part is certain: it can be looked at from now on."""
        id = f"{self._name}/{len(self._hunks) + 1}"
        self._hunks[id] = _Hunk(id, placed)
        self.refresh(placed.source.snapshot.uri)

    def refresh(self, uri: str) -> None:
        """Show the open parts of a document where they stand now; those that were typed into are stale."""
        now = self._session.documents.get(uri)
        if now is None or not any(h.placed.source.snapshot.uri == uri for h in self._hunks.values()):
            return
        marks = [_mark(now, edit, hunk.placed.note) for hunk, edit in self._standing(uri)]
        if self._are_shown:
            self._session.published.publish(OWNER, uri, marks, now.version)

    def clear(self) -> None:
        """The edit is whole, or given up: the marks go."""
        for uri in {hunk.placed.source.snapshot.uri for hunk in self._hunks.values()}:
            self._session.published.publish(OWNER, uri, [])

    def actions(self, document: DocumentSnapshot, span: Span) -> list[Mapping[str, Any]]:
        """What can be done with the parts that a span touches."""
        out: list[Mapping[str, Any]] = []
        for hunk, edit in self._standing(document.uri):
            first, last = (document.line_at(each) for each in (edit.span.start, edit.span.end))
            if document.line_at(span.end) < first or document.line_at(span.start) > last:
                continue
            title = _summary(edit)
            out.append(command_action(f"Apply this edit: {title}", "ai-lsp.accept", [hunk.id], kind=QUICK_FIX))
            out.append(command_action(f"Drop this edit: {title}", "ai-lsp.reject", [hunk.id], kind=QUICK_FIX))
        return out

    async def accept(self, id: str) -> Delivered | None:
        """Apply one part now; None for one that is not open."""
        hunk = self._hunks.get(id)
        if hunk is None or hunk.state is not State.OPEN:
            return None
        hunk.state = State.TAKEN
        source, edit = hunk.placed.source, hunk.placed.edit
        delivered = await deliver(self._session, single_file(self._label, source.snapshot, [edit]), Consent.GIVEN)
        if delivered.ending is not Ending.APPLIED:
            hunk.state = State.STALE if delivered.ending is Ending.OUTDATED else State.OPEN
        self.refresh(source.snapshot.uri)
        return delivered

    def reject(self, id: str) -> bool:
        """Drop one part; whether it is one of these."""
        hunk = self._hunks.get(id)
        if hunk is None:
            return False
        if hunk.state is State.OPEN:
            hunk.state = State.DROPPED
            self.refresh(hunk.placed.source.snapshot.uri)
        return True

    def has(self, id: str) -> bool:
        """Whether a part is one of these."""
        return id in self._hunks

    def without_settled(self, edited: Edited) -> Edited:
        """The whole edit without the parts that the user has taken or dropped already."""
        settled = {
            (h.placed.source.snapshot.uri, h.placed.edit)
            for h in self._hunks.values()
            if h.state in (State.TAKEN, State.DROPPED)
        }
        files = []
        for file in edited.files:
            kept = [n for n, edit in enumerate(file.edits) if (file.uri, edit) not in settled]
            if kept:
                edits, notes = tuple(file.edits[n] for n in kept), tuple(file.note(n) for n in kept)
                files.append(FileChange(file.snapshot, edits, notes, file.is_open, file.is_new))
        return Edited(tuple(files), edited.title)

    def _standing(self, uri: str) -> list[tuple[_Hunk, Edit]]:
        """The open parts of a document with their edits as of now."""
        out = []
        for hunk in self._hunks.values():
            source = hunk.placed.source
            if hunk.state is not State.OPEN or source.snapshot.uri != uri or not source.is_open:
                continue
            later = self._session.edits_since(source.snapshot)
            (edit,) = [None] if later is None else rebase_edits([hunk.placed.edit], later)
            if edit is None:
                hunk.state = State.STALE
            else:
                out.append((hunk, edit))
        return out


def still_true(session: Session, edited: Edited) -> tuple[tuple[FileChange, ...], int]:
    """The edit in offsets of the documents as they are now, and how many of its parts the user has typed into."""
    files, lost = [], 0
    for file in edited.files:
        if not file.is_open:
            files.append(file)
            continue
        now, later = session.documents.get(file.uri), session.edits_since(file.snapshot)
        if now is None or later is None:
            lost += len(file.edits)
            continue
        moved: Sequence[Edit | None] = rebase_edits(file.edits, later)
        kept = [(edit, file.note(n)) for n, edit in enumerate(moved) if edit is not None]
        lost += len(moved) - len(kept)
        if kept:
            edits, notes = zip(*kept, strict=True)
            files.append(FileChange(now, edits, notes))
    return tuple(files), lost


def _mark(snapshot: DocumentSnapshot, edit: Edit, note: str) -> dict[str, Any]:
    text = f"Proposed: {_summary(edit)}" + (f" ({note})" if note else "")
    place = to_lsp.lsp_range(snapshot, edit.span.start, edit.span.end)
    return {"range": place, "severity": INFORMATION, "source": "ai-lsp", "code": "proposed-edit", "message": text}


def _summary(edit: Edit) -> str:
    """An edit in a few words: its first line that says something, or that lines go."""
    lines = [line.strip() for line in edit.new_text.split("\n") if line.strip()]
    if not lines:
        return "remove this"
    first = lines[0] if len(lines[0]) <= _SHOWN else lines[0][: _SHOWN - 1] + "…"
    return first + (f" (and {len(lines) - 1} more)" if len(lines) > 1 else "")

"""A change of one or several files as a value: what is proposed, for which text, how it moves with that text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span


@dataclass(frozen=True, slots=True)
class FileChange:
    """Edits of one file, in offsets of `snapshot`: ascending and apart from one another.

    `notes` has a sentence for each edit that a person should look at, "" for the others; it may be shorter than
    `edits`. A file that no editor has open has `is_open` False and its text on disk as the snapshot; one that
    does not exist yet is also `is_new`, and its snapshot is empty.
    """

    snapshot: DocumentSnapshot
    edits: tuple[Edit, ...]
    notes: tuple[str, ...] = ()
    is_open: bool = True
    is_new: bool = False

    @property
    def uri(self) -> str:
        return self.snapshot.uri

    def note(self, index: int) -> str:
        """What is to be said of one edit."""
        return self.notes[index] if index < len(self.notes) else ""

    def text(self) -> str:
        """The file's text after the edits."""
        return apply_all(self.edits, self.snapshot.text)


@dataclass(frozen=True, slots=True)
class WorkspaceChange:
    """Everything one proposal does, to be applied as a whole. `label` names it in menus and undo lists."""

    label: str
    files: tuple[FileChange, ...]


def apply_all(edits: Iterable[Edit], text: str) -> str:
    """The text after edits that all speak of `text`: ascending and apart from one another."""
    out, at = [], 0
    for edit in edits:
        out += [text[at : edit.span.start], edit.new_text]
        at = edit.span.end
    return "".join([*out, text[at:]])


def rebase_edits(edits: Sequence[Edit], later: Iterable[Edit]) -> list[Edit | None]:
    """Each edit as it reads after the edits the user made later, None for one that those touch.

    `later` follow one another. An edit that only touches the end of another counts as in its way: what the user
    types at the rim of a change may well be their own version of it. Whole lines put in front are not.
    """
    out: list[Edit | None] = list(edits)
    for moved in later:
        out = [None if edit is None else _rebase(edit, moved) for edit in out]
    return out


def _rebase(edit: Edit, later: Edit) -> Edit | None:
    start, end = edit.span.start, edit.span.end
    is_in_front = later.span.end < start or (later.span.end == start and later.new_text.endswith("\n"))
    if is_in_front:
        return replace(edit, span=Span(start + later.growth, end + later.growth))
    return edit if later.span.start > end else None

"""Several changes proposed at once: one is shown, the others wait, and all are kept true while the user types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ai_lsp.edits.next_values import NextReason, Proposal
from ai_lsp.edits.rebase import rebase, rebase_place
from ai_lsp.text.diff import single_edit
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

MOST = 32
"""Changes that may wait."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Changes that wait for their turn; `lost` says why the last one that went away did."""

    waiting: tuple[Proposal, ...] = ()
    lost: NextReason | None = None

    def put(self, proposals: Iterable[Proposal]) -> Stage:
        """What is proposed now waits; the same change of before gives way to it."""
        new = list(proposals)
        keys = {key(each) for each in new}
        return Stage((*new, *(each for each in self.waiting if key(each) not in keys))[:MOST])

    def moved(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> Stage:
        """After edits of a document: each change of it moved, shortened, or dropped."""
        if not any(each.uri == before.uri for each in self.waiting):
            return self
        kept, lost = [], self.lost
        for each in self.waiting:
            if each.uri != before.uri:
                kept.append(each)
                continue
            now = moved(each, before, edits, after)
            if isinstance(now, NextReason):
                lost = now
            else:
                kept.append(now)
        return Stage(tuple(kept), lost)

    def opened(self, document: DocumentSnapshot) -> Stage:
        """A document was opened: what was said of its file holds where the text is the same."""
        at_hand = (at_hand_in(each, document) for each in self.waiting)
        return Stage(tuple(each for each in at_hand if each is not None), self.lost)

    def without(self, uri: str) -> Stage:
        """A document was closed: nothing is known of it any more."""
        return Stage(tuple(each for each in self.waiting if each.uri != uri), self.lost)

    def without_files(self, is_gone: Callable[[str], bool]) -> Stage:
        """Files that are not open were changed or deleted: what was said of their text is void."""
        if not any(not each.is_open and is_gone(each.uri) for each in self.waiting):
            return self
        return Stage(tuple(each for each in self.waiting if each.is_open or not is_gone(each.uri)), self.lost)

    def taken(self, proposal: Proposal) -> Stage:
        """A change was accepted or dismissed: it waits no more."""
        return Stage(tuple(each for each in self.waiting if key(each) != key(proposal)), self.lost)


def at_hand_in(proposal: Proposal, document: DocumentSnapshot) -> Proposal | None:
    """A proposal for a file, as one for the document that was opened on it; None where the text is another."""
    if proposal.uri != document.uri:
        return proposal
    if len(proposal.snapshot) != len(document) or proposal.snapshot.text != document.text:
        return None
    return replace(proposal, snapshot=document, is_open=True)


def moved(
    proposal: Proposal, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot
) -> Proposal | NextReason:
    """A proposal of `before`, after the edits that made it `after`."""
    if proposal.snapshot.serial != before.serial or len(proposal.snapshot) != len(before):
        return NextReason.OUTDATED
    if proposal.kind == "jump":
        place = rebase_place(proposal.edit.span.start, before, edits)
        if isinstance(place, NextReason):
            return place
        return replace(proposal, snapshot=after, edit=Edit(Span(place, place), ""))
    edit = rebase(proposal.edit, before, edits)
    return edit if isinstance(edit, NextReason) else replace(proposal, snapshot=after, edit=edit)


def key(proposal: Proposal) -> tuple[str, int, int, str]:
    """What makes two proposals the same change."""
    edit = smallest(proposal).edit
    return proposal.uri, edit.span.start, edit.span.end, edit.new_text


def smallest(proposal: Proposal) -> Proposal:
    """The proposal without what it has in common with the text that it replaces."""
    small = single_edit(proposal.removed, proposal.edit.new_text)
    if len(small.span) == len(proposal.edit.span):
        return proposal
    at = proposal.edit.span.start
    return replace(proposal, edit=Edit(Span(at + small.span.start, at + small.span.end), small.new_text))


def distance(proposal: Proposal, uri: str, line: int) -> tuple[int, int]:
    """How far a change is from the cursor: in its own file by lines, what is below before what is above."""
    if proposal.uri != uri:
        return 1, proposal.line
    below = proposal.line - line
    return 0, 2 * below if below >= 0 else -2 * below + 1

"""What a proposal must not be, as a table of checks: each says why a proposal is dropped."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ai_lsp.edits.next_values import NextReason, Proposal
from ai_lsp.text.document import split_lines
from ai_lsp.text.edit import map_offset
from ai_lsp.text.history import HistoryEdit

REMEMBERED_S = 300.0
"""How long an edit of the user's is protected from being taken back."""

MOST_DELETED = 10
"""Lines that a model may take away without putting others there, unless it was shown far more."""

_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the checks know besides the proposal: the recent edits of all documents, newest last, the time on
    their clock, and the marks of the models' formats."""

    history: Sequence[HistoryEdit] = ()
    now: float = 0.0
    marks: Sequence[str] = ()


Check = Callable[[Proposal, Facts], bool]


def changes_nothing(proposal: Proposal, facts: Facts) -> bool:
    return proposal.kind == "edit" and proposal.removed == proposal.edit.new_text


def changes_blanks(proposal: Proposal, facts: Facts) -> bool:
    return proposal.kind == "edit" and _bare(proposal.removed) == _bare(proposal.edit.new_text)


def holds_marks(proposal: Proposal, facts: Facts) -> bool:
    return any(mark in proposal.edit.new_text for mark in facts.marks)


def repeats_lines(proposal: Proposal, facts: Facts) -> bool:
    """Whether whole lines are put in that stand right above or below already."""
    edit, snapshot = proposal.edit, proposal.snapshot
    text = edit.new_text.strip("\r\n")
    if len(edit.span) or "\n" not in edit.new_text or not _WORD.search(text):
        return False
    lines = [line.rstrip() for line in split_lines(text)]
    at = snapshot.line_at(edit.span.start)
    first = at if edit.span.start == snapshot.line_span(at).start else at + 1
    below = [snapshot.line(n).rstrip() for n in range(first, min(first + len(lines), snapshot.line_count))]
    above = [snapshot.line(n).rstrip() for n in range(max(0, first - len(lines)), first)]
    return lines in (below, above)


def deletes_much(proposal: Proposal, facts: Facts) -> bool:
    """Whether a model drops far more lines than it writes: it has lost its place, or was cut short."""
    if proposal.origin != "model":
        return False
    removed, added = proposal.removed.count("\n"), proposal.edit.new_text.count("\n")
    return removed - added > MOST_DELETED and added < removed // 3


def takes_back(proposal: Proposal, facts: Facts) -> bool:
    """Whether it restores, at its place, what the user has just changed."""
    if proposal.kind == "jump":
        return False
    own = [each for each in facts.history if each.uri == proposal.uri]
    serial = proposal.snapshot.serial
    later: list[HistoryEdit] = []
    for past in reversed(own):
        if past.after.serial != serial:
            return False  # what happened between is not known
        serial = past.before.serial
        if facts.now - past.ended > REMEMBERED_S:
            return False
        start, end = past.edit.span.start, past.edit.span.start + len(past.added)
        for each in reversed(later):
            start, end = map_offset(start, each.edit), map_offset(end, each.edit)
        if _restores(proposal, start, max(start, end), past):
            return True
        later.append(past)
    return False


def _restores(proposal: Proposal, start: int, end: int, past: HistoryEdit) -> bool:
    """Whether a proposal brings back what stood at `start..end` before an edit."""
    edit, snapshot = proposal.edit, proposal.snapshot
    if edit.span.end < start or edit.span.start > end:
        return False
    first, last = min(start, edit.span.start), max(end, edit.span.end)
    after = snapshot.slice(first, edit.span.start) + edit.new_text + snapshot.slice(edit.span.end, last)
    before = snapshot.slice(first, start) + past.removed + snapshot.slice(end, last)
    if _bare(after) == _bare(before):
        return True
    gone, come = _bare(proposal.removed), _bare(edit.new_text)
    if not come:
        return bool(gone) and gone in _bare(past.added) and 2 * len(gone) >= len(_bare(past.added))
    was = _bare(past.removed)
    return not gone and len(come) >= 3 and come in was and 2 * len(come) >= len(was)


def _bare(text: str) -> str:
    return "".join(text.split())


CHECKS: Sequence[tuple[Check, NextReason]] = (
    (changes_nothing, NextReason.NO_CHANGE),
    (changes_blanks, NextReason.ONLY_BLANKS),
    (holds_marks, NextReason.MARKERS),
    (deletes_much, NextReason.DELETES),
    (repeats_lines, NextReason.REPEATS),
    (takes_back, NextReason.REVERTS),
)


def refusal(proposal: Proposal, facts: Facts) -> NextReason | None:
    """Why a proposal must not be shown, or None."""
    return next((reason for check, reason in CHECKS if check(proposal, facts)), None)

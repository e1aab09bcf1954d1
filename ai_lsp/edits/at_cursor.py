"""A next edit as text to insert at the cursor, where it is that and nothing else."""

from __future__ import annotations

from ai_lsp.edits.next_values import Proposal
from ai_lsp.edits.staging import smallest


def inserted_at(proposal: Proposal, offset: int) -> str | None:
    """What a proposal inserts at an offset of its snapshot; None where it does anything else. Lines end in `\\n`.

    A line put in below counts as inserted at the end of the line above it: that is where the cursor stands.
    """
    if proposal.kind != "edit" or not proposal.is_open:
        return None
    edit = smallest(proposal).edit
    text = edit.new_text.replace("\r\n", "\n")
    if len(edit.span) or not text.strip():
        return None
    if edit.span.start == offset:
        return text
    snapshot, line = proposal.snapshot, proposal.snapshot.line_at(offset)
    is_below = line + 1 < snapshot.line_count and edit.span.start == snapshot.line_span(line + 1).start
    if is_below and offset == snapshot.line_span(line).end and text.endswith("\n"):
        return "\n" + text[:-1]
    return None

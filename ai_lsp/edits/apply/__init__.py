"""Apply: proposals of every reply format become exact edits, or are refused with the nearest places."""

from ai_lsp.edits.apply.merge import is_for, locate_and_merge, other_file
from ai_lsp.edits.proposal import (
    Applied,
    Candidate,
    Evidence,
    Hunk,
    Kind,
    Match,
    Proposal,
    Reason,
    Refusal,
    changed_text,
)

__all__ = [
    "Applied",
    "Candidate",
    "Evidence",
    "Hunk",
    "Kind",
    "Match",
    "Proposal",
    "Reason",
    "Refusal",
    "changed_text",
    "is_for",
    "locate_and_merge",
    "other_file",
]

"""The deterministic layer: a finder a file, each with golden cases in tests/golden/finders and its own switch."""

from __future__ import annotations

from ai_lsp.diagnostics.finders import (
    doc_mismatch,
    doc_raises,
    doc_value,
    impossible_condition,
    missed_change,
    missing_await,
    misspelled_name,
    nothing_used,
    orphaned_name,
    past_the_end,
    repeated_condition,
    same_operands,
    sibling_mismatch,
    unused_result,
    unusual,
)
from ai_lsp.diagnostics.finders.finder import Finder

FINDERS: tuple[Finder, ...] = (
    same_operands.FINDER,
    sibling_mismatch.FINDER,
    impossible_condition.FINDER,
    repeated_condition.FINDER,
    nothing_used.FINDER,
    past_the_end.FINDER,
    unused_result.FINDER,
    missing_await.FINDER,
    missed_change.FINDER,
    orphaned_name.FINDER,
    misspelled_name.FINDER,
    doc_mismatch.FINDER,
    doc_raises.FINDER,
    doc_value.FINDER,
    *unusual.FINDERS,
)

CODES = tuple(finder.code for finder in FINDERS)
"""What `review.disabled` may name."""

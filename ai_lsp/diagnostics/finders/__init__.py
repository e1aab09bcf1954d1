"""The deterministic layer: a finder a file, each with golden cases in tests/golden/finders and its own switch."""

from __future__ import annotations

from ai_lsp.diagnostics.finders import same_operands
from ai_lsp.diagnostics.finders.finder import Finder

FINDERS: tuple[Finder, ...] = (same_operands.FINDER,)

CODES = tuple(finder.code for finder in FINDERS)
"""What `review.disabled` may name."""

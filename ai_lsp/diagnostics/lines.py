"""The lines of a text by number, for findings, whose places are offsets."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection

from ai_lsp.text.document import split_lines
from ai_lsp.text.edit import Span


class Lines:
    """Where the lines of a text start, as LSP counts them."""

    def __init__(self, text: str) -> None:
        self.starts = [0]
        for line in split_lines(text):
            self.starts.append(self.starts[-1] + len(line))
        self.count = max(1, len(self.starts) - 1)

    def of(self, span: Span) -> range:
        """The 0-based numbers of the lines that a span touches."""
        first = bisect_right(self.starts, span.start) - 1
        last = bisect_right(self.starts, max(span.start, span.end - 1)) - 1
        return range(first, last + 1)

    def touches(self, span: Span, lines: Collection[int]) -> bool:
        """Whether a span touches one of the lines."""
        return any(line in lines for line in self.of(span))

"""Code that its authors call dangerous: a comment `ai-lsp: dangerous`, and how far it reaches."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from ai_lsp.diagnostics.source import Source

TAG = re.compile(r"\bai-lsp:\s*dangerous\b")

_DEFINITIONS = frozenset(
    (
        *("function_definition", "class_definition", "decorated_definition"),
        *("function_declaration", "method_definition", "class_declaration", "lexical_declaration"),
        *("method_declaration", "function_item", "impl_item"),
    )
)


def danger_lines(source: Source, starts: Sequence[int]) -> frozenset[int]:
    """The 0-based lines under a tag: those of the definition it stands in front of or opens; else of the file's
    part down to the next blank line. `starts` are the offsets at which lines begin."""
    out: set[int] = set()
    for match in TAG.finditer(source.text):
        node = source.root.descendant_for_byte_range(match.start(), match.end())
        if node is None or "comment" not in node.type:
            continue
        after = node.next_named_sibling
        while after is not None and "comment" in after.type:
            after = after.next_named_sibling
        target = after
        if after is None or after.type not in _DEFINITIONS:
            holder = node.parent
            while holder is not None and holder.type not in _DEFINITIONS:
                holder = holder.parent
            target = (
                holder if holder is not None and _opens(holder.start_byte, node.start_byte, source) else after
            )
        end = node.end_byte if target is None else target.end_byte
        first, last = bisect_right(starts, node.start_byte) - 1, bisect_right(starts, max(0, end - 1)) - 1
        out.update(range(first, last + 1))
    return frozenset(out)


def _opens(start: int, tag: int, source: Source) -> bool:
    """Whether a tag stands among the first lines of a definition."""
    return source.text.count("\n", start, tag) <= 3

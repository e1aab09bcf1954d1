"""What a file's tree says of its lines: the function that holds one, and what kind of code it is."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Sequence

from tree_sitter import Node, Parser

from ai_lsp.context.languages import language_of, syntax_of
from ai_lsp.context.syntax import Turns, parse_whole
from ai_lsp.context.syntax_facts import Parsed
from ai_lsp.context.syntax_outline import TooSlow
from ai_lsp.text.document import DocumentSnapshot

LARGEST = 200_000
"""Characters; a larger file is told by its layout alone."""

LIMIT_S = 0.06
_FUNCTIONS = frozenset({"function", "method", "macro", "constructor"})
_DEPTH = 4


class Scopes:
    """The tree of one version of a file, asked by line."""

    def __init__(self, parsed: Parsed) -> None:
        self._root = parsed.tree.root_node
        self._definitions = parsed.outline.definitions
        self._parents = parsed.outline.parents
        self._starts_of = parsed.outline.starts
        self._snapshot = parsed.snapshot

    def function(self, line: int) -> tuple[int, int] | None:
        """First and last line of the innermost function that holds a line; None outside of functions."""
        span = self._snapshot.line_span(line)
        text = self._snapshot.line(line)
        offset = span.start + len(text) - len(text.lstrip())
        index = bisect_right(self._starts_of, offset) - 1
        while index >= 0:
            one = self._definitions[index]
            if one.kind in _FUNCTIONS and one.start <= offset < one.end:
                return self._snapshot.line_at(one.start), self._snapshot.line_at(one.end)
            index = self._parents[index]
        return None

    def kinds(self, line: int) -> tuple[str, ...]:
        """The smallest piece of code that holds a line's text, by its grammar's name, and those around it."""
        span = self._snapshot.line_span(line)
        text = self._snapshot.line(line)
        body = text.strip()
        if not body:
            return ()
        start = span.start + len(text) - len(text.lstrip())
        node: Node | None = self._root.descendant_for_byte_range(
            start, start + max(0, len(body.rstrip(",;")) - 1)
        )
        out: list[str] = []
        while node is not None and len(out) < _DEPTH:
            out.append(node.type)
            node = node.parent
        return tuple(out)


class _Limit(Turns):
    """In this process nobody waits for a turn."""

    def __init__(self, limit_s: float) -> None:
        super().__init__(time.monotonic, limit_s)
        self._until = time.monotonic() + limit_s

    def is_over(self) -> bool:
        return time.monotonic() > self._until


_parsers: dict[str, Parser] = {}


def scopes(lines: Sequence[str], language_id: str, uri: str) -> Scopes | None:
    """The scopes of some lines; None without a grammar, for a large file, or one that will not parse in time."""
    row = language_of(language_id, uri)
    if row is None or sum(map(len, lines)) > LARGEST:
        return None
    try:
        syntax = syntax_of(row)
        parser = _parsers.get(row.name) or _parsers.setdefault(row.name, syntax.parser())
        snapshot = DocumentSnapshot(uri, 0, language_id, "\n".join(lines))
        return Scopes(parse_whole(parser, syntax, snapshot, _Limit(LIMIT_S)))
    except (TooSlow, ImportError, ValueError):
        return None

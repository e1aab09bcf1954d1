"""The syntax tree of one open document, brought up to date from the last one when it is asked for."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tree_sitter import Node, Parser, Tree

from ai_lsp.context.languages import Row, language_of, syntax_of
from ai_lsp.context.syntax_facts import tree_bytes

LARGEST = 3_000_000
"""Characters; a larger file is told by its layout alone."""

FIRST_S = 0.5
"""Of the first parse, which is made between questions; a question that comes before it allows `AGAIN_S`."""

AGAIN_S = 0.06
_READ = 1 << 14

Point = tuple[int, int]


class LiveTree:
    """One byte is one character, and every line end is one."""

    def __init__(self, language_id: str, uri: str) -> None:
        self._row: Row | None = language_of(language_id, uri)
        self._parser: Parser | None = None
        self._tree: Tree | None = None
        self._is_current = False

    def edited(self, start: int, end: int, new_end: int, points: tuple[Point, Point, Point]) -> None:
        """Text `[start, end)` was exchanged for one up to `new_end`; `points` are the same as (line, column)."""
        self._is_current = False
        if self._tree is not None:
            self._tree.edit(start, end, new_end, *points)

    def forget(self) -> None:
        """The text is another one."""
        self._tree, self._is_current = None, False

    def root(self, lines: Sequence[str], limit_s: float = AGAIN_S) -> Node | None:
        """The tree of these lines; None without a grammar, for a large file, or where it takes too long."""
        if self._row is None:
            return None
        if not self._is_current:
            text = "\n".join(lines)
            tree = self._parsed(tree_bytes(text), limit_s) if len(text) <= LARGEST else None
            if tree is None:
                return None
            self._tree, self._is_current = tree, True
        return self._tree.root_node if self._tree is not None else None

    def _parsed(self, data: bytes, limit_s: float) -> Tree | None:
        assert self._row is not None
        if self._parser is None:
            try:
                self._parser = syntax_of(self._row).parser()
            except (ImportError, ValueError):
                self._row = None
                return None
        until = time.monotonic() + limit_s

        def read(offset: int, _point: object) -> bytes:
            return data[offset : offset + _READ]

        def is_over(_offset: int, _has_error: bool) -> bool:
            return time.monotonic() > until

        try:
            if self._tree is None:
                return self._parser.parse(read, encoding="utf8", progress_callback=is_over)
            return self._parser.parse(read, self._tree, "utf8", is_over)
        except ValueError:  # how the binding says that the progress callback stopped it
            self._parser.reset()
            return None

"""The trees of open documents: parsed incrementally, within a time limit, in a process beside the server.

tree-sitter's binding keeps the interpreter lock while it parses, so a parse in a thread would stop all else all
the same. It calls back, though: each callback may hand the lock over, which is done every `_SHARE` seconds.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from tree_sitter import Parser, Point, Tree

from ai_lsp.context.languages import Row, Syntax, language_of, syntax_of
from ai_lsp.context.syntax_facts import (
    Parsed,
    SyntaxFacts,
    facts,
    facts_by_lines,
    is_in_comment_or_string,
    tree_bytes,
)
from ai_lsp.context.syntax_outline import (
    Definition,
    Outline,
    TooSlow,
    has_long_run,
    hull,
    move_outline,
    read_outline,
)
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit

__all__ = [
    "Definition",
    "Outline",
    "Parsed",
    "SyntaxFacts",
    "SyntaxTrees",
    "Turns",
    "facts",
    "facts_by_lines",
    "is_in_comment_or_string",
    "parse_changes",
    "parse_whole",
]

LARGEST = 4_000_000
"""Characters above which a file is not parsed: its tree would take some hundred megabytes."""

_READ = 4_096  # characters given to the parser at once
_SHARE = 0.001  # seconds of parsing after which other threads get their turn
_TURN = 0.000_05  # seconds slept to give it: long enough that the lock is really taken


class SyntaxTrees:
    """The latest tree of each document.

    `most` bounds the trees kept, oldest use first out. A parse that takes more than `limit_s` seconds is given
    up, and its document is left alone for `rest_s` seconds. `clock` gives seconds that never go back.
    """

    def __init__(
        self,
        *,
        most: int = 16,
        largest: int = LARGEST,
        limit_s: float = 3.0,
        rest_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._largest = most, largest
        self._limit_s, self._rest_s = limit_s, rest_s
        self._clock = clock
        self._trees: OrderedDict[str, Parsed] = OrderedDict()
        self._resting: dict[str, float] = {}
        self._parsers: dict[str, Parser] = {}

    def latest(self, uri: str) -> Parsed | None:
        """The newest tree there is, which may be older than the document."""
        return self._trees.get(uri)

    def tree(
        self, snapshot: DocumentSnapshot, edits_since: Callable[[DocumentSnapshot], Sequence[Edit] | None]
    ) -> Parsed | None:
        """The snapshot with its tree; None without a grammar, for too large a file, or if it will not parse.

        `edits_since` gives the edits made after an older snapshot, oldest first, or None when they are not known
        (then the whole file is parsed). Raises ImportError or ValueError when a grammar's wheel is broken.
        """
        row = language_of(snapshot.language_id, snapshot.uri)
        if row is None or len(snapshot) > self._largest or self._rests(snapshot.uri):
            return None
        known = self._trees.get(snapshot.uri)
        if known is None or known.snapshot is not snapshot:
            edits: Sequence[Edit] | None = None
            if known is not None and known.row is row and known.snapshot.serial <= snapshot.serial:
                later = edits_since(known.snapshot)
                count = snapshot.serial - known.snapshot.serial
                edits = later[:count] if later is not None and len(later) >= count else None
            known = self._parse(row, snapshot, known, edits)
        if known is not None:
            self._keep(known)
        return known

    def forget(self, uri: str) -> None:
        """Drop what is kept of a document that was closed."""
        self._trees.pop(uri, None)
        self._resting.pop(uri, None)

    def _rests(self, uri: str) -> bool:
        until = self._resting.get(uri)
        if until is not None and self._clock() >= until:
            del self._resting[uri]
            until = None
        return until is not None

    def _parse(
        self, row: Row, snapshot: DocumentSnapshot, known: Parsed | None, edits: Sequence[Edit] | None
    ) -> Parsed | None:
        syntax = syntax_of(row)
        parser = self._parsers.get(row.name)
        if parser is None:
            parser = self._parsers[row.name] = syntax.parser()
        turns = Turns(self._clock, self._limit_s)
        try:
            if known is None or edits is None:
                return parse_whole(parser, syntax, snapshot, turns)
            return parse_changes(parser, known, snapshot, edits, turns)
        except TooSlow:
            self._resting[snapshot.uri] = self._clock() + self._rest_s
            self._trees.pop(snapshot.uri, None)
            return None

    def _keep(self, parsed: Parsed) -> None:
        """Make a tree the last to go."""
        self._trees.pop(parsed.snapshot.uri, None)
        self._trees[parsed.snapshot.uri] = parsed
        while len(self._trees) > self._most:
            self._trees.popitem(last=False)


class Turns:
    """Hands the interpreter lock over now and then, and knows when the time is up."""

    def __init__(self, clock: Callable[[], float], limit_s: float) -> None:
        self._clock = clock
        self._end = clock() + limit_s
        self._last = time.perf_counter()
        self._is_over = False

    def is_over(self) -> bool:
        """Asked by the parser every hundred steps or so, and between our own; True stops them, and stays."""
        if time.perf_counter() - self._last > _SHARE:
            time.sleep(_TURN)
            self._last = time.perf_counter()
            self._is_over = self._is_over or self._clock() > self._end
        return self._is_over


def parse_whole(parser: Parser, syntax: Syntax, snapshot: DocumentSnapshot, turns: Turns) -> Parsed:
    """A tree from nothing. Raises TooSlow."""
    tree = _run(parser, snapshot, None, turns)
    outline = read_outline(tree.root_node, syntax.outline, snapshot.slice, len(snapshot), turns.is_over)
    return _ready(Parsed(snapshot, syntax, tree, outline), turns)


def _ready(parsed: Parsed, turns: Turns) -> Parsed:
    """With all that facts ask of an outline worked out."""
    turns.is_over()
    _ = parsed.outline.parents
    turns.is_over()
    _ = parsed.outline.starts
    return parsed


def parse_changes(
    parser: Parser, known: Parsed, snapshot: DocumentSnapshot, edits: Sequence[Edit], turns: Turns
) -> Parsed:
    """A tree from an older one and the edits made since. Raises TooSlow."""
    old, at = known.tree.copy(), known.snapshot
    for edit in edits:
        after = at.replace(edit, at.version)
        # What a `\r` means depends on the character behind it: the one before the edit is part of the change.
        start, end = max(0, min(edit.span.start, len(at)) - 1), min(edit.span.end, len(at))
        new_end = end + len(after) - len(at)
        turns.is_over()
        old.edit(start, end, new_end, _point(at, start), _point(at, end), _point(after, new_end))
        at = after
    change = hull(edits)
    if change is None or (len(at), at.line_count) != (len(snapshot), snapshot.line_count):
        return parse_whole(parser, known.syntax, snapshot, turns)
    tree = _run(parser, snapshot, old, turns)
    turns.is_over()
    changed = [(r.start_byte, r.end_byte) for r in old.changed_ranges(tree)]
    turns.is_over()
    wide = change._replace(start=max(0, change.start - 1))
    query = known.syntax.outline
    outline = move_outline(known.outline, wide, changed, tree.root_node, query, snapshot.slice, turns.is_over)
    return _ready(Parsed(snapshot, known.syntax, tree, outline), turns)


def _run(parser: Parser, snapshot: DocumentSnapshot, old: Tree | None, turns: Turns) -> Tree:
    def read(offset: int, _point: Point) -> bytes:
        # One character more says whether a `\r` at the end stands alone.
        return tree_bytes(snapshot.slice(offset, offset + _READ + 1))[:_READ]

    def progress(_offset: int, _has_error: bool) -> bool:
        return turns.is_over()

    try:
        if old is None:
            tree = parser.parse(read, encoding="utf8", progress_callback=progress)
        else:
            tree = parser.parse(read, old, "utf8", progress)
    except ValueError:  # how the binding says that the progress callback stopped it
        parser.reset()
        raise TooSlow from None
    if has_long_run(tree.root_node, turns.is_over):
        raise TooSlow
    return tree


def _point(snapshot: DocumentSnapshot, offset: int) -> tuple[int, int]:
    """Row and column as the parser counts them: one byte per character, and its line ends are ours."""
    return snapshot.line_and_column_at(offset)

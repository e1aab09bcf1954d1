"""What a parsed file says about the place of the cursor: pure functions over a tree; all spans are offsets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tree_sitter import Node, Query, QueryCursor, Tree

from ai_lsp.context.languages import Row, Syntax
from ai_lsp.context.syntax_lines import (
    block_by_lines,
    enclosing_by_lines,
    imports_by_lines,
    indentation,
    words_near,
)
from ai_lsp.context.syntax_outline import Definition, Outline
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Span

REACH = 2_000
"""Characters on either side of the cursor in which names count as near."""

MOST_NAMES = 64

_ODD = re.compile(r"[^\x01-\x7f]|\r(?!\n)")
_NOT_INSIDE = frozenset("})];")  # a definition that ends with one of these is over behind it
_CALLABLES = frozenset({"function", "method", "macro", "line"})
_HOLDERS = frozenset(
    {"class", "interface", "struct", "enum", "trait", "impl", "module", "key", "table", "section"}
)
_HOLDERS |= {"rule", "element"}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A snapshot with its tree. The tree's bytes are the snapshot's offsets, see `tree_bytes`."""

    snapshot: DocumentSnapshot
    syntax: Syntax
    tree: Tree
    outline: Outline

    @property
    def row(self) -> Row:
        return self.syntax.row


@dataclass(frozen=True, slots=True)
class SyntaxFacts:
    """What is known at a cursor.

    `enclosing` goes from the outermost definition to the innermost; `previous` and `following` are the
    definitions beside the one being written, in the same scope; `block` is the smallest block around the cursor;
    `names` are those used nearby, nearest first, without the one under the cursor. `parents` has for each of
    `definitions` the index of the one that holds it, or -1.
    """

    enclosing: tuple[Definition, ...]
    previous: Definition | None
    following: Definition | None
    block: Span | None
    is_in_string: bool
    is_in_comment: bool
    names: tuple[str, ...]
    imports: tuple[Span, ...]
    definitions: tuple[Definition, ...]
    parents: tuple[int, ...]


def tree_bytes(text: str) -> bytes:
    """Text for the parser, one byte per character, so that its byte numbers are our offsets, for any text.

    Letters outside ASCII become `_` (`Z` where upper case), blanks a form feed, all else `?`: the tree is the
    same as far as any fact goes. A lone `\\r`, which ends a line for us but not for the parser, becomes `\\n`;
    NUL, which ends the file for some scanners, becomes `?`.
    """
    if text.isascii() and "\r" not in text and "\0" not in text:
        return text.encode("ascii")
    return _ODD.sub(_plain, text).encode("ascii")


def _plain(match: re.Match[str]) -> str:
    char = match[0]
    if char == "\r":
        return "\n"
    if char.isidentifier() or f"a{char}".isidentifier():
        return "Z" if char.isupper() else "_"
    return "\f" if char.isspace() or char in "\u200b\u2060\ufeff" else "?"


def facts(parsed: Parsed, cursor: int) -> SyntaxFacts:
    """What is known at an offset, which is clamped to the document."""
    snapshot, outline = parsed.snapshot, parsed.outline
    cursor = min(max(0, cursor), len(snapshot))
    chain = enclosing_indexes(parsed, cursor)
    enclosing = tuple(outline.definitions[i] for i in reversed(chain))
    errors = _errors(parsed, cursor, cursor)
    if errors:
        inner = enclosing[-1].body_start if enclosing else 0
        enclosing += enclosing_by_lines(snapshot, cursor, max(0, errors[0][0], inner))
    previous, following = _siblings(outline, chain, cursor)
    quiet = _quiet(parsed, cursor)
    return SyntaxFacts(
        enclosing,
        previous,
        following,
        _block(parsed, cursor),
        quiet == "string",
        quiet == "comment",
        _names(snapshot, _spans(parsed.syntax.names, parsed.tree, cursor, REACH, "reference"), cursor),
        tuple(_trimmed(snapshot, span) for span in outline.imports),
        outline.definitions,
        outline.parents,
    )


def facts_by_lines(snapshot: DocumentSnapshot, cursor: int) -> SyntaxFacts:
    """What lines and indentation say at an offset of a file that has no tree."""
    cursor = min(max(0, cursor), len(snapshot))
    return SyntaxFacts(
        enclosing_by_lines(snapshot, cursor),
        None,
        None,
        block_by_lines(snapshot, cursor),
        False,
        False,
        _names(snapshot, words_near(snapshot, cursor, REACH), cursor),
        imports_by_lines(snapshot),
        (),
        (),
    )


def is_in_comment_or_string(parsed: Parsed, offset: int) -> bool:
    """Whether a character typed at an offset would belong to a comment or a string."""
    return _quiet(parsed, min(max(0, offset), len(parsed.snapshot))) in ("string", "comment")


def is_in_comment(parsed: Parsed, offset: int) -> bool:
    """Whether a character typed at an offset would belong to a comment."""
    return _quiet(parsed, min(max(0, offset), len(parsed.snapshot))) == "comment"


def enclosing_indexes(parsed: Parsed, cursor: int) -> list[int]:
    """Indexes of the outline's definitions around an offset, innermost first.

    Where indentation matters, a blank line below a body belongs to it as far as the cursor's column says so.
    """
    snapshot, outline = parsed.snapshot, parsed.outline
    anchor, column = _anchor(parsed, cursor)
    out = []
    for index in outline.chain(anchor):
        d = outline.definitions[index]
        if d.start < cursor < d.end or (
            cursor == d.end and snapshot.slice(cursor - 1, cursor) not in _NOT_INSIDE
        ):
            out.append(index)
        elif anchor < cursor and d.start < anchor <= d.end:
            line = snapshot.line(snapshot.line_at(d.start))
            if indentation(line) < column:
                out.append(index)
    return out


def _anchor(parsed: Parsed, cursor: int) -> tuple[int, int]:
    """Where to look for what encloses a cursor, and the cursor's column."""
    snapshot = parsed.snapshot
    at = snapshot.line_at(cursor)
    text = snapshot.line(at)
    if not parsed.row.is_indented or text.strip():
        return cursor, 0
    column = indentation(text[: cursor - snapshot.line_span(at).start])
    for number in range(at - 1, max(-1, at - 100), -1):
        above = snapshot.line(number)
        if above.strip():
            return snapshot.line_span(number).start + len(above.rstrip()), column
    return cursor, column


def _trimmed(snapshot: DocumentSnapshot, span: Span) -> Span:
    return Span(span.start, span.start + len(snapshot.slice(span.start, span.end).rstrip()))


def _siblings(outline: Outline, chain: list[int], cursor: int) -> tuple[Definition | None, Definition | None]:
    """The definitions before and after the one being written: the innermost one, unless that is a holder."""
    definitions, parents = outline.definitions, outline.parents
    symbol = next((i for i in chain if definitions[i].kind in _CALLABLES), None)
    if chain and definitions[chain[0]].kind in _HOLDERS:
        symbol = None
    scope = parents[symbol] if symbol is not None else (chain[0] if chain else -1)
    start = definitions[symbol].start if symbol is not None else cursor
    end = definitions[symbol].end if symbol is not None else cursor
    before = [
        i for i in range(max(0, scope), len(definitions)) if parents[i] == scope and definitions[i].end <= start
    ]
    after = [
        i for i in range(max(0, scope), len(definitions)) if parents[i] == scope and definitions[i].start >= end
    ]
    return _nearest(outline, reversed(before)), _nearest(outline, after)


def _nearest(outline: Outline, indexes: Iterable[int]) -> Definition | None:
    """The first with a body, else the first of all: a field says less about its neighbours than a method does."""
    found = [outline.definitions[i] for i in indexes]
    return next((d for d in found if d.body_start >= 0), found[0] if found else None)


def _captures(query: Query, tree: Tree, start: int, end: int) -> dict[str, list[Node]]:
    near = QueryCursor(query)
    near.set_byte_range(max(0, start), end)
    return near.captures(tree.root_node)


def _spans(query: Query, tree: Tree, cursor: int, reach: int, capture: str) -> list[tuple[int, int]]:
    found = _captures(query, tree, cursor - reach, cursor + reach).get(capture, ())
    return [(node.start_byte, node.end_byte) for node in found]


def _names(snapshot: DocumentSnapshot, spans: Iterable[tuple[int, int]], cursor: int) -> tuple[str, ...]:
    low = max(0, cursor - 2 * REACH)
    text = snapshot.slice(low, cursor + 2 * REACH)
    out: dict[str, None] = {}
    for start, end in sorted(spans, key=lambda s: (max(s[0] - cursor, cursor - s[1]), s[0])):
        if start <= cursor <= end or start < low or end - low > len(text) or end - start > 200:
            continue
        out.setdefault(text[start - low : end - low])
        if len(out) == MOST_NAMES:
            break
    return tuple(out)


def _block(parsed: Parsed, cursor: int) -> Span | None:
    snapshot = parsed.snapshot
    anchor, column = _anchor(parsed, cursor)

    def holds(start: int, end: int) -> bool:
        if start < cursor < end or not parsed.row.is_indented or not start <= anchor <= end:
            return start < cursor < end
        return anchor == cursor or indentation(snapshot.line(snapshot.line_at(start))) <= column

    spans = _spans(parsed.syntax.blocks, parsed.tree, anchor, 1, "block")
    around = [(start, end) for start, end in spans if holds(start, end)]
    if not around:
        return None
    start, end = min(around, key=lambda s: s[1] - s[0])
    return Span(start, max(end, cursor))


def _quiet(parsed: Parsed, cursor: int) -> str | None:
    """ "string", "comment" or "code" of the smallest such node around an offset; None outside of all."""
    best: tuple[int, str] | None = None
    for name, nodes in _captures(parsed.syntax.quiet, parsed.tree, cursor - 1, cursor + 1).items():
        for node in nodes:
            start, end = node.start_byte, node.end_byte
            inside = start < cursor < end or (name == "text" and start <= cursor <= end)
            inside = inside or (cursor == end and name == "comment" and _runs_on(parsed, start, end))
            if inside and (best is None or end - start < best[0]):
                best = end - start, "string" if name == "text" else name
    if best is None and _is_quote_open(parsed, cursor):
        return "string"
    return best[1] if best else None


def _runs_on(parsed: Parsed, start: int, end: int) -> bool:
    """Whether a comment goes on with what is typed at its end: it ends with its line, or with the text."""
    text = parsed.snapshot.slice(start, end)
    marks = (parsed.row.line_comment, "//", "#") if parsed.row.line_comment else ()
    return any(mark and text.startswith(mark) for mark in marks) and not text.endswith(("\n", "\r"))


def _is_quote_open(parsed: Parsed, cursor: int) -> bool:
    """Whether the cursor's line, which the parser could not read, has a string open at the cursor."""
    snapshot = parsed.snapshot
    quotes = parsed.row.quotes
    if not quotes or not parsed.tree.root_node.has_error:
        return False
    start = snapshot.line_span(snapshot.line_at(cursor)).start
    if cursor - start > 2_000 or not _errors(parsed, start, cursor):
        return False
    opened, skip = "", False
    for char in snapshot.slice(start, cursor):
        if skip:
            skip = False
        elif char == "\\":
            skip = bool(opened)
        elif opened:
            opened = "" if char == opened else opened
        elif char in quotes:
            opened = char
    return bool(opened)


def _errors(parsed: Parsed, start: int, end: int) -> list[tuple[int, int]]:
    """The pieces touching a range that the parser could not read or had to think up, outermost first.

    By a query: `Node.first_child_for_byte` of tree-sitter 0.26.1 ends the process on some broken trees, which
    `test_incremental_trees_and_outlines_agree_with_fresh_ones` showed within seconds.
    """
    if not parsed.tree.root_node.has_error:
        return []
    nodes = _captures(parsed.syntax.errors, parsed.tree, start - 1, end + 1).get("error", ())
    found = [(node.start_byte, node.end_byte) for node in nodes]
    return sorted(((a, b) for a, b in found if a <= end and b >= start), key=lambda s: (s[0], -s[1]))

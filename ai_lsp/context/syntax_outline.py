"""The definitions and imports of a parsed file, and how they follow an edit without a look at the whole file."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from tree_sitter import Node, Query, QueryCursor

from ai_lsp.text.edit import Edit, Span

LONGEST_RUN = 2_000
"""Tokens that follow one another unread before a tree is of no use: queries look at each for each."""

_AT_ONCE = 1_000  # definitions moved between two turns

SLICE = 8_192
"""Offsets that one run of the outline query looks at; the caller may do other things between two runs."""


class Definition(NamedTuple):
    """A function, class, key, heading …: `kind` is the word of the query's `@definition.<kind>`.

    All numbers are offsets. The signature goes from `start` to `signature_end` and holds no body and no blank at
    its end; `body_start` is -1 where there is no body. A tuple, because a large file has thousands that move.
    """

    start: int
    end: int
    name_start: int
    signature_end: int
    body_start: int
    body_end: int
    name: str
    kind: str

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    @property
    def signature(self) -> Span:
        return Span(self.start, self.signature_end)

    @property
    def body(self) -> Span | None:
        return None if self.body_start < 0 else Span(self.body_start, self.body_end)


@dataclass(frozen=True)
class Outline:
    """Definitions ordered by start, outer before inner, and the spans of imports, some with their line end."""

    definitions: tuple[Definition, ...] = ()
    imports: tuple[Span, ...] = ()

    @cached_property
    def starts(self) -> list[int]:
        return [d.start for d in self.definitions]

    @cached_property
    def parents(self) -> tuple[int, ...]:
        """For each definition the index of the one that holds it, or -1. Two with the same span are siblings."""
        out: list[int] = []
        above: list[tuple[int, int, int]] = []
        for index, (start, end, *_) in enumerate(self.definitions):
            while above and (above[-1][1] < end or above[-1][:2] == (start, end)):
                above.pop()
            out.append(above[-1][2] if above else -1)
            above.append((start, end, index))
        return tuple(out)

    def chain(self, offset: int) -> list[int]:
        """The definitions that start at or before an offset and hold its predecessor, innermost first.

        Every definition that holds the offset is among them; so may be some that end before it.
        """
        index = bisect_right(self.starts, offset) - 1
        out = []
        while index >= 0:
            out.append(index)
            index = self.parents[index]
        return out


class Change(NamedTuple):
    """Several edits as one: the old text of `start..old_end` became that of `start..new_end`."""

    start: int
    old_end: int
    new_end: int


def hull(edits: Iterable[Edit]) -> Change | None:
    """The smallest single change that holds all edits, each made on the text after the one before."""
    out: Change | None = None
    for edit in edits:
        start, end = edit.span.start, edit.span.end
        if out is None:
            out = Change(start, end, end + edit.growth)
            continue
        beyond = max(0, end - out.new_end)
        out = Change(min(out.start, start), out.old_end + beyond, out.new_end + beyond + edit.growth)
    return out


class TooSlow(Exception):
    """Reading a file took more than its time. Never leaves the modules of syntax."""


def has_long_run(root: Node, is_over: Callable[[], bool]) -> bool:
    """Whether a broken tree holds a run of bare tokens in which queries would take quadratic time.

    `((((((` is such a file. Queries cannot be stopped: the progress callback of tree-sitter 0.26.1's query cursor
    ends the process. Raises TooSlow when `is_over` says so.
    """
    waiting = [root] if root.has_error else []
    while waiting:
        node = waiting.pop()
        walk, run = node.walk(), 0
        more = walk.goto_first_child()
        while more:
            child = walk.node
            if child is None:
                break
            run = 0 if child.is_named else run + 1
            if run > LONGEST_RUN:
                return True
            if child.has_error:
                waiting.append(child)
            if is_over():
                raise TooSlow
            more = walk.goto_next_sibling()
    return False


def read_outline(
    root: Node,
    query: Query,
    read: Callable[[int, int], str],
    size: int,
    is_over: Callable[[], bool],
    slices: int | None = None,
) -> Outline:
    """The outline of a whole file of `size` offsets. `read` gives text; `is_over` is asked between slices.

    Every slice is looked for from the start of the tree: `slices` bounds their number where the whole is wanted
    soon. Raises TooSlow when `is_over` says so.
    """
    found: dict[tuple[int, int, int], Definition] = {}
    imports: set[tuple[int, int]] = set()
    step = SLICE if slices is None else max(SLICE, size // slices + 1)
    for start in range(0, max(size, 1), step):
        _collect(root, query, read, start, min(start + step, size) + 1, found, imports)
        if is_over():
            raise TooSlow
    return Outline(tuple(sorted(found.values(), key=_place)), _spans(imports))


def move_outline(
    old: Outline,
    change: Change,
    changed: Sequence[tuple[int, int]],
    root: Node,
    query: Query,
    read: Callable[[int, int], str],
    turn: Callable[[], object],
) -> Outline:
    """The outline after a change: what the change cannot have touched is moved, the rest is read again.

    `changed` are the ranges whose structure differs between the old tree and the new one, in new offsets.
    `turn` is called between steps: the caller may let others run.
    """
    growth = change.new_end - change.old_end
    start = min((change.start, *(a for a, _ in changed)))
    end = max((change.new_end, *(b for _, b in changed)))
    found: dict[tuple[int, int, int], Definition] = {}
    imports: set[tuple[int, int]] = set()
    _collect(root, query, read, max(0, start - 1), end + 1, found, imports)
    turn()
    before = [d for d in old.definitions if d.end < start]
    turn()
    after = old.definitions[bisect_right(old.starts, end - growth) :]
    moved: list[Definition] = []
    for at in range(0, len(after), _AT_ONCE):
        moved += [_moved(d, growth) for d in after[at : at + _AT_ONCE]]
        turn()
    inner = [d for d in found.values() if d.end >= start and d.start <= end]
    spans = {(s.start, s.end) for s in old.imports if s.end < start}
    spans |= {(s.start + growth, s.end + growth) for s in old.imports if s.start > end - growth}
    spans |= {(a, b) for a, b in imports if b >= start and a <= end}
    definitions = before + moved  # still in order; only those around the change, and at it, find their places
    for d in inner:
        insort(definitions, d, key=_place)
    return Outline(tuple(definitions), _spans(spans))


def _moved(d: Definition, by: int) -> Definition:
    if by == 0:
        return d
    start, end, name_start, signature_end, body_start, body_end, name, kind = d
    if body_start < 0:
        return Definition(start + by, end + by, name_start + by, signature_end + by, -1, -1, name, kind)
    return Definition(
        start + by, end + by, name_start + by, signature_end + by, body_start + by, body_end + by, name, kind
    )


def _place(d: Definition) -> tuple[int, int, int]:
    return d.start, -d.end, d.name_start


def _spans(pairs: Iterable[tuple[int, int]]) -> tuple[Span, ...]:
    return tuple(Span(a, b) for a, b in sorted(pairs))


def _collect(
    root: Node,
    query: Query,
    read: Callable[[int, int], str],
    start: int,
    end: int,
    found: dict[tuple[int, int, int], Definition],
    imports: set[tuple[int, int]],
) -> None:
    """Add what the query finds in a range. Where two patterns agree on a name, the earlier one holds."""
    cursor = QueryCursor(query)
    cursor.set_byte_range(start, end)
    for _, captures in sorted(cursor.matches(root), key=lambda match: match[0]):
        imports.update((node.start_byte, node.end_byte) for node in captures.get("import", ()))
        for capture, nodes in captures.items():
            if capture.startswith("definition."):
                definition = _definition(capture[11:], nodes[0], captures, read)
                found.setdefault((definition.start, definition.end, definition.name_start), definition)


def _definition(
    kind: str, node: Node, captures: dict[str, list[Node]], read: Callable[[int, int], str]
) -> Definition:
    start, end = node.start_byte, node.end_byte
    body = captures["body"][0] if "body" in captures else None
    name, wraps = captures["name"][0] if "name" in captures else None, False
    while name is not None and (inner := _declared(name)) is not None:
        wraps = wraps or name.type == "function_declarator"
        name = inner
    if wraps and kind in ("variable", "field"):
        kind = "function" if kind == "variable" else "method"
    name_start = start if name is None else name.start_byte
    text = "" if name is None else read(name_start, name.end_byte)
    body_start, body_end = (-1, -1) if body is None else (body.start_byte, body.end_byte)
    if "signature" in captures:
        signature_end = captures["signature"][0].end_byte
        body_start = max(body_start, signature_end) if body is not None else -1
    else:
        signature_end = end if body is None else body_start
        error = (
            next((c for c in node.children if c.is_error), None) if body is not None and node.has_error else None
        )
        if error is not None and name_start < error.start_byte < signature_end:
            # Text in the making above the body: it is no part of the signature, which goes as far as was read.
            signature_end = body_start = error.start_byte
    signature_end = start + len(read(start, signature_end).rstrip())
    return Definition(start, end, name_start, signature_end, body_start, body_end, text, kind)


def _declared(node: Node) -> Node | None:
    """What a C declarator such as `*name(int)` declares, one layer down; None for a plain name."""
    return node.named_child(0) if node.type == "reference_declarator" else node.child_by_field_name("declarator")

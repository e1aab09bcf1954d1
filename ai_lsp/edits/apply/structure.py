"""The definitions of a text as ranges of lines, by tree-sitter, for texts that are whole and for sketches."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from tree_sitter import Parser, Point, Query, QueryCursor, Tree

from ai_lsp.context.languages import Row, Syntax, language_of, syntax_of
from ai_lsp.context.syntax_facts import tree_bytes
from ai_lsp.context.syntax_outline import (
    Change,
    Definition,
    Outline,
    TooSlow,
    has_long_run,
    move_outline,
    read_outline,
)
from ai_lsp.edits.apply.brackets import closed
from ai_lsp.edits.apply.lines import FileLines, indent_of, key_of
from ai_lsp.edits.markers import is_marker
from ai_lsp.text.edit import Edit

UNITS = frozenset(
    ("function", "method", "class", "interface", "struct", "enum", "trait", "impl", "module", "macro", "type")
)
"""Kinds of definitions that are matched by name, and never lost unmentioned."""

IsOver = Callable[[], bool]
"""Asked now and then; True stops the work. The caller may let others run meanwhile."""

_READ = 65_536
_RECEIVER = re.compile(r"func\s*\(\s*(?:\w+\s+)?\*?\s*(\w+)")
_HEAD = re.compile(r"\s*(?:@|def\s|class\s|async\s+def\s)")
_TESTS_OF_JAVASCRIPT = """
(expression_statement (call_expression
  function: [(identifier) (member_expression)] arguments: (arguments . [(string) (template_string)] @name
    (_)? [(arrow_function body: (statement_block) @body)
          (function_expression body: (statement_block) @body)]))) @unit
(expression_statement (assignment_expression left: (member_expression) @name
  right: [(arrow_function body: (statement_block) @body)
          (function_expression body: (statement_block) @body)])) @unit
"""
_TESTS = {
    "javascript": _TESTS_OF_JAVASCRIPT,
    "typescript": _TESTS_OF_JAVASCRIPT,
    "tsx": _TESTS_OF_JAVASCRIPT,
    "ruby": """
(call !receiver method: (identifier) arguments: (argument_list . [(string) (constant)] @name)
  block: (do_block) @body) @unit
""",
}
"""What test runners call with a name and a function, and functions that are assigned: definitions for us, told by
that name."""

_CLOSERS = re.compile(r"[\])}>;,]|end\b|else\b|elif\b|except\b|finally\b|catch\b|rescue\b|case\b|default\b|\.")


@dataclass(frozen=True, slots=True)
class Unit:
    """A definition: lines `[first, last)`, its head `[first, body)`; `body` is `last` where there is none.

    `name` tells it from its siblings; `word` is the bare name. `parent` is an index, or -1. `is_open`: a sketch
    leaves its end out.
    """

    name: str
    word: str
    kind: str
    first: int
    body: int
    last: int
    parent: int
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Structure:
    """The units of a text in order, outer ones first; `is_broken` says that some of it is no code.

    `parsed` is what another structure can be made from after an edit.
    """

    units: tuple[Unit, ...]
    is_broken: bool
    parsed: tuple[Tree, Outline] | None = field(default=None, compare=False, repr=False)

    def children(self, parent: int) -> list[int]:
        """The units directly inside of one; -1 is the file."""
        return [index for index, unit in enumerate(self.units) if unit.parent == parent]


def structure_of(file: FileLines, row: Row | None, is_over: IsOver) -> Structure | None:
    """The definitions of a whole file; None without a grammar or where it cannot be parsed in time."""
    if row is None:
        return None
    tree = _parse(file.text, syntax_of(row), is_over)
    return None if tree is None else _structure(file, file.text, syntax_of(row), tree, is_over)


def structure_after(
    old: Structure, before: FileLines, now: FileLines, edits: Sequence[Edit], row: Row, is_over: IsOver
) -> Structure | None:
    """The structure of a text after edits, of which only what they touch is parsed anew."""
    if old.parsed is None or not edits:
        return structure_of(now, row, is_over)
    tree, outline = old.parsed
    start, end = edits[0].span.start, edits[-1].span.end
    change = Change(start, end, end + len(now.text) - len(before.text))
    moved = tree.copy()
    moved.edit(
        start, end, change.new_end, _point(before, start), _point(before, end), _point(now, change.new_end)
    )
    syntax = syntax_of(row)
    new = _parse(now.text, syntax, is_over, moved)
    if new is None:
        return None
    changed = [(r.start_byte, r.end_byte) for r in moved.changed_ranges(new)]

    def turn() -> None:
        if is_over():
            raise TooSlow

    def read(a: int, b: int) -> str:
        return now.text[a:b]

    try:
        outline = move_outline(outline, change, changed, new.root_node, syntax.outline, read, turn)
    except TooSlow:
        return None
    return _units(now, now.text, syntax, new, outline)


def _point(file: FileLines, offset: int) -> Point:
    line = max(0, bisect_right(file.offsets, offset) - 1)
    start = file.offsets[line] if line else 0
    return Point(line, offset - start)


def sketch_structure(file: FileLines, row: Row | None, is_over: IsOver) -> Structure | None:
    """The definitions of a sketch. Those whose end is left out reach to the marker or the next outer line."""
    if row is None:
        return None
    syntax = syntax_of(row)
    texts = _parseable(file, row)
    trees = [(text, tree) for text in texts if (tree := _parse(text, syntax, is_over)) is not None]
    if not trees:
        return None
    text, tree = next((t for t in trees if not t[1].root_node.has_error), trees[-1])
    found = _structure(file, text, syntax, tree, is_over)
    return None if found is None else _clipped(found, file)


def language(language_id: str, uri: str) -> Row | None:
    """The row of a language that has definitions."""
    return language_of(language_id, uri)


def _parseable(file: FileLines, row: Row) -> list[str]:
    """A sketch as texts of the same lines that the grammar may read: where a block needs a statement, one stands
    in for each marker, and hidden brackets are closed. The last is the best where none can be read."""
    depth = min((len(indent_of(line)) for line in file.raw if line.strip()), default=0)
    full = [line[depth:] if line.strip() else line.lstrip(" \t") for line in file.full]
    if not row.is_indented:
        return ["".join(full), "".join(closed(full))] if row.opener == "{" else ["".join(full)]
    if row.name != "python":
        return ["".join(full)]
    return ["".join(full), "".join(_with_statements(full))]


def _with_statements(lines: Sequence[str]) -> list[str]:
    """A statement for each marker; the end of a block whose beginning is hidden is left out."""
    out = list(lines)
    for n, line in enumerate(lines):
        if not is_marker(line.rstrip("\r\n")):
            continue
        indent = indent_of(line)
        following = [k for k in range(n + 1, min(n + 60, len(lines))) if lines[k].strip()]
        head = next((k for k in following if _HEAD.match(lines[k]) or is_marker(lines[k].rstrip("\r\n"))), None)
        if head is not None and following[0] < head and _HEAD.match(lines[head]):
            depth = indent_of(lines[head])
            if all(len(indent_of(lines[k])) > len(depth) for k in following if k < head):
                out[n + 1 : head] = ["\n"] * (head - n - 1)
                indent = depth
        out[n] = indent + "pass\n"
    return out


def _parse(text: str, syntax: Syntax, is_over: IsOver, old: Tree | None = None) -> Tree | None:
    data = tree_bytes(text)

    def read(offset: int, _point: Point) -> bytes:
        return data[offset : offset + _READ]

    def progress(_offset: int, _has_error: bool) -> bool:
        return is_over()

    parser: Parser = syntax.parser()
    try:
        if old is None:
            tree = parser.parse(read, encoding="utf8", progress_callback=progress)
        else:
            tree = parser.parse(read, old, encoding="utf8", progress_callback=progress)
        return None if has_long_run(tree.root_node, is_over) else tree
    except (ValueError, TooSlow):
        return None


def _structure(file: FileLines, text: str, syntax: Syntax, tree: Tree, is_over: IsOver) -> Structure | None:
    try:
        outline = read_outline(tree.root_node, syntax.outline, lambda a, b: text[a:b], len(text), is_over, 8)
    except TooSlow:
        return None
    return _units(file, text, syntax, tree, outline)


def _units(file: FileLines, text: str, syntax: Syntax, tree: Tree, outline: Outline) -> Structure:
    starts = file.offsets if text == file.text else FileLines(text).offsets
    units: list[Unit] = []
    definitions = [d for d in outline.definitions if d.kind in UNITS]
    if syntax.row.name in _TESTS:
        definitions = sorted([*definitions, *_tests(tree, syntax, text)], key=lambda d: (d.start, -d.end))
    above: list[tuple[int, int]] = []  # (index of the unit, last line)
    for definition in definitions:
        first = _line(starts, definition.start)
        last = _line(starts, max(definition.start, definition.end - 1)) + 1
        while above and above[-1][1] <= first:
            above.pop()
        if above and (last > above[-1][1] or first == units[above[-1][0]].first):
            continue  # shares a line with another: what is on one line changes as one
        parent = above[-1][0] if above else -1
        units.append(_unit(definition, text, starts, syntax.row, (first, last, parent)))
        above.append((len(units) - 1, last))
    return Structure(_distinct(units, file), tree.root_node.has_error, (tree, outline))


@cache
def _test_query(syntax: Syntax) -> Query:
    return Query(syntax.grammar, _TESTS[syntax.row.name])


def _tests(tree: Tree, syntax: Syntax, text: str) -> list[Definition]:
    out = []
    for _, found in QueryCursor(_test_query(syntax)).matches(tree.root_node):
        unit, name, body = found["unit"][0], found["name"][0], found["body"][0]
        word = text[name.start_byte : name.end_byte]
        at = body.start_byte
        out.append(
            Definition(unit.start_byte, unit.end_byte, name.start_byte, at, at, body.end_byte, word, "function")
        )
    return out


def _unit(
    definition: Definition, text: str, starts: Sequence[int], row: Row, where: tuple[int, int, int]
) -> Unit:
    """`where` has its first line, the one behind its last, and its parent."""
    first, last, parent = where
    body = last
    if definition.body_start >= 0:
        body = _line(starts, definition.body_start)
        if not row.is_indented or body == first:
            body += 1
        body = min(body, last)
        # The grammar gives comments above the first statement to nobody; they are part of the body.
        while row.is_indented and body - 1 > first and _is_remark(text[starts[body - 1] : starts[body]]):
            body -= 1
    word = definition.name
    name = word
    if definition.kind == "impl":
        name = key_of(text[definition.start : definition.signature_end])
    elif row.name == "go" and definition.kind == "method":
        match = _RECEIVER.match(text[definition.start : definition.signature_end])
        name = f"{match[1]}.{word}" if match else word
    return Unit(name, word, definition.kind, first, body, last, parent)


def _is_remark(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _line(starts: Sequence[int], offset: int) -> int:
    return bisect_right(starts, offset) - 1


def _distinct(units: Sequence[Unit], file: FileLines) -> tuple[Unit, ...]:
    """Overloads, which share a name within a parent, are told apart by their heads."""
    counts: dict[tuple[int, str], int] = {}
    for unit in units:
        counts[unit.parent, unit.name] = counts.get((unit.parent, unit.name), 0) + 1
    return tuple(
        replace(unit, name=key_of(" ".join(file.raw[unit.first : max(unit.body, unit.first + 1)])))
        if counts[unit.parent, unit.name] > 1
        else unit
        for unit in units
    )


def _clipped(found: Structure, file: FileLines) -> Structure:
    """Units of a sketch end where a line says so, whatever a tree makes of text with holes."""
    units: list[Unit] = []
    where: dict[int, int] = {-1: -1}
    for index, unit in enumerate(found.units):
        has_hole = any(map(is_marker, file.raw[unit.first : unit.last]))
        end = _end_by_indentation(unit, file) if has_hole or found.is_broken else unit.last
        if end < unit.last:
            unit = replace(unit, last=end, body=min(unit.body, end), is_open=True)
        hole = next((n for n in range(unit.first + 1, unit.last) if is_marker(file.raw[n])), unit.last)
        if hole < unit.body:
            unit = replace(unit, body=hole if unit.body == unit.last else unit.body)
        if unit.last > unit.first + 1 and is_marker(file.raw[unit.last - 1]):
            unit = replace(unit, is_open=True)
        parent = unit.parent
        while parent >= 0 and (where[parent] < 0 or units[where[parent]].last <= unit.first):
            parent = found.units[parent].parent
        where[index] = len(units)
        units.append(replace(unit, parent=where[parent]))
    return Structure(tuple(units), found.is_broken)


def _end_by_indentation(unit: Unit, file: FileLines) -> int:
    depth = len(indent_of(file.raw[unit.first]).expandtabs(4))
    for number in range(unit.body, unit.last):
        line = file.raw[number]
        if not line.strip() or len(indent_of(line).expandtabs(4)) > depth:
            continue
        if is_marker(line):
            return number
        if not _CLOSERS.match(line.lstrip()) and not line.lstrip().startswith(
            ("#", "//", "*", '"""', "'''", "{")
        ):
            return number
    return unit.last

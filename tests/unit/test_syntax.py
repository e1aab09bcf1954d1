"""Trees and facts: a golden text per language and oddity, laws of incremental parsing, limits, threads."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lsp.context.languages import LANGUAGES, Row, syntax_of
from ai_lsp.context.syntax import (
    Parsed,
    SyntaxTrees,
    Turns,
    facts,
    facts_by_lines,
    is_in_comment_or_string,
    parse_changes,
    parse_whole,
)
from ai_lsp.context.syntax_facts import SyntaxFacts, tree_bytes
from ai_lsp.context.syntax_outline import Change, Definition, hull, read_outline
from ai_lsp.lsp.documents import Documents
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span, apply
from tests import marks

FOLDER = Path(__file__).parents[1] / "golden" / "syntax"
FILES = sorted(FOLDER.glob("*.txt"))
SECTION = re.compile(r"^-- (@?[\w./]+) --\n", re.MULTILINE)


def unknown(_: DocumentSnapshot) -> Sequence[Edit] | None:
    """No edits are known: the file is parsed whole."""
    return None


@pytest.fixture
def trees() -> SyntaxTrees:
    return SyntaxTrees()


def turns() -> Turns:
    return Turns(time.monotonic, 30)


def whole(row: Row, text: str) -> Parsed:
    syntax = syntax_of(row)
    return parse_whole(syntax.parser(), syntax, DocumentSnapshot("file:///x", 1, row.ids[0], text), turns())


PYTHON = next(row for row in LANGUAGES if row.name == "python")
RUST = next(row for row in LANGUAGES if row.name == "rust")


# What the facts are, language by language


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_golden(path: Path, trees: SyntaxTrees, request: pytest.FixtureRequest) -> None:
    preface, name, source, _, expected = SECTION.split(path.read_text(encoding="utf-8"))
    text, cursor = marks.read(source.replace("␠", " "))
    snapshot = DocumentSnapshot(f"file:///{name}", 1, "", text)
    parsed = trees.tree(snapshot, unknown)
    found = facts(parsed, cursor) if parsed else facts_by_lines(snapshot, cursor)
    result = described(snapshot, found)
    if request.config.getoption("--update-golden"):
        path.write_text(f"{preface}-- {name} --\n{source}-- @facts --\n{result}", encoding="utf-8")
        return
    assert result == expected, preface


def test_every_language_has_a_golden_file() -> None:
    assert {row.name for row in LANGUAGES} <= {path.stem for path in FILES}


def described(snapshot: DocumentSnapshot, found: SyntaxFacts) -> str:
    """Facts as a person reads them. Line ends inside of a text are shown as `⏎`."""

    def text(span: Span | None) -> str:
        return "none" if span is None else snapshot.slice(span.start, span.end).replace("\n", "⏎")

    def one(d: Definition | None) -> str:
        return "none" if d is None else f"{d.kind} {d.name}: {text(d.signature)}"

    place = "string" if found.is_in_string else "comment" if found.is_in_comment else "code"
    out = [f"in {place}", f"block: {text(found.block)}"]
    out += [f"inside {one(d)}" for d in found.enclosing]
    out += [f"previous {one(found.previous)}", f"following {one(found.following)}"]
    out += [f"names: {' '.join(found.names)}"]
    out += [f"import {text(span)}" for span in found.imports]
    depth: list[int] = []
    for parent, d in zip(found.parents, found.definitions, strict=True):
        depth.append(0 if parent < 0 else depth[parent] + 1)
        size = "" if d.body is None else f" ({len(d.body)})"
        out.append(f"{'  ' * depth[-1]}- {one(d)}{size}")
    return "\n".join(out) + "\n"


# Where the cursor is


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ('x = "a▮b"', True),
        ('x = "▮"', True),
        ('x = ▮"ab"', False),
        ('x = "ab"▮', False),
        ("x = 1  # no▮te", True),
        ("x = 1  # note▮", True),
        ("x = 1  # note▮\ny = 2", True),
        ("x = 1  # note\n▮y = 2", False),
        ("x = 1  ▮# note", False),
        ('f"a {b▮} c"', False),
        ('f"a {b} ▮c"', True),
        ('"""a\n▮\nb"""', True),
        ('x = "not closed▮\ny = 1', True),
        ("print('it is▮", True),
        ("▮", False),
    ],
)
def test_in_comment_or_string(marked: str, expected: bool) -> None:
    text, cursor = marks.read(marked)
    assert is_in_comment_or_string(whole(PYTHON, text), cursor) is expected


def test_a_lifetime_opens_no_string() -> None:
    text, cursor = marks.read("fn f<'a>(x: &'a str, ▮ {")
    assert not is_in_comment_or_string(whole(RUST, text), cursor)


@pytest.mark.parametrize("offset", [-5, 0, 3, 999])
def test_offsets_outside_of_the_document_are_clamped(offset: int) -> None:
    parsed = whole(PYTHON, "x=1")
    assert not is_in_comment_or_string(parsed, offset)
    assert facts(parsed, offset).definitions[0].name == "x"


@pytest.mark.parametrize("row", LANGUAGES, ids=lambda row: row.name)
def test_facts_of_an_empty_file(row: Row) -> None:
    found = facts(whole(row, ""), 0)
    assert (found.enclosing, found.names, found.imports, found.definitions) == ((), (), (), ())


# Laws

ANY = st.text(st.characters(categories=None, exclude_characters="\r\n"), max_size=12)
NAMES = st.from_regex(r"[A-Za-z_éßжñ名前Ünïªº][A-Za-z_0-9éßжñ名前]{0,6}", fullmatch=True)


@given(st.text(st.characters(categories=None)))
def test_the_parser_reads_one_byte_per_character(text: str) -> None:
    assert len(tree_bytes(text)) == len(text)
    assert tree_bytes(text).count(b"\n") == DocumentSnapshot("u", 1, "", text).line_count - 1


@given(st.lists(st.tuples(ANY, NAMES, ANY), max_size=8), st.sampled_from(["\n", "\r\n", "\r"]))
def test_offsets_are_exact_behind_any_text(parts: list[tuple[str, str, str]], end: str) -> None:
    """Astral characters, lone surrogates, U+2028 and control characters in comments and strings."""
    text = ""
    expected = []
    for comment, name, literal in parts:
        text += f"# {comment}{end}"
        expected.append((len(text), f"def d_{name}(x):"))
        quoted = literal.replace("\\", "").replace('"', "").replace("{", "")
        text += f'def d_{name}(x):{end}    return "{quoted}"{end}'
    found = whole(PYTHON, text).outline.definitions
    assert [(d.start, text[d.start : d.signature_end]) for d in found] == expected
    assert [d.name for d in found] == [f"d_{name}" for _, name, _ in parts]


SOURCES = {path.stem: SECTION.split(path.read_text(encoding="utf-8"))[2].replace("▮", "") for path in FILES}
WORDS = [
    "",
    " ",
    "\n",
    "\r",
    "\r\n",
    "    ",
    "{",
    "}",
    "(",
    ")",
    '"',
    "'",
    "#",
    "//",
    "/*",
    "*/",
    ":",
    "-- ",
    "]]",
]
LINES = ["def f():\n    x\n", "class A {\n", "fn g() {}\n", "import a\n", "x = 1\n", "end\n"]
WIDE = ["é", "😀", "\ud800", "名", "\u2028", "\ufeff"]
PIECES = st.one_of(st.sampled_from(WORDS + LINES + WIDE), st.text(st.characters(categories=None), max_size=4))


@pytest.mark.parametrize("row", LANGUAGES, ids=lambda row: row.name)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_incremental_trees_and_outlines_agree_with_fresh_ones(row: Row, data: st.DataObject) -> None:
    """After any edits the moved outline is that of the tree; and the tree that of the text, where it is valid.

    (Where it is not, tree-sitter's recovery may choose differently when it starts from an older tree.)
    """
    syntax = syntax_of(row)
    parser = syntax.parser()
    text = SOURCES[row.name]
    snapshot = DocumentSnapshot("file:///x", 1, row.ids[0], text)
    parsed = parse_whole(parser, syntax, snapshot, turns())
    for _ in range(data.draw(st.integers(1, 4))):
        edits = []
        for _ in range(data.draw(st.integers(1, 3))):
            start = data.draw(st.integers(0, len(text)))
            end = min(len(text), start + data.draw(st.sampled_from([0, 0, 0, 1, 2, 5, 40])))
            edit = Edit(Span(start, end), data.draw(PIECES))
            text = apply(edit, text)
            snapshot = snapshot.replace(edit, snapshot.version + 1)
            edits.append(edit)
        parsed = parse_changes(parser, parsed, snapshot, edits, turns())
        assert snapshot.text == text
        assert parsed.tree.root_node.end_byte <= len(text)
        again = read_outline(parsed.tree.root_node, syntax.outline, snapshot.slice, len(snapshot), lambda: False)
        assert parsed.outline.definitions == again.definitions
        assert parsed.outline.imports == again.imports
        fresh = parse_whole(syntax.parser(), syntax, snapshot, turns())
        if not (fresh.tree.root_node.has_error or parsed.tree.root_node.has_error):
            assert str(fresh.tree.root_node) == str(parsed.tree.root_node)
            assert fresh.outline.definitions == parsed.outline.definitions
        check_facts(parsed, data.draw(st.integers(0, len(text))))


def check_facts(parsed: Parsed, cursor: int) -> None:
    """What holds of all facts: spans lie in the text, what encloses the cursor holds it, from outside inwards."""
    found = facts(parsed, cursor)
    size = len(parsed.snapshot)
    known = [d for d in found.enclosing if d.kind != "line"]
    for outer, inner in pairwise(known):
        assert outer.start <= inner.start
        assert inner.end <= outer.end
    for d in found.definitions:
        assert 0 <= d.start <= d.name_start <= d.end <= size
        assert d.start <= d.signature_end <= d.end
        if d.body is not None:
            assert d.signature_end <= d.body_start <= d.body_end <= d.end
    for d in found.enclosing:
        assert d.start < cursor
    if found.block is not None:
        assert found.block.start <= cursor <= found.block.end <= size
    assert not (found.is_in_string and found.is_in_comment)
    assert len(set(found.names)) == len(found.names)


@given(st.text("ab", max_size=12), st.data())
def test_the_hull_of_edits_holds_all_that_changed(text: str, data: st.DataObject) -> None:
    new, edits = text, []
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(new)))
        end = data.draw(st.integers(start, len(new)))
        edits.append(Edit(Span(start, end), data.draw(st.text("xyz", max_size=4))))
        new = apply(edits[-1], new)
    change = hull(edits)
    assert change is not None
    start, old_end, new_end = change
    assert text[:start] + new[start:new_end] + text[old_end:] == new


def test_no_edits_have_no_hull() -> None:
    assert hull([]) is None
    assert hull([Edit(Span(2, 3), "abc")]) == Change(2, 3, 5)


# The trees a session keeps


def large(lines: int) -> str:
    return "".join(f"def f{i}(a):\n    return [x for x in a if x > {i}]\n" for i in range(lines // 2))


class Editor:
    """A document that is typed into, as the server keeps it."""

    def __init__(self, text: str, language: str = "python", uri: str = "file:///x.py") -> None:
        self.documents, self.uri = Documents(), uri
        self.documents.open(uri, 1, language, text)

    @property
    def snapshot(self) -> DocumentSnapshot:
        snapshot = self.documents.get(self.uri)
        assert snapshot is not None
        return snapshot

    def insert(self, offset: int, text: str) -> None:
        at = dict(zip(("line", "character"), self.snapshot.position_at(offset), strict=True))
        change = {"range": {"start": at, "end": at}, "text": text}
        self.documents.change(self.uri, self.snapshot.version + 1, change)


def test_typing_is_followed_and_only_what_changed_is_read(trees: SyntaxTrees) -> None:
    editor = Editor(large(20_000))
    first = trees.tree(editor.snapshot, editor.documents.edits_since)
    assert first is not None
    for key in "x = 1":
        editor.insert(first.outline.definitions[5_000].end, key)
        parsed = trees.tree(editor.snapshot, editor.documents.edits_since)
        assert parsed is not None
        assert parsed.snapshot is editor.snapshot
    assert len(parsed.tree.changed_ranges(first.tree)) < 100
    assert trees.latest(editor.uri) is parsed


def test_a_long_run_of_open_brackets_has_no_tree_and_lines_say_what_is_known(trees: SyntaxTrees) -> None:
    """Queries on it would take seconds of the loop's time."""
    snapshot = DocumentSnapshot("file:///x.py", 1, "python", "def f():\n    " + "(" * 30_000)
    began = time.perf_counter()
    assert trees.tree(snapshot, unknown) is None
    found = facts_by_lines(snapshot, len(snapshot))
    assert [d.name for d in found.enclosing] == ["f"]
    assert time.perf_counter() - began < 3
    short = DocumentSnapshot("file:///y.py", 1, "python", "def f():\n    " + "(" * 300)
    assert trees.tree(short, unknown) is not None


def test_the_same_snapshot_is_parsed_once(trees: SyntaxTrees) -> None:
    editor = Editor("x = 1\n")
    one = trees.tree(editor.snapshot, editor.documents.edits_since)
    assert trees.tree(editor.snapshot, editor.documents.edits_since) is one


def test_a_parse_past_its_limit_is_given_up_and_its_document_rests() -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 0.4  # each look at the clock costs what a slow parse would
        return now[0]

    trees = SyntaxTrees(limit_s=1.0, rest_s=60.0, clock=clock)
    editor = Editor(large(20_000))
    began = time.perf_counter()
    assert trees.tree(editor.snapshot, editor.documents.edits_since) is None
    gave_up = time.perf_counter() - began
    assert trees.latest(editor.uri) is None
    small = Editor("x = 1\n", uri="file:///small.py")
    assert trees.tree(small.snapshot, small.documents.edits_since) is not None, "others are parsed as ever"
    editor.insert(0, "y")
    assert trees.tree(editor.snapshot, editor.documents.edits_since) is None, "an edit does not wake it"
    assert gave_up < 5
    now[0] += 61
    trees._limit_s = 1_000.0
    assert trees.tree(editor.snapshot, editor.documents.edits_since) is not None


def test_files_over_the_limit_and_unknown_languages_have_no_tree() -> None:
    trees = SyntaxTrees(largest=10)
    assert trees.tree(DocumentSnapshot("file:///a.py", 1, "python", "x = 1"), unknown) is not None
    assert trees.tree(DocumentSnapshot("file:///b.py", 1, "python", "x" * 11), unknown) is None
    assert trees.tree(DocumentSnapshot("file:///c", 1, "cobol", "x"), unknown) is None


def test_the_number_of_trees_is_bounded_and_the_oldest_use_goes_first() -> None:
    trees = SyntaxTrees(most=2)
    documents = [DocumentSnapshot(f"file:///{i}.py", 1, "python", f"x = {i}") for i in range(3)]
    trees.tree(documents[0], unknown)
    trees.tree(documents[1], unknown)
    trees.tree(documents[0], unknown)
    trees.tree(documents[2], unknown)
    assert [trees.latest(d.uri) is not None for d in documents] == [True, False, True]


def test_a_document_opened_again_is_parsed_again(trees: SyntaxTrees) -> None:
    editor = Editor("x = 1\n")
    for key in "abc":
        editor.insert(0, key)
    trees.tree(editor.snapshot, editor.documents.edits_since)
    trees.forget(editor.uri)
    assert trees.latest(editor.uri) is None
    again = Editor("def other(): pass\n")
    parsed = trees.tree(again.snapshot, again.documents.edits_since)
    assert parsed is not None
    assert [d.name for d in parsed.outline.definitions] == ["other"]
    assert trees.latest(editor.uri) is parsed


def test_edits_that_do_not_lead_to_the_snapshot_are_not_believed(trees: SyntaxTrees) -> None:
    first = DocumentSnapshot("file:///x.py", 1, "python", "def a(): pass\n")
    trees.tree(first, unknown)
    other = first.replace(Edit(Span(0, len(first)), "class Longer: pass\nx = 1\n"), 2)
    parsed = trees.tree(other, lambda _: [Edit(Span(0, 0), "!")])
    assert parsed is not None
    assert [d.name for d in parsed.outline.definitions] == ["Longer", "x"]


def test_a_line_of_a_megabyte_is_parsed_or_given_up_in_time() -> None:
    trees = SyntaxTrees(limit_s=2.0)
    began = time.perf_counter()
    for text in ("x = [" + "1, " * 350_000 + "]\n", "(" * 1_000_000, '"' + "a" * 1_000_000):
        trees.tree(DocumentSnapshot("file:///x.py", 1, "python", text), unknown)
        trees.forget("file:///x.py")
    assert time.perf_counter() - began < 30

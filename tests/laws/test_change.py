"""Laws of proposed changes: they move with the text or say that they cannot, and their diff is a diff."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lsp.text.change import FileChange, apply_all, rebase_edits
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span, apply
from ai_lsp.text.unified import unified

TEXT = st.lists(st.sampled_from(["a\n", "b\n", "", "ccc\n", "ü😀\n", "x"]), max_size=14).map("".join)


@st.composite
def a_change(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    """A text and edits apart from one another."""
    text = draw(TEXT)
    places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    if len(places) % 2:
        places.pop()
    new = st.sampled_from(["", "n", "new\n", "p\nq\n"])
    pairs = zip(places[::2], places[1::2], strict=True)
    return text, [Edit(Span(start, end), draw(new)) for start, end in pairs]


@given(a_change(), st.data())
def test_an_edit_either_moves_and_does_the_same_or_says_that_it_cannot(
    case: tuple[str, list[Edit]], data: st.DataObject
) -> None:
    text, edits = case
    start = data.draw(st.integers(0, len(text)))
    later = Edit(
        Span(start, data.draw(st.integers(start, len(text)))), data.draw(st.sampled_from(["", "u", "u\n"]))
    )
    after = apply(later, text)
    for edit, moved in zip(edits, rebase_edits(edits, [later]), strict=True):
        touches = later.span.start <= edit.span.end and edit.span.start <= later.span.end
        if moved is None:
            assert touches
            continue
        assert after[moved.span.start : moved.span.end] == text[edit.span.start : edit.span.end]
        assert moved.new_text == edit.new_text
        # Both orders give one text, as of edits apart from one another.
        in_order = sorted([later, edit], key=lambda e: (e.span.start, e.span.end))
        assert apply(moved, after) == apply_all(in_order, text)


@given(a_change())
def test_edits_apart_apply_as_if_from_the_last_to_the_first(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    one_by_one = text
    for edit in reversed(edits):
        one_by_one = apply(edit, one_by_one)
    assert apply_all(edits, text) == one_by_one


@settings(max_examples=40, deadline=None)
@given(case=a_change())
def test_git_applies_the_diff_and_gets_the_text(case: tuple[str, list[Edit]], tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    text, edits = case
    folder: Path = tmp_path_factory.mktemp("diff")
    change = FileChange(DocumentSnapshot("file:///f", 1, "", text), tuple(edits))
    diff = unified(change, "f")
    if change.text() == text:
        assert diff == ""
        return
    (folder / "f").write_bytes(text.encode())
    ran = subprocess.run(
        ["git", "apply", "--unidiff-zero", "-"], cwd=folder, input=diff.encode(), capture_output=True
    )
    assert ran.returncode == 0, (ran.stderr, diff)
    assert (folder / "f").read_bytes().decode() == change.text()

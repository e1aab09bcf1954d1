"""Errors that edits bring up: which name was exchanged for which, and what mends them."""

from __future__ import annotations

import pytest

from ai_lsp.edits.faults import explained, fault, is_unfinished, may_break, renames
from ai_lsp.text.diff import single_edit
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.history import HistoryEdit, Kind


def edit(before: str, after: str, kind: Kind = Kind.TYPED) -> HistoryEdit:
    old, new = (DocumentSnapshot("u", n, "python", text) for n, text in enumerate((before, after)))
    return HistoryEdit("u", old, new, single_edit(before, after), 0.0, 1.0, kind)


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([("def old_key(a):", "def new_key(a):")], {"old_key": "new_key"}),
        ([("x = total", "x = totals")], {"total": "totals"}),
        ([("f(a)", "g(b)")], {}),  # more than a name
        ([("f(a)", "f(a, b)")], {}),
        ([("x = 1", "x = 2")], {}),
        ([("from a import old", "from a import new")], {}),
        ([("a()", "b()"), ("b()", "c()")], {"a": "c", "b": "c"}),
        ([("a()", "b()"), ("b()", "a()")], {"b": "a"}),
    ],
)
def test_a_rename_is_an_edit_that_exchanges_one_name(edits: list[tuple[str, str]], expected: object) -> None:
    assert renames([edit(*each) for each in edits]) == expected


def test_undone_and_moved_text_renames_nothing() -> None:
    assert renames([edit("old()", "new()", Kind.UNDO)]) == {}
    assert renames([edit("old()", "new()", Kind.BULK)]) == {}


def test_a_fault_about_a_renamed_name_is_mended_and_another_is_a_place() -> None:
    document = DocumentSnapshot("u", 1, "python", "x = headers.get_list(key)\n")
    told = fault(document, document.text.index("headers"), "`Headers` has no attribute `get_list`")
    mended = explained(told, {"get_list": "get_items", "key": "name"})
    assert (mended.kind, mended.removed, mended.edit.new_text) == ("edit", "get_list", "get_items")
    place = explained(told, {"key": "name"})
    assert (place.kind, place.line) == ("jump", 0)
    assert "get_list" in place.why


def test_what_may_break_something_elsewhere() -> None:
    assert may_break(edit("def f(a):\n", "def f(a, b):\n"))
    assert may_break(edit("x = old\n", "x = new\n"))
    assert not may_break(edit("x = 1\n", "x = 2\n"))
    assert not may_break(edit("f(a)\n", "f(a, a)\n"))


def test_text_that_is_no_code_yet_breaks_nothing() -> None:
    assert is_unfinished("invalid-syntax", "Expected `)`")
    assert not is_unfinished("F821", "Undefined name `x`")

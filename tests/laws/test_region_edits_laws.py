"""Laws of a model's region: its edits make the new text of the old one, and what surrounds it stays."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from ai_lsp.edits.next_formats.table import FORMATS
from ai_lsp.edits.next_model import Place as ModelPlace
from ai_lsp.edits.next_model import Surroundings, line_end, material, region_edits
from ai_lsp.edits.next_values import NextQuery
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span, apply
from ai_lsp.text.history import History

LINE = st.sampled_from(["", "a", "b", "    c", "total = 1", "return x"])
LINES = st.lists(LINE, min_size=1, max_size=8)
END = st.sampled_from(["\n", "\r\n"])


@given(LINES, LINES, LINES, LINES, END)
def test_the_edits_make_the_new_region(
    above: list[str], old: list[str], new: list[str], below: list[str], end: str
) -> None:
    snapshot = DocumentSnapshot("file:///a.py", 1, "python", end.join([*above, *old, *below]))
    edits = region_edits("\n".join(old), "\n".join(new), snapshot, len(above))
    text = snapshot.text
    for edit in reversed(edits):
        text = apply(edit, text)
    mark = line_end(snapshot)
    assert mark == end
    assert text == end.join([*above, *new, *below])
    for left, right in itertools.pairwise(edits):
        assert left.span.end <= right.span.start


@given(LINES, LINES, END)
def test_at_the_end_of_the_document_too(old: list[str], new: list[str], end: str) -> None:
    snapshot = DocumentSnapshot("file:///a.py", 1, "python", end.join(["x", *old]))
    text = snapshot.text
    for edit in reversed(region_edits("\n".join(old), "\n".join(new), snapshot, 1)):
        text = apply(edit, text)
    assert text == end.join(["x", *new])


@given(st.lists(LINE, min_size=1, max_size=60), st.integers(0, 400), END, st.integers(60, 900), st.data())
def test_the_material_is_the_document_around_the_place(
    lines: list[str], offset: int, end: str, budget: int, data: st.DataObject
) -> None:
    snapshot = DocumentSnapshot("file:///a.py", 1, "python", end.join(lines))
    offset = min(offset, snapshot.line_span(snapshot.line_at(offset)).end)  # never between \\r and \\n
    row = data.draw(st.sampled_from(FORMATS))
    query = NextQuery(snapshot, offset, "a.py")
    made = material(ModelPlace(snapshot, offset, True), query, Surroundings(), row, budget, len)
    shown = made.above + made.region + made.below
    assert shown in "\n".join(lines)
    assert made.above == "" or made.above.endswith("\n")
    assert made.region == "\n".join(lines[made.first_line : made.first_line + made.region.count("\n") + 1])
    if made.cursor >= 0:
        before = snapshot.slice(0, offset).replace("\r\n", "\n")
        assert (made.above + made.region[: made.cursor]) == before[-len(made.above) - made.cursor :][
            : len(before)
        ]


def test_the_region_before_the_last_edits() -> None:
    history = History()
    before = DocumentSnapshot("file:///a.py", 1, "python", "x\ntotal = 1\nprint(total)\ny\n")
    edit = Edit(Span(2, 7), "grand_total")
    after = before.replace(edit, 2)
    history.changed(before, [edit], after, 1.0)
    row = next(each for each in FORMATS if each.name == "sweep")
    query = NextQuery(after, 10, "a.py")
    made = material(ModelPlace(after, 10, True), query, Surroundings(history.recent(5)), row, 900, len)
    assert made.region == "x\ngrand_total = 1\nprint(total)\ny"
    assert made.earlier == "x\ntotal = 1\nprint(total)\ny"
    assert made.edits[0].old == ("total = 1",)
    assert made.edits[0].new == ("grand_total = 1",)

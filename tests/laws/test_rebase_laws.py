"""Laws of a proposed edit that is kept true while the user types: it leads to no other text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ai_lsp.edits.next_values import NextReason
from ai_lsp.edits.rebase import rebase, rebase_place
from ai_lsp.text.diff import single_edit
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span, apply

TEXT = st.text(alphabet="ab(\n) \r", max_size=30)


@st.composite
def edits_of(draw: st.DrawFn, text: str) -> Edit:
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 6)))
    return Edit(Span(start, end), draw(st.text(alphabet="ab(\n) ", max_size=6)))


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, Edit, list[Edit]]:
    text = draw(TEXT)
    proposal = draw(edits_of(text))
    later, now = [], text
    for _ in range(draw(st.integers(0, 3))):
        step = draw(edits_of(now))
        later.append(step)
        now = apply(step, now)
    return text, proposal, later


def document(text: str) -> DocumentSnapshot:
    return DocumentSnapshot("file:///a.py", 1, "python", text)


@given(cases())
def test_it_stays_within_the_text(case: tuple[str, Edit, list[Edit]]) -> None:
    text, proposal, later = case
    moved = rebase(proposal, document(text), later)
    for step in later:
        text = apply(step, text)
    if not isinstance(moved, NextReason):
        assert moved.span.end <= len(text)


@given(cases())
def test_edits_apart_commute_with_it(case: tuple[str, Edit, list[Edit]]) -> None:
    """What the user does clear of the place comes out the same, whichever is applied first."""
    text, proposal, later = case
    if len(later) != 1:
        return
    (step,) = later
    if step.span.end < proposal.span.start:
        first = Edit(Span(proposal.span.start + step.growth, proposal.span.end + step.growth), proposal.new_text)
    elif step.span.start > proposal.span.end:
        first = proposal
    else:
        return
    assert rebase(proposal, document(text), later) == first


@given(TEXT, TEXT, TEXT, st.data())
def test_typing_it_by_hand_leads_to_its_text(before: str, old: str, after: str, data: st.DataObject) -> None:
    """Deleting the old text and typing the new one key by key keeps the rest on offer until nothing is left."""
    new = data.draw(TEXT.filter(lambda each: each != old))
    text, goal = before + old + after, before + new + after
    proposal = single_edit(text, goal)
    start, end = proposal.span.start, proposal.span.end
    steps = [Edit(Span(at, at + 1), "") for at in range(end - 1, start - 1, -1)]
    steps += [Edit(Span(start + at, start + at), char) for at, char in enumerate(proposal.new_text)]
    now = text
    for count, step in enumerate(steps, 1):
        now = apply(step, now)
        moved = rebase(proposal, document(text), steps[:count])
        if isinstance(moved, NextReason):
            assert moved is NextReason.TYPED
            assert now == goal
            return
        assert apply(moved, now) == goal
    assert now == goal


@given(cases())
def test_a_place_stays_within_the_text(case: tuple[str, Edit, list[Edit]]) -> None:
    text, proposal, later = case
    place = rebase_place(proposal.span.start, document(text), later)
    for step in later:
        text = apply(step, text)
    assert isinstance(place, NextReason) or 0 <= place <= len(text)

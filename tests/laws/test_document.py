"""Laws of documents: whatever is edited, text, lines and positions agree with an independent oracle."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lsp.text import document
from ai_lsp.text.diff import single_edit
from ai_lsp.text.document import DocumentSnapshot, utf16_length, utf16_to_index
from ai_lsp.text.edit import Edit, Span, apply, invert, map_offset

# Line ends of the protocol, characters that str.splitlines also breaks at, wide ones, halves of pairs, a BOM.
ALPHABET = "ab \t\n\r\x0b\x0c\x1c\x85  é漢🎉𝒳\ud83d\udc4d﻿"
TEXT = st.lists(
    st.one_of(st.text(ALPHABET, max_size=12), st.sampled_from(["\r\n", "x = 1\n", "\r", "\n\n", "𝒳𝒳"])),
    max_size=30,
).map("".join)


def oracle_lines(text: str) -> list[str]:
    return re.split(r"\r\n|\r|\n", text)


def oracle_position(text: str, offset: int) -> tuple[int, int]:
    """Line and UTF-16 column by counting code units of the encoded text."""
    lines, starts, at = oracle_lines(text), [], 0
    for line in lines:
        starts.append(at)
        at += len(line)
        at += 2 if text[at : at + 2] == "\r\n" else 1
    number = max(i for i, start in enumerate(starts) if start <= offset)
    column = min(offset - starts[number], len(lines[number]))
    return number, len(lines[number][:column].encode("utf-16-le", "surrogatepass")) // 2


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a line or two, so that short texts cross their borders."""
    monkeypatch.setattr(document, "CHUNK_CHARS", 8)


def check(doc: DocumentSnapshot, text: str) -> None:
    lines = oracle_lines(text)
    assert doc.text == text
    assert len(doc) == len(text)
    assert doc.line_count == len(lines)
    assert [doc.line(i) for i in range(doc.line_count)] == lines
    for offset in range(len(text) + 1):
        assert doc.position_at(offset) == oracle_position(text, offset), (text, offset)
    for chunk in doc._chunks[:-1]:
        assert chunk.text.endswith(("\n", "\r"))


@given(TEXT)
def test_positions_agree_with_the_encoded_text(text: str) -> None:
    check(DocumentSnapshot("file:///a", 1, "python", text), text)


@given(TEXT)
def test_a_position_leads_back_to_its_offset(text: str) -> None:
    doc = DocumentSnapshot("file:///a", 1, "python", text)
    for offset in range(len(text) + 1):
        inside_break = text[offset - 1 : offset + 1] == "\r\n"
        assert doc.offset_at(*doc.position_at(offset)) == (offset - 1 if inside_break else offset)


@settings(max_examples=300)
@given(TEXT, st.data())
def test_incremental_changes_equal_the_full_text(text: str, data: st.DataObject) -> None:
    doc = DocumentSnapshot("file:///a", 1, "python", text)
    for version in range(2, 8):
        ends = st.integers(0, len(text))
        start, end = sorted((data.draw(ends), data.draw(ends)))
        edit = Edit(Span(start, end), data.draw(TEXT))
        text = apply(edit, text)
        doc = doc.replace(edit, version)
        check(doc, text)
    assert doc.version == 7
    assert doc.serial == 6


@given(TEXT, st.integers(0, 90), st.integers(0, 90))
def test_slices_are_the_texts(text: str, start: int, end: int) -> None:
    doc = DocumentSnapshot("file:///a", 1, "python", text)
    assert doc.slice(start, end) == text[start : max(start, end)]


@given(TEXT, TEXT)
def test_the_single_edit_leads_from_one_text_to_the_other(old: str, new: str) -> None:
    edit = single_edit(old, new)
    assert apply(edit, old) == new
    kept = old[: edit.span.start], old[edit.span.end :]
    assert len(kept[0]) == min(len(kept[0]), len(new))
    if old != new and edit.new_text and len(edit.span):
        assert old[edit.span.start] != edit.new_text[0]


@given(TEXT, TEXT, st.data())
def test_an_edit_and_its_inverse_cancel(text: str, new: str, data: st.DataObject) -> None:
    start, end = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
    edit = Edit(Span(start, end), new)
    assert apply(invert(edit, text), apply(edit, text)) == text


@given(TEXT, TEXT, st.data())
def test_an_offset_outside_an_edit_keeps_its_neighbourhood(text: str, new: str, data: st.DataObject) -> None:
    start, end = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
    edit = Edit(Span(start, end), new)
    after = apply(edit, text)
    for offset in range(len(text) + 1):
        moved = map_offset(offset, edit)
        if offset < start:
            assert after[:moved] == text[:offset]
        elif offset > end:
            assert after[moved:] == text[offset:]


@given(st.text(ALPHABET, max_size=20), st.integers(-3, 50))
def test_utf16_columns_agree_with_the_encoder(text: str, units: int) -> None:
    index = utf16_to_index(text, units)
    before = len(text[:index].encode("utf-16-le", "surrogatepass")) // 2
    assert utf16_length(text[:index]) == before
    assert before <= max(0, units)
    if index < len(text):
        assert before + utf16_length(text[index]) > units


@given(st.text("ab\n", max_size=8), st.text("ab\n", min_size=1, max_size=3), st.data())
def test_what_was_put_in_at_the_cursor_is_found_there(old: str, typed: str, data: st.DataObject) -> None:
    cursor = data.draw(st.integers(0, len(old)))
    assert single_edit(old, old[:cursor] + typed + old[cursor:], cursor) == Edit(Span(cursor, cursor), typed)

"""Laws of the embedded predictor's state: what edits leave behind equals what a fresh start would build."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lsp.completion.local.documents import Document
from ai_lsp.completion.local.lexing import END_OUT, FIRST_TEXT, FileEncoder, Vocabulary, split_lines, tokens
from ai_lsp.completion.local.shards import MAX_ORDER, BadShardError, Shard, SourceFile, build
from ai_lsp.text.edit import LineEdit

words = st.sampled_from(
    ["a", "b1", "self.x", " = ", "(", ")", "\n", "\n    ", "\n\t", "\n\n", "\r\n", "\r", "  ", "é", "𝒳", "\x0c"]
)
texts = st.lists(words, max_size=40).map("".join)
edits = st.lists(
    st.tuples(st.integers(0, 45), st.integers(0, 20), st.integers(0, 45), st.integers(0, 20), texts), max_size=6
)


def apply(text: str, edit: LineEdit) -> str:
    """The text after an edit, told by plain strings: the oracle."""
    breaks = [(m.start(), m.end()) for m in re.finditer("\r\n|\r|\n", text)]
    starts = [0, *(end for _, end in breaks)]
    ends = [*(start for start, _ in breaks), len(text)]

    def offset(line: int, col: int) -> int:
        return len(text) if line >= len(starts) else min(starts[line] + col, ends[line])

    start, end = offset(edit.start_line, edit.start_col), offset(edit.end_line, edit.end_col)
    return text[:start] + edit.text + text[max(start, end) :]


@settings(max_examples=250, deadline=None)
@given(texts, edits)
def test_a_document_after_edits_equals_a_document_opened_with_the_result(
    text: str, rows: list[tuple[int, int, int, int, str]]
) -> None:
    vocabulary = Vocabulary()
    document = Document("u", None, "python", text, vocabulary)
    for row in rows:
        edit = LineEdit(*row)
        text = apply(text, edit)
        document.apply(edit)
        fresh = Document("u", None, "python", text, vocabulary)
        assert document.lines == fresh.lines
        assert document.flat.tolist() == fresh.flat.tolist()
        assert document.starts().tolist() == fresh.starts().tolist()


@settings(max_examples=200, deadline=None)
@given(st.lists(words.filter(lambda w: "\x0c" not in w), max_size=60).map("".join))
def test_a_file_and_the_same_text_opened_have_the_same_tokens(text: str) -> None:
    encoder = FileEncoder()
    of_file = encoder.encode(text)
    names = encoder.words()
    vocabulary = Vocabulary()
    document = Document("u", None, "python", text, vocabulary)
    assert [names[i] if i >= FIRST_TEXT else i for i in of_file.tolist()] == [
        vocabulary.text[i] if i >= FIRST_TEXT else i for i in document.flat.tolist()
    ]


@given(st.text(alphabet=" \tab1_.=()\"'#é𝒳", max_size=40))
def test_the_tokens_of_a_line_joined_give_the_line(line: str) -> None:
    assert "".join(tokens(line)) == line


def test_lines_break_where_lsp_breaks_them_and_nowhere_else() -> None:
    assert split_lines("a\nb\r\nc\rd\x0ce\x85f\u2028g") == ["a", "b", "c", "d\x0ce\x85f\u2028g"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(FIRST_TEXT, FIRST_TEXT + 5), max_size=60), min_size=1, max_size=4),
    st.lists(st.integers(FIRST_TEXT, FIRST_TEXT + 5), min_size=1, max_size=MAX_ORDER),
)
def test_a_shard_finds_every_place_of_a_context(docs: list[list[int]], context: list[int]) -> None:
    names = ["", "", "", "", *"abcdef"]
    encoded = [np.array(d, np.int32) for d in docs]
    files = [SourceFile(f"/w/{i}.py", i, i) for i in range(len(docs))]
    shard = Shard(build(files, encoded, names))
    local = {w: i + FIRST_TEXT for i, w in enumerate(shard.take_words())}
    found = shard.ranges([local.get(names[t], -1) for t in context])
    flat = [t for d in docs for t in (*d, END_OUT, 0)]
    for order in range(1, len(context) + 1):
        tail = context[-order:]
        expected = sum(flat[i : i + order] == tail for i in range(len(flat)))
        places = found[order - 1] if order <= len(found) else (0, 0)
        assert places[1] - places[0] == expected


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_cut_or_damaged_shard_is_refused_or_whole(data: st.DataObject) -> None:
    names = ["", "", "", "", "alpha", "beta"]
    whole = build([SourceFile("/w/a.py", 1, 2)], [np.array([4, 5, 4, 5], np.int32)], names)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(BadShardError):
        Shard(whole[:cut])

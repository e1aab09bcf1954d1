"""Laws of every row of the FIM table: texts whole and in order, no token from source, never a guess."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lsp.errors import UnknownTemplate
from ai_lsp.models.fim import TEMPLATES, FimTemplate, narrow, render, template_for
from ai_lsp.models.port import ContextFile, FimPrompt

few = settings(max_examples=40, deadline=None)
rows = pytest.mark.parametrize("row", TEMPLATES, ids=lambda row: row.name)

plain = st.text(st.characters(codec="utf-8", exclude_characters="<>[]|"), max_size=60)
EMPTY = FimPrompt("", "", "")


def hostile(row: FimTemplate) -> st.SearchStrategy[str]:
    """Text with whole tokens of the row, and with pieces of them."""
    pieces = [*row.tokens, *(token[:-1] for token in row.tokens), *(token[1:] for token in row.tokens)]
    return st.lists(plain | st.sampled_from(pieces), max_size=6).map("".join)


def prompts(text: st.SearchStrategy[str]) -> st.SearchStrategy[FimPrompt]:
    name = st.sampled_from(["a.py", "src/b.rs", ""])
    files = st.lists(st.builds(ContextFile, name, text), max_size=3).map(tuple)
    return st.builds(
        FimPrompt, text, text, text, path=name, repo=name, language_id=st.just("python"), files=files
    )


def count_tokens(row: FimTemplate, text: str) -> dict[str, int]:
    return {token: text.count(token) for token in row.tokens}


@rows
@few
@given(data=st.data())
def test_clean_texts_appear_unchanged_and_in_the_rows_order(row: FimTemplate, data: st.DataObject) -> None:
    prompt = data.draw(prompts(plain))
    start = row.prefix + first_in_prefix(row, prompt) + prompt.prefix
    end = row.suffix + prompt.suffix
    for typed_after in (False, True):
        text = render(row, prompt, typed_after_middle=typed_after)
        if row.order == "SPM":
            assert text.endswith(end + start + prompt.typed + row.middle + row.tail)
        elif typed_after:
            assert text.endswith(start + end + row.middle + row.tail + prompt.typed)
        else:
            assert text.endswith(start + prompt.typed + end + row.middle + row.tail)


def first_in_prefix(row: FimTemplate, prompt: FimPrompt) -> str:
    """What a row writes first inside the prefix: seen by rendering an empty hole of the same files."""
    bare = render(row, FimPrompt("", "", "", path=prompt.path, repo=prompt.repo, files=prompt.files))
    start = bare.index(row.prefix) + len(row.prefix)
    end = bare.index(row.suffix, start) if row.order == "PSM" else len(bare) - len(row.middle + row.tail)
    return bare[start:end]


@rows
@few
@given(data=st.data())
def test_source_text_never_brings_in_a_token(row: FimTemplate, data: st.DataObject) -> None:
    prompt = data.draw(prompts(hostile(row)))
    clean = narrow(prompt, row.tokens)
    skeleton = render(row, FimPrompt("", "", "", clean.path, clean.repo, "python", clean.files))
    for after in (False, True):
        assert count_tokens(row, render(row, prompt, typed_after_middle=after)) == count_tokens(row, skeleton)
    bare = FimPrompt(
        "", "", "", clean.path, clean.repo, "python", tuple(ContextFile(f.path, "") for f in clean.files)
    )
    assert count_tokens(row, skeleton) == count_tokens(row, render(row, bare))


@rows
@few
@given(data=st.data())
def test_narrowing_keeps_the_text_next_to_the_cursor(row: FimTemplate, data: st.DataObject) -> None:
    prompt = data.draw(prompts(hostile(row)))
    clean = narrow(prompt, row.tokens)
    before, kept = prompt.prefix + prompt.typed, clean.prefix + clean.typed
    assert before.endswith(kept)
    assert prompt.suffix.startswith(clean.suffix)
    assert len(kept) == len(before) or any(
        before[: len(before) - len(kept)].endswith(each) for each in row.tokens
    )
    assert set(clean.files) <= set(prompt.files)
    assert narrow(clean, row.tokens) == clean


@rows
@few
@given(data=st.data())
def test_typing_within_a_line_only_appends_when_typed_stands_last(row: FimTemplate, data: st.DataObject) -> None:
    prompt = data.draw(prompts(plain))
    more = FimPrompt(
        prompt.prefix,
        prompt.typed + "x",
        prompt.suffix,
        prompt.path,
        prompt.repo,
        prompt.language_id,
        prompt.files,
    )
    before, after = (render(row, each, typed_after_middle=True) for each in (prompt, more))
    unchanged = before.removesuffix(row.middle + row.tail) if row.order == "SPM" else before
    assert after.startswith(unchanged)


@rows
def test_stops_are_the_rows_own_tokens_and_markers(row: FimTemplate) -> None:
    marks = [mark.strip() for mark in (row.prefix, row.suffix, row.middle) if mark.strip()]
    assert set(marks) <= set(row.stops)
    assert set(row.stops) == {*row.ends, *marks}
    assert all(row.stops)
    assert len(row.stops) == len(set(row.stops))
    full = render(row, FimPrompt("p", "t", "s", "a.py", "r", "python", (ContextFile("b.py", "x\n"),)))
    for mark in marks:
        assert full.count(mark) == 1
    if row.other_file.startswith("<"):
        opener = re.match(r"<[^>]+>", row.other_file)
        assert opener
        assert opener.group() in row.stops, "an answer that opens another file has ended"


@rows
def test_examples_find_their_row_and_no_other(row: FimTemplate) -> None:
    assert row.examples
    assert row.source
    for example in row.examples:
        assert template_for(example) is row
        assert template_for(example.upper()) is row
        assert template_for(f"/models/deep/{example.rpartition('/')[2]}.Q8_0.gguf") is row
    assert template_for("whatever", override=row.name) is row


letters = st.text("abcdefgqwen-./:257 ", max_size=30)


@few
@given(letters | st.sampled_from([each for row in TEMPLATES for each in row.examples]).map(lambda each: each[1:]))
def test_a_template_comes_from_the_only_row_that_knows_the_name(name: str) -> None:
    last = re.sub(r"[^a-z0-9]+", "-", re.split(r"[/\\]", name.strip())[-1].lower())
    knowing = [row for row in TEMPLATES if re.search(row.models, last)]
    if len(knowing) == 1:
        assert template_for(name) is knowing[0]
    else:
        with pytest.raises(UnknownTemplate):
            template_for(name)

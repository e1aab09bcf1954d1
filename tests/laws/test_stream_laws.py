"""Laws of reading a stream: however its bytes are cut, the same events come out, and the same text."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lsp.errors import MalformedAnswer
from ai_lsp.models.events import EventReader, Framing, JsonObject
from ai_lsp.models.hole import UnwrapFill
from ai_lsp.models.stops import StopCutter

few = settings(max_examples=80, deadline=None)
texts = st.text(st.characters(codec="utf-8"), max_size=30)
objects = st.lists(st.fixed_dictionaries({"content": texts, "n": st.integers()}), max_size=6)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def read(framing: Framing, pieces: list[bytes]) -> list[JsonObject]:
    reader = EventReader(framing)
    found = [event for piece in pieces for event in reader.feed(piece)]
    return [*found, *reader.end()]


@few
@given(
    objects, st.lists(st.integers(0, 10_000), max_size=12), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans()
)
def test_events_are_the_same_however_bytes_are_cut(
    events: list[JsonObject], places: list[int], newline: str, is_ended: bool
) -> None:
    parts = [": a comment", ""]
    for event in events:
        parts += ["event: message", "id: 7", f"data: {json.dumps(event, ensure_ascii=False)}", ""]
    text = newline.join(parts) + (newline if is_ended else "")
    assert read("sse", cut(text.encode(), places)) == events


@few
@given(objects, st.lists(st.integers(0, 10_000), max_size=12), st.booleans())
def test_lines_of_json_likewise(events: list[JsonObject], places: list[int], is_ended: bool) -> None:
    text = "\n".join(json.dumps(event, ensure_ascii=False) for event in events) + ("\n" if is_ended else "")
    assert read("lines", cut(text.encode(), places)) == events


@few
@given(
    st.lists(st.text("ab\n<|>", max_size=5), max_size=12), st.lists(st.text("ab\n<|>", min_size=1, max_size=4))
)
def test_the_text_ends_before_the_stop_that_is_whole_first(pieces: list[str], stops: list[str]) -> None:
    cutter, out = StopCutter(tuple(stops)), ""
    whole = "".join(pieces)
    for piece in pieces:
        out += cutter.feed(piece)
        assert whole.startswith(out)
    out += cutter.end()
    ends = [(whole.find(stop) + len(stop), whole.find(stop)) for stop in stops if stop in whole]
    assert out == (whole[: min(ends)[1]] if ends else whole)
    assert cutter.is_cut == bool(ends)


FILLS = ["<FILL>", "</FILL>", "```py\n", "\n```", "```", "<", "FILL>", "x = 1", "\n", "  "]


@few
@given(st.lists(st.sampled_from(FILLS), max_size=8), st.lists(st.integers(0, 100), max_size=8), st.booleans())
def test_what_fills_a_hole_is_the_same_however_the_reply_is_cut(
    parts: list[str], places: list[int], is_open: bool
) -> None:
    reply = "".join(parts)

    def filled(pieces: list[str]) -> str | None:
        unwrap = UnwrapFill(is_open=is_open)
        try:
            return "".join(unwrap.feed(piece) for piece in pieces) + unwrap.end()
        except MalformedAnswer:
            return None

    pieces = [piece.decode() for piece in cut(reply.encode(), places)]
    assert filled(pieces) == filled(list(reply))


@pytest.mark.parametrize("junk", [b"\x00" * 50, b"data\n\n", b":\n:\n\n", b"\n" * 90, b"event: x\n\n"])
def test_what_carries_nothing_yields_nothing(junk: bytes) -> None:
    assert read("sse", [junk]) == []

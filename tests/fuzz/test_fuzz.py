"""A few thousand damaged messages with each run of the tests; `make fuzz` sends a hundred thousand."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_lsp.lsp.from_lsp import path_of
from ai_lsp.text.framing import FrameParser
from tests.fuzz.damage import body_of, framed
from tests.fuzz.sessions import fuzz


@pytest.mark.parametrize("seed", [1, 14, 28])
async def test_a_damaged_session_is_survived_answered_and_followed(seed: int, tmp_path: Path) -> None:
    report = await fuzz(seed, 1_500, tmp_path)
    assert report.faults == []
    assert report.damaged > 400
    assert report.answered > 300
    assert report.texts_compared > 10


# What fuzzing found, kept as the smallest case that shows it.


@pytest.mark.parametrize("more", range(1, 80))
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_a_length_that_is_too_long_costs_no_message(more: int, line_end: bytes) -> None:
    first, second, third = ({"id": n, "method": "aiLsp/status"} for n in (1, 2, 3))
    body, next_body = body_of(first), body_of(second)
    data = b"Content-Length: %d\r\n\r\n" % (len(body) + more) + body
    data += b"Content-Length: %d" % len(next_body) + line_end * 2 + next_body
    for size in (1, 7, 10_000):
        parser, found = FrameParser(), []
        stream = data + framed(body_of(third))
        for at in range(0, len(stream), size):
            found += parser.feed(stream[at : at + size])
        assert found[-2:] == [second, third]


def test_a_path_with_a_null_byte_is_no_path() -> None:
    assert path_of("file:///a%00b") is None

"""The cursor `▮` and spans `«…»` in the texts of tests."""

from __future__ import annotations

CURSOR, OPEN, CLOSE = "▮", "«", "»"


def read(marked: str) -> tuple[str, int]:
    """Text and cursor offset. A cursor that is missing or doubled is an error of the test."""
    if marked.count(CURSOR) != 1:
        raise ValueError(f"one {CURSOR} is needed, not {marked.count(CURSOR)}")
    offset = marked.index(CURSOR)
    return marked.replace(CURSOR, ""), offset


def show(text: str, offset: int, inserted: str, covers: int = 0) -> str:
    """The text with an insertion marked, the cursor behind it, and the covered characters gone."""
    return f"{text[:offset]}{OPEN}{inserted}{CLOSE}{CURSOR}{text[offset + covers :]}"

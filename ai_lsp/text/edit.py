"""Spans, edits and how they move when the text around them changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of offsets: Python string indices, `0 <= start <= end`."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: {self.start}..{self.end}")

    def __len__(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text of `span` by `new_text`."""

    span: Span
    new_text: str

    @property
    def growth(self) -> int:
        """Characters by which the text becomes longer."""
        return len(self.new_text) - len(self.span)


@dataclass(frozen=True, slots=True)
class LineEdit:
    r"""One change. Columns count code points; lines end at \n, \r\n or \r only."""

    start_line: int
    start_col: int
    end_line: int
    end_col: int
    text: str


def apply(edit: Edit, text: str) -> str:
    """The text after the edit."""
    return text[: edit.span.start] + edit.new_text + text[edit.span.end :]


def invert(edit: Edit, text: str) -> Edit:
    """The edit that undoes `edit`, which was made on `text`."""
    start = edit.span.start
    return Edit(Span(start, start + len(edit.new_text)), text[start : edit.span.end])


def map_offset(offset: int, edit: Edit) -> int:
    """Where an offset stands after an edit; an offset inside the replaced text goes to its end."""
    if offset < edit.span.start:
        return offset
    if offset > edit.span.end or (offset == edit.span.end and len(edit.span) > 0):
        return offset + edit.growth
    return edit.span.start + len(edit.new_text)


def rebase_insertion(offset: int, text: str, later: Iterable[Edit]) -> tuple[int, str] | None:
    """Move an insertion of `text` at `offset` over edits the user made later.

    What the user typed at the very place is taken off the front of `text` where it agrees; edits elsewhere
    shift the place. None when an edit contradicts the insertion or touches its place otherwise.
    """
    for edit in later:
        start, end = edit.span.start, edit.span.end
        if start > offset:
            continue
        if end < offset:
            offset += edit.growth
        elif start == end == offset and text.startswith(edit.new_text):
            text = text[len(edit.new_text) :]
            offset += len(edit.new_text)
        else:
            return None
    return offset, text

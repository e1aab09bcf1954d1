"""The client's own copy of an open document, with positions counted in UTF-16 units by way of `str.encode`.

It shares nothing with the server's document store on purpose: the tests use it as the oracle for that store.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

LINE_END = re.compile(r"\r\n|\n|\r")


def utf16_length(text: str) -> int:
    """The number of UTF-16 units of `text`; a lone surrogate is one."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a document as LSP counts it: line from 0, `character` in UTF-16 units."""

    line: int
    character: int

    def to_json(self) -> dict[str, int]:
        return {"line": self.line, "character": self.character}


@dataclass(slots=True)
class TextMirror:
    """An open document: its text, and the version that was last sent. Offsets are Python string indices."""

    uri: str
    language_id: str
    text: str
    version: int = 1
    _starts: list[int] | None = field(default=None, repr=False)

    @property
    def line_starts(self) -> list[int]:
        """The offset of each line's first character; lines end at `\\n`, `\\r\\n`, `\\r` and nowhere else."""
        if self._starts is None:
            self._starts = [0, *(match.end() for match in LINE_END.finditer(self.text))]
        return self._starts

    def line(self, number: int) -> str:
        """The text of a line without its line end."""
        start = self.line_starts[number]
        end = self.line_starts[number + 1] if number + 1 < len(self.line_starts) else len(self.text)
        return LINE_END.sub("", self.text[start:end])

    def position(self, offset: int) -> Position:
        """Where `offset` is; ValueError outside of the text."""
        if not 0 <= offset <= len(self.text):
            raise ValueError(f"offset {offset} is outside of a text of {len(self.text)} characters")
        line = bisect_right(self.line_starts, offset) - 1
        return Position(line, utf16_length(self.text[self.line_starts[line] : offset]))

    def offset(self, line: int, character: int) -> int:
        """The offset of a position; past the line's end means its end, past the last line the text's end.

        ValueError inside of a surrogate pair, where there is no place.
        """
        if line >= len(self.line_starts):
            return len(self.text)
        content = self.line(line)
        units = content.encode("utf-16-le", "surrogatepass")[: 2 * character]
        before = units.decode("utf-16-le", "surrogatepass")
        if not content.startswith(before):
            raise ValueError(f"position {line}:{character} is inside of a character")
        return self.line_starts[line] + len(before)

    def replace(self, start: int, end: int, new_text: str) -> dict[str, object]:
        """Changes the text, and returns the change as LSP's TextDocumentContentChangeEvent."""
        change: dict[str, object] = {
            "range": {"start": self.position(start).to_json(), "end": self.position(end).to_json()},
            "text": new_text,
        }
        self.text = self.text[:start] + new_text + self.text[end:]
        self.version += 1
        self._starts = None
        return change

"""One document at one moment: immutable text, cheap to change, with lines as the protocol counts them."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

from ai_lsp.text.edit import Edit, Span

CHUNK_CHARS = 8_192
"""Characters after which a chunk ends with its line; an edit copies one or two chunks, so a key costs the same
in any file. A single longer line is one chunk."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_WIDE = re.compile("[\U00010000-\U0010ffff]")


def split_lines(text: str) -> list[str]:
    """Lines with their ends, ended by `\\n`, `\\r\\n` or `\\r` and nothing else; no empty line at the end."""
    return _LINE.findall(text)


class _Chunk:
    """A run of whole lines. Only the last chunk of a document may end without a line end."""

    __slots__ = ("_starts", "ended", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.ended = text.count("\n") if "\r" not in text else len(_LINE_END.findall(text))
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """Where each line starts, and the end. Found when first asked for: most chunks are never looked into."""
        if self._starts is None:
            self._starts = list(accumulate(map(len, split_lines(self.text)), initial=0))
        return self._starts


def _chunks(text: str) -> list[_Chunk]:
    out: list[_Chunk] = []
    at, size = 0, len(text)
    while at < size:
        stop = size
        if size - at > 2 * CHUNK_CHARS:
            found = _LINE_END.search(text, at + CHUNK_CHARS - 1)
            stop = found.end() if found else size
        out.append(_Chunk(text[at:stop]))
        at = stop
    return out


class DocumentSnapshot:
    """A document's text at one version. Never changes; `replace` gives the next one and shares what it can.

    Offsets are Python string indices. Lines are counted as LSP 3.17 does: they end at `\\n`, `\\r\\n` and
    `\\r` only, and a text that ends with a line end has one more, empty line. `serial` grows by one with
    every change whatever the client says of versions.
    """

    __slots__ = ("_chunks", "_lines_before", "_offsets", "_text", "language_id", "serial", "uri", "version")

    def __init__(self, uri: str, version: int, language_id: str, text: str = "") -> None:
        self.uri = uri
        self.version = version
        self.language_id = language_id
        self.serial = 0
        self._fill(tuple(_chunks(text)))
        self._text: str | None = text

    def _fill(self, chunks: tuple[_Chunk, ...]) -> None:
        self._chunks = chunks
        self._offsets = list(accumulate((len(c.text) for c in chunks), initial=0))
        self._lines_before = list(accumulate((c.ended for c in chunks), initial=0))
        self._text = None

    def __len__(self) -> int:
        return self._offsets[-1]

    def __repr__(self) -> str:
        return f"DocumentSnapshot({self.uri!r}, version={self.version}, {self.line_count} lines)"

    @property
    def text(self) -> str:
        """The whole text. Joined once per snapshot; ask `slice` for a part of a large file."""
        if self._text is None:
            self._text = "".join(c.text for c in self._chunks)
        return self._text

    @property
    def line_count(self) -> int:
        """At least 1."""
        return self._lines_before[-1] + 1

    def slice(self, start: int, end: int) -> str:
        """The text between two offsets, clamped to the document."""
        start, end = max(0, start), min(end, len(self))
        if start >= end:
            return ""
        first, last = self._chunk_at(start), self._chunk_at(end - 1)
        base = self._offsets[first]
        text = "".join(c.text for c in self._chunks[first : last + 1])
        return text[start - base : end - base]

    def line_span(self, line: int) -> Span:
        """The span of a line without its end. `line` is 0-based and clamped to the document."""
        start, text = self._line(line)
        return Span(start, start + len(text.rstrip("\r\n")))

    def line(self, line: int) -> str:
        """A line's text without its end. `line` is 0-based and clamped to the document."""
        return self._line(line)[1].rstrip("\r\n")

    def line_at(self, offset: int) -> int:
        """The line that holds an offset, 0-based; the place behind a line's end belongs to the next line."""
        if offset >= len(self):
            return self.line_count - 1
        index = self._chunk_at(max(0, offset))
        chunk = self._chunks[index]
        local = bisect_right(chunk.starts, max(0, offset) - self._offsets[index]) - 1
        return self._lines_before[index] + local

    def offset_at(self, line: int, utf16: int) -> int:
        """The offset of an LSP position: 0-based line, UTF-16 units; both are clamped to what exists.

        A position in the middle of a surrogate pair goes to the start of its character.
        """
        if line >= self.line_count:
            return len(self)
        start, text = self._line(line)
        return start + utf16_to_index(text.rstrip("\r\n"), utf16)

    def position_at(self, offset: int) -> tuple[int, int]:
        """The LSP position (line, UTF-16 units) of an offset, clamped to the document."""
        offset = min(max(0, offset), len(self))
        line = self.line_at(offset)
        start, text = self._line(line)
        return line, utf16_length(text.rstrip("\r\n")[: offset - start])

    def line_and_column_at(self, offset: int) -> tuple[int, int]:
        """The line and the column in characters (not UTF-16 units) of an offset, clamped to the document."""
        offset = min(max(0, offset), len(self))
        line = self.line_at(offset)
        return line, offset - self._line(line)[0]

    def replace(self, edit: Edit, version: int) -> DocumentSnapshot:
        """The document after an edit, as the client's `version`. Costs a chunk or two, not the file."""
        start, end = min(edit.span.start, len(self)), min(edit.span.end, len(self))
        first, last = self._chunk_at(start), self._chunk_at(end)
        # A line break may be made of, or split into, characters of two chunks: take the neighbours in.
        if first > 0 and (start == self._offsets[first] or len(self._chunks[first].text) < CHUNK_CHARS // 4):
            first -= 1
        touched = self._chunks[first : last + 1]
        base = self._offsets[first]
        text = "".join(c.text for c in touched)
        text = text[: start - base] + edit.new_text + text[end - base :]
        after = self._chunks[last + 1 :]
        splits_break = text.endswith("\r") and after and after[0].text.startswith("\n")
        if after and (splits_break or not text.endswith(("\n", "\r"))):
            text, after = text + after[0].text, after[1:]
        out = DocumentSnapshot.__new__(DocumentSnapshot)
        out.uri, out.version, out.language_id = self.uri, version, self.language_id
        out.serial = self.serial + 1
        out._fill((*self._chunks[:first], *_chunks(text), *after))
        return out

    def _chunk_at(self, offset: int) -> int:
        return min(max(0, bisect_right(self._offsets, offset) - 1), max(0, len(self._chunks) - 1))

    def _line(self, line: int) -> tuple[int, str]:
        """Start offset and text, with its end, of a line."""
        line = min(max(0, line), self.line_count - 1)
        index = bisect_right(self._lines_before, line) - 1
        if index >= len(self._chunks):
            # The last line: what stands behind the last line end, which may be nothing.
            index = len(self._chunks) - 1
            if index < 0:
                return 0, ""
        chunk = self._chunks[index]
        local = line - self._lines_before[index]
        start = chunk.starts[local]
        stop = chunk.starts[local + 1] if local + 1 < len(chunk.starts) else len(chunk.text)
        return self._offsets[index] + start, chunk.text[start:stop]


def utf16_length(text: str) -> int:
    """The length of a text in UTF-16 code units; a lone surrogate counts one."""
    return len(text) if text.isascii() else len(text) + len(_WIDE.findall(text))


def utf16_to_index(text: str, units: int) -> int:
    """The string index of a column given in UTF-16 units, clamped to the text."""
    if units <= 0:
        return 0
    if text.isascii() or not _WIDE.search(text):
        return min(units, len(text))
    for index, char in enumerate(text):
        units -= 2 if char > "\uffff" else 1
        if units < 0:
            return index
    return len(text)

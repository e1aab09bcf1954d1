"""Open documents in the engine's process: lines, kept up to date change by change."""

from __future__ import annotations

from collections.abc import Sequence

from ai_lsp.edits.local.chunks import chunked, exchanged
from ai_lsp.edits.local.tree import LiveTree, Point
from ai_lsp.text.document import split_lines
from ai_lsp.text.edit import LineEdit


class OpenText:
    """One open document. `lines` have no line ends; there is always one."""

    def __init__(self, uri: str, path: str | None, language_id: str, text: str) -> None:
        self.uri, self.path, self.language_id = uri, path, language_id
        self.version = 0  # counts changes
        self._raw = _split(text)
        self.lines = [line.rstrip("\r\n") for line in self._raw]
        self.chunks = chunked(self.lines)
        self.tree = LiveTree(language_id, uri)

    @property
    def line_end(self) -> str:
        """How lines end here, by the first one."""
        return self._raw[0][len(self.lines[0]) :] or "\n"

    def apply(self, edit: LineEdit) -> None:
        """Apply one change. Positions beyond the text are moved to its end."""
        last = len(self.lines) - 1
        first, final = min(max(edit.start_line, 0), last), min(max(edit.end_line, 0), last)
        start = min(edit.start_col, len(self.lines[first])) if edit.start_line <= last else len(self.lines[last])
        end = min(edit.end_col, len(self.lines[final])) if edit.end_line <= last else len(self.lines[last])
        if (final, end) < (first, start):
            final, end = first, start
        text = self._raw[first][: max(start, 0)] + edit.text + self._raw[final][max(end, 0) :]
        tail = len(self.lines[final]) - max(end, 0)
        joins = bool(first) and self._raw[first - 1].endswith("\r") and text.startswith("\n")
        if joins:
            first -= 1  # the two become one line end
            text = self._raw[first] + text
        new = _split(text) if final == last else split_lines(text)
        bare = [line.rstrip("\r\n") for line in new]
        if joins:
            self.tree.forget()
        else:
            self._move_tree((first, max(start, 0)), (final, max(end, 0)), bare, tail)
        self._raw[first : final + 1] = new
        self.lines[first : final + 1] = bare
        exchanged(self.chunks, first, final + 1, bare)
        self.version += 1

    def _move_tree(self, start: Point, end: Point, new: Sequence[str], tail: int) -> None:
        """Tell the tree that the lines of a stretch become `new`, of which the last `tail` characters are old."""
        at, stop = self._offset(start), self._offset(end)
        new_end = at - start[1] + sum(map(len, new)) + len(new) - 1 - tail
        points = start, end, (start[0] + len(new) - 1, len(new[-1]) - tail)
        self.tree.edited(at, stop, new_end, points)

    def _offset(self, point: Point) -> int:
        """Characters before a point, each line end being one."""
        line, out = point[0], 0
        for chunk in self.chunks:
            if line < len(chunk.lines):
                return out + sum(map(len, chunk.lines[:line])) + line + point[1]
            line -= len(chunk.lines)
            out += chunk.chars
        return out


def _split(text: str) -> list[str]:
    """Lines with their ends, and the empty one behind the last line end."""
    lines = split_lines(text)
    if not lines or lines[-1].endswith(("\n", "\r")):
        lines.append("")
    return lines

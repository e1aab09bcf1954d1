"""Whether a text is one that a sketch describes: all it shows, in its order, and more only at its markers."""

from __future__ import annotations

from collections.abc import Sequence

from ai_lsp.edits.apply.lines import FileLines
from ai_lsp.edits.markers import is_marker


def missing(sketch: FileLines, after: FileLines) -> str | None:
    """The first line of the sketch that the text lacks in its place; None where it has them all."""
    text = [key for key in after.keys if key]
    at = 0
    for part in _parts(sketch):
        start = _find(text, part, at)
        if start < 0:
            return _first_missing(text, part, at)
        at = start + len(part)
    return None


def _parts(sketch: FileLines) -> list[list[str]]:
    """What stands between markers, without blank lines."""
    parts: list[list[str]] = [[]]
    for line, key in zip(sketch.raw, sketch.keys, strict=True):
        if is_marker(line):
            parts.append([])
        elif key:
            parts[-1].append(key)
    return [part for part in parts if part]


def _find(text: list[str], part: list[str], start: int) -> int:
    while True:
        try:
            start = text.index(part[0], start)
        except ValueError:
            return -1
        if text[start : start + len(part)] == part:
            return start
        start += 1


def _first_missing(text: Sequence[str], part: Sequence[str], start: int) -> str:
    """The line at which the longest run of the part that does stand there ends."""
    best = 0
    for at in range(start, len(text)):
        count = 0
        while count < len(part) and at + count < len(text) and text[at + count] == part[count]:
            count += 1
        best = max(best, count)
    return part[min(best, len(part) - 1)]

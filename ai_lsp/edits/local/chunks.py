"""A file's lines in chunks, each with an index of its words: an edit makes anew only those that it touches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from ai_lsp.edits.local.tokens import WORD

SIZE = 256
"""Lines of a chunk as it is made; edits let it grow to twice as many before it is cut again."""

LONGEST_LINE = 400
"""Characters; a longer line is data, and no place for an edit by example."""


class Chunk:
    """Some lines that follow one another; never changed."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines

    @cached_property
    def words(self) -> dict[str, list[int]]:
        """The lines, counted from the chunk's first, on which each word stands."""
        found: dict[str, list[int]] = {}
        for number, line in enumerate(self.lines):
            if len(line) <= LONGEST_LINE:
                for word in set(WORD.findall(line)):
                    known = found.get(word)
                    if known is None:
                        found[word] = [number]
                    else:
                        known.append(number)
        return found

    @cached_property
    def chars(self) -> int:
        """Characters of the lines, each with a line end of one."""
        return sum(map(len, self.lines)) + len(self.lines)


def chunked(lines: Sequence[str]) -> list[Chunk]:
    """Some lines in chunks."""
    return [Chunk(lines[at : at + SIZE]) for at in range(0, len(lines), SIZE)]


def exchanged(chunks: list[Chunk], first: int, stop: int, new: Sequence[str]) -> None:
    """Lines `[first, stop)` become `new`, in place; the chunks beside them stay what they are."""
    low, start = 0, 0
    while low < len(chunks) - 1 and start + len(chunks[low].lines) <= first:
        start += len(chunks[low].lines)
        low += 1
    high, end = low, start
    while high < len(chunks) and (end < stop or high == low):
        end += len(chunks[high].lines)
        high += 1
    old = [line for chunk in chunks[low:high] for line in chunk.lines]
    old[first - start : stop - start] = new
    chunks[low:high] = chunked(old) if len(old) > 2 * SIZE else [Chunk(old)] if old else []

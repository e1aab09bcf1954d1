"""How a text differs from what it was: lines that became other lines, and what was written anew within them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from ai_lsp.text.document import split_lines
from ai_lsp.text.edit import Span

Token = re.Match[str]

_TOKEN = re.compile(r"\w+|[=!]==?|[<>-]=?>?|=>|&&|\|\||::|[^\w\s]")

MOST_LINES = 20_000
"""Lines above which texts are not compared."""

WIDEST_BLOCK = 400
"""Lines of one changed stretch above which its lines are not paired: it was written anew."""

ALIKE = 0.5
"""The part of two lines' words that must be the same for the one to have become the other."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A line and what became of it: 0-based numbers, and the words and signs of both. Places are offsets in the
    text before, and in the text now."""

    old_line: int
    line: int
    old: tuple[Token, ...]
    new: tuple[Token, ...]

    def steps(self) -> Iterator[tuple[int, int, int, int]]:
        """What was written anew: words i1 to i2 of the old line became words j1 to j2 of the new one."""
        a, b = [t[0] for t in self.old], [t[0] for t in self.new]
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
            if tag != "equal":
                yield i1, i2, j1, j2


class Rewrites:
    """The difference between two versions of a text."""

    def __init__(self, before: str, now: str) -> None:
        self.before = before
        self._now = now

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Lines that became other lines, from top to bottom."""
        return tuple(_pairs(self.before, self._now, self.blocks))

    @cached_property
    def blocks(self) -> tuple[tuple[int, int, int, int], ...]:
        """Stretches that differ: lines i1 to i2 before are lines j1 to j2 now."""
        old, new = split_lines(self.before), split_lines(self._now)
        if max(len(old), len(new)) > MOST_LINES:
            return ()
        start = 0
        while start < min(len(old), len(new)) and old[start] == new[start]:
            start += 1
        end = 0
        while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
            end += 1
        old, new = old[start : len(old) - end], new[start : len(new) - end]
        codes = SequenceMatcher(None, old, new, autojunk=len(new) > 2_000).get_opcodes()
        found = ((i1, i2, j1, j2) for tag, i1, i2, j1, j2 in codes if tag != "equal")
        return tuple((i1 + start, i2 + start, j1 + start, j2 + start) for i1, i2, j1, j2 in found)

    @cached_property
    def lines(self) -> frozenset[int]:
        """The lines of the text now that were not there before."""
        return frozenset(line for _, _, j1, j2 in self.blocks for line in range(j1, j2))


def tokens(text: str, start: int, end: int) -> tuple[Token, ...]:
    """The words and signs of a stretch of a text, with their offsets in it."""
    return tuple(_TOKEN.finditer(text, start, end))


class _Rows:
    """The lines of a text by number."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0]
        for line in split_lines(text):
            self._starts.append(self._starts[-1] + len(line))

    def words(self, line: int) -> tuple[Token, ...]:
        return tokens(self._text, self._starts[line], self._starts[line + 1])


def _pairs(before: str, now: str, blocks: Sequence[tuple[int, int, int, int]]) -> Iterator[Pair]:
    old_rows, new_rows = _Rows(before), _Rows(now)
    for i1, i2, j1, j2 in blocks:
        if max(i2 - i1, j2 - j1) > WIDEST_BLOCK:
            continue
        old = [old_rows.words(i) for i in range(i1, i2)]
        new = [new_rows.words(j) for j in range(j1, j2)]
        if len(old) == len(new):
            matched = [(n, n) for n in range(len(old)) if _alike(old[n], new[n]) > 0]
        else:
            matched = _matched(old, new)
        yield from (Pair(i1 + i, j1 + j, old[i], new[j]) for i, j in matched)


def _matched(old: Sequence[Sequence[Token]], new: Sequence[Sequence[Token]]) -> list[tuple[int, int]]:
    """Lines that go together where some were put in or taken out: each with the next one that is alike."""
    out, at = [], 0
    for i, row in enumerate(old):
        for j in range(at, min(len(new), at + 20)):
            if _alike(row, new[j]) >= ALIKE:
                out.append((i, j))
                at = j + 1
                break
    return out


def _alike(a: Sequence[Token], b: Sequence[Token]) -> float:
    """The part of two lines' words that they share."""
    if not a or not b:
        return 0.0
    left = [t[0] for t in b]
    shared = 0
    for token in a:
        if token[0] in left:
            left.remove(token[0])
            shared += 1
    return 2 * shared / (len(a) + len(b))


def line_number(starts: Sequence[int], span: Span) -> int:
    """The 0-based line that a span begins in; `starts` are the offsets at which lines begin."""
    return bisect_right(starts, span.start) - 1

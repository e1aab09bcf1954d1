"""The stretches of lines in which two texts differ, fast where they share unique lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

_SMALL = 250_000  # cells below which the slow diff is quick enough


def line_changes(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, list[str]]]:
    """(first, last, lines): `old[first:last]` becomes the lines. In order, apart from each other."""
    out: list[tuple[int, int, list[str]]] = []
    for a, b, c, d in line_ranges(old, new):
        if out and out[-1][1] == a:
            first, _, lines = out.pop()
            out.append((first, b, lines + list(new[c:d])))
        else:
            out.append((a, b, list(new[c:d])))
    return out


def line_ranges(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """(a, b, c, d): `old[a:b]` became `new[c:d]`, in order. What both begin and end with is taken off first."""
    return _ranges(old, new, 0, len(old), 0, len(new))


def _ranges(
    old: Sequence[str], new: Sequence[str], a: int, b: int, c: int, d: int
) -> list[tuple[int, int, int, int]]:
    while a < b and c < d and old[a] == new[c]:
        a, c = a + 1, c + 1
    while a < b and c < d and old[b - 1] == new[d - 1]:
        b, d = b - 1, d - 1
    if a == b or c == d:
        return [(a, b, c, d)] if (a, c) != (b, d) else []
    if (b - a) * (d - c) > _SMALL:
        anchors = _unique(old, new, a, b, c, d)
        if anchors:
            out: list[tuple[int, int, int, int]] = []
            for x, y in [*anchors, (b, d)]:
                out += _ranges(old, new, a, x, c, y)
                a, c = x, y
            return out
    matcher = SequenceMatcher(None, old[a:b], new[c:d], autojunk=(b - a) * (d - c) > 4 * _SMALL)
    return [(a + i, a + j, c + k, c + m) for tag, i, j, k, m in matcher.get_opcodes() if tag != "equal"]


def _unique(old: Sequence[str], new: Sequence[str], a: int, b: int, c: int, d: int) -> list[tuple[int, int]]:
    """Lines that stand once on either side, in the longest order they share (patience diff)."""
    counts, others = Counter(old[a:b]), Counter(new[c:d])
    where = {new[i]: i for i in range(c, d)}
    pairs = [(i, where[old[i]]) for i in range(a, b) if counts[old[i]] == 1 == others.get(old[i], 0)]
    piles: list[int] = []
    ends: list[int] = []
    back: list[int] = []
    for index, (_, y) in enumerate(pairs):
        low, high = 0, len(piles)
        while low < high:
            middle = (low + high) // 2
            if piles[middle] < y:
                low = middle + 1
            else:
                high = middle
        back.append(ends[low - 1] if low else -1)
        if low == len(piles):
            piles.append(y)
            ends.append(index)
        else:
            piles[low], ends[low] = y, index
    out: list[tuple[int, int]] = []
    at = ends[-1] if ends else -1
    while at >= 0:
        out.append(pairs[at])
        at = back[at]
    return out[::-1]

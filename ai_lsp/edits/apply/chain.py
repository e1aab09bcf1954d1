"""Lines of a sketch laid over a file: the best chain of lines both have, and how sure each of its links is.

Between two links without a marker the sketch's text stands for the file's; with a marker the file's text stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

MOST_PAIRS = 500
_NEAR = 40  # lines of the file
_INSERT, _DELETE, _SWAP, _LOSE, _EMPTY = 0.6, 0.6, 0.3, 4.0, 0.8
"""Prices: a new line, a line that goes, what is taken off where one replaces another, a definition that goes, a
marker that stands for nothing."""


@dataclass(frozen=True, slots=True)
class Side:
    """Lines as keys. `heads` are indexes at which a definition starts (of the file); `holes[i]`: a marker stands
    before line i (of the sketch), one more for the end."""

    keys: Sequence[str]
    heads: frozenset[int] = frozenset()
    holes: Sequence[bool] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """`links` are (line of the sketch, line of the file), in order; `rivals[i]` is by how much the best chain
    through another line of the file would be worse for link i."""

    links: tuple[tuple[int, int], ...]
    rivals: tuple[float, ...]


def chain(sketch: Side, file: Side) -> Chain:
    """The best chain. Lines that say nothing, such as brackets, are no links."""
    where: dict[str, list[int]] = {}
    for number, key in enumerate(file.keys):
        if _says_something(key):
            where.setdefault(key, []).append(number)
    pairs = [(i, j) for i, key in enumerate(sketch.keys) for j in where.get(key, ())]
    if len(pairs) > MOST_PAIRS:
        pairs = _thinned(pairs, sketch, where)
    if not pairs:
        return Chain((), ())
    return _best(pairs, sketch, file)


def _says_something(key: str) -> bool:
    return sum(map(str.isalnum, key)) >= 2


def _thinned(pairs: list[tuple[int, int]], sketch: Side, where: dict[str, list[int]]) -> list[tuple[int, int]]:
    """Of lines that stand often only the pairs near a line that does not."""
    near = bytearray(max(j for _, j in pairs) + 2 * _NEAR)
    for i, j in pairs:
        if len(where[sketch.keys[i]]) <= 4:
            low = max(0, j - _NEAR)
            near[low : j + _NEAR] = b"\1" * (j + _NEAR - low)
    kept = [(i, j) for i, j in pairs if near[j]]
    most = MOST_PAIRS * 2
    if len(kept) > most:
        kept = sorted(sorted(kept, key=lambda p: len(where[sketch.keys[p[0]]]))[:most])
    return kept


def _best(pairs: list[tuple[int, int]], sketch: Side, file: Side) -> Chain:
    price = _Prices(sketch, file)
    gains = [1.0 + min(len(sketch.keys[i]), 40) / 20 for i, _ in pairs]
    count = len(pairs)
    forward, came = [0.0] * count, [-1] * count
    for b in range(count):
        i, j = pairs[b]
        best, source = -price(-1, -1, i, j), -1
        for a in range(b - 1, -1, -1):
            x, y = pairs[a]
            if x < i and y < j:
                worth = forward[a] - price(x, y, i, j)
                if worth > best:
                    best, source = worth, a
        forward[b], came[b] = best + gains[b], source
    ends = (len(sketch.keys), len(file.keys))
    backward = [0.0] * count
    for a in range(count - 1, -1, -1):
        x, y = pairs[a]
        best = -price(x, y, *ends)
        for b in range(a + 1, count):
            i, j = pairs[b]
            if x < i and y < j:
                best = max(best, backward[b] + gains[b] - price(x, y, i, j))
        backward[a] = best
    through = [forward[k] + backward[k] for k in range(count)]
    best_all = max(through)
    if -price(-1, -1, *ends) >= best_all:
        return Chain((), ())
    at = max(range(count), key=lambda k: (through[k] >= best_all - 1e-9, pairs[k][0]))
    chosen: list[int] = []
    while at >= 0:
        chosen.append(at)
        at = came[at]
    chosen.reverse()
    rivals = []
    for k in chosen:
        others = [through[o] for o in range(count) if pairs[o][0] == pairs[k][0] and o != k]
        rivals.append(best_all - max(others, default=float("-inf")))
    return Chain(tuple(pairs[k] for k in chosen), tuple(rivals))


class _Prices:
    """What it costs to go from one link to the next, in constant time."""

    def __init__(self, sketch: Side, file: Side) -> None:
        self._new = [0, *accumulate(1 if key else 0 for key in sketch.keys)]
        self._holes = [0, *accumulate(int(hole) for hole in sketch.holes)]
        self._old = [0, *accumulate(1 if key else 0 for key in file.keys)]
        self._heads = [0, *accumulate(int(n in file.heads) for n in range(len(file.keys)))]

    def __call__(self, x: int, y: int, i: int, j: int) -> float:
        new = self._new[i] - self._new[x + 1]
        old = self._old[j] - self._old[y + 1]
        if self._holes[i + 1] - self._holes[x + 1]:
            return _INSERT * new + (0.0 if old else _EMPTY)
        both = min(new, old)
        lost = self._heads[j] - self._heads[y + 1]
        return _INSERT * new + _DELETE * old - _SWAP * both + _LOSE * lost

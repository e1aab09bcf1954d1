"""Where a refused sketch may have been meant for: the stretches of the file that its parts come from.

A part is what stands between two markers. It comes from where most of its lines are; parts that say something new
come first, and a part of which nothing is in the file may go before or after its neighbours.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from ai_lsp.edits.apply.align import says_something
from ai_lsp.edits.apply.lines import FileLines
from ai_lsp.edits.markers import is_marker

_COMMON = 12  # a line that stands more often says nothing about the place


@dataclass(frozen=True, slots=True)
class _Part:
    """Lines `[first, last)` of the file that a part shows, and how many lines it changes there."""

    first: int
    last: int
    changes: int


def nearest(file: FileLines, sketch: FileLines) -> list[tuple[int, int]]:
    """Ranges of lines of the file, likeliest first."""
    parts = [_placed(file, sketch, lines) for lines in _parts(sketch)]
    out: list[_Part] = []
    for index, part in enumerate(parts):
        if part is not None and part.last > part.first:
            out.append(part)
        elif part is not None:
            above = next((p for p in reversed(parts[:index]) if p is not None and p.last > p.first), None)
            below = next((p for p in parts[index + 1 :] if p is not None and p.last > p.first), None)
            at = [above.last] if above is not None else []
            at += [below.first] if below is not None else []
            out += [_Part(max(0, n - 1), min(n + 1, len(file)), part.changes) for n in at]
    out.sort(key=lambda part: -part.changes)
    return list(dict.fromkeys((part.first, part.last) for part in out))


def _parts(sketch: FileLines) -> list[list[int]]:
    parts: list[list[int]] = [[]]
    for number, line in enumerate(sketch.raw):
        if is_marker(line):
            parts.append([])
        elif sketch.keys[number]:
            parts[-1].append(number)
    return [part for part in parts if part]


def _placed(file: FileLines, sketch: FileLines, lines: Sequence[int]) -> _Part | None:
    """Where a part stands: the longest run of its telling lines in the file's order, without stragglers."""
    pairs = []
    for row, number in enumerate(lines):
        places = file.places.get(sketch.keys[number], ()) if says_something(sketch.keys[number]) else ()
        if len(places) <= _COMMON:
            pairs += [(row, n) for n in reversed(places)]
    if not pairs:
        return _Part(0, 0, len(lines))
    slack = 2 * len(lines) + 20
    count, first, last = 0, 0, 0
    for run in _runs(sorted({n for _, n in pairs}), slack):
        inside = [(row, n) for row, n in pairs if run[0] <= n <= run[1]]
        chosen = _rising(inside)
        if (len(chosen), first - last) > (count, run[1] - run[0]):
            count, first, last = len(chosen), chosen[0], chosen[-1] + 1
    shown = sum(bool(key) for key in file.keys[first:last])
    return _Part(first, last, (len(lines) - count) + (shown - count))


def _runs(lines: Sequence[int], slack: int) -> list[tuple[int, int]]:
    """Stretches of lines that are at most `slack` apart."""
    out: list[tuple[int, int]] = []
    for n in lines:
        if out and n - out[-1][1] <= slack:
            out[-1] = (out[-1][0], n)
        else:
            out.append((n, n))
    return out


def _rising(pairs: Sequence[tuple[int, int]]) -> list[int]:
    """The file's lines of the longest rising run of pairs."""
    tails: list[int] = []
    ends: list[int] = []
    back: list[int] = []
    for index, (_, n) in enumerate(pairs):
        at = bisect_left(tails, n)
        back.append(ends[at - 1] if at else -1)
        if at == len(tails):
            tails.append(n)
            ends.append(index)
        else:
            tails[at], ends[at] = n, index
    out: list[int] = []
    at = ends[-1] if ends else -1
    while at >= 0:
        out.append(pairs[at][1])
        at = back[at]
    return out[::-1]

"""The change of a hunk carried over to the file's own lines: outside the change the file's text stays.

Three texts meet: what the reply says was there, what it wants, and what is there. Lines that the reply only
shows are never written back, however it spells them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ai_lsp.edits.apply.indent import Indentation, other_style
from ai_lsp.edits.apply.insertion import Clash, between_what, insertion
from ai_lsp.edits.apply.likeness import distance, is_slip, merge_words
from ai_lsp.edits.apply.line_diff import line_ranges
from ai_lsp.edits.apply.lines import FileLines, curly_for, excerpt, indent_of, key_of
from ai_lsp.edits.apply.place import Place
from ai_lsp.edits.proposal import Hunk, Match, Reason


@dataclass(frozen=True, slots=True)
class Change:
    """Lines `[first, last)` of the file become `new`."""

    first: int
    last: int
    new: tuple[str, ...]


def transfer(file: FileLines, hunk: Hunk, place: Place) -> tuple[Change, ...] | Clash:
    """The changes that the hunk makes at a place, in the order of the file."""
    before, after = hunk.before, hunk.after
    indentation = _indentation(file, hunk, place)
    typography = _typography(file, hunk, place)
    # A line that only moves is written as the file has it.
    own = {before[k]: file.raw[n] for k, n in enumerate(place.pairs) if n >= 0 and len(before[k].strip()) > 3}

    def write(line: str) -> str | None:
        return own.get(line) or indentation.of(line.translate(typography))

    out: list[Change] = []
    ranges = _parted(hunk, place, line_ranges(before, after))
    for index, (i1, i2, j1, j2) in enumerate(ranges):
        where = _replaced(file, hunk, place, (i1, i2, j1, j2)) if i1 < i2 else None
        if where is None:
            low = ranges[index - 1][1] if index else 0
            high = ranges[index + 1][0] if index + 1 < len(ranges) else len(before)
            found = insertion(file, hunk, place, (i1, i2, j1, j2), (low, high), write)
            if isinstance(found, Clash):
                return found
            if found.new:
                out.append(Change(found.at, found.at, found.new))
            continue
        if isinstance(where, Clash):
            return where
        new: list[str] = []
        for line in after[j1:j2]:
            moved = write(line)
            if moved is None:
                return Clash(Reason.INDENTATION, f"“{excerpt([line])}”")
            new.append(moved)
        if place.match is Match.FUZZY:
            _mend(file, before, place, range(i1, i2), after[j1:j2], new)
        first, last = where
        if list(file.raw[first:last]) != new:
            out.append(Change(first, last, tuple(new)))
    return tuple(out)


def _parted(
    hunk: Hunk, place: Place, ranges: Sequence[tuple[int, int, int, int]]
) -> list[tuple[int, int, int, int]]:
    """Changes that only touch because the reply leaves out a line between them, apart again.

    Lines on both sides of it that are alike before and after tell where.
    """
    out = list(ranges)
    at = 0
    while at < len(out):
        i1, i2, j1, j2 = out[at]
        at += 1
        gaps = [
            k
            for k in range(i1 + 1, i2)
            if min(place.pairs[k - 1], place.pairs[k]) >= 0 and place.pairs[k] != place.pairs[k - 1] + 1
        ]
        if not gaps:
            continue
        k = gaps[0]
        old = [key_of(line) for line in hunk.before[k - 1 : k + 1]]
        cuts = [
            j
            for j in range(j1 + 1, j2)
            if all(
                a and b and distance(a, b) < float("inf")
                for a, b in zip(old, map(key_of, hunk.after[j - 1 : j + 1]), strict=True)
            )
        ]
        if len(cuts) == 1:
            out[at - 1 : at] = [(i1, k, j1, cuts[0]), (k, i2, cuts[0], j2)]
    return out


def _replaced(
    file: FileLines, hunk: Hunk, place: Place, lines: tuple[int, int, int, int]
) -> tuple[int, int] | Clash | None:
    """The file's lines that stand for `before[i1:i2]`; None where those are blank and not in the file."""
    i1, i2, j1, j2 = lines
    before, after = hunk.before, hunk.after
    paired = [place.pairs[k] for k in range(i1, i2) if place.pairs[k] >= 0]
    for k in range(i1, i2):
        theirs, ours = before[k], place.pairs[k]
        if theirs.strip() and ours < 0:
            return Clash(Reason.CONFLICT, f"“{excerpt([theirs])}” is not there")
        key = key_of(theirs)
        if (
            ours >= 0
            and key != file.keys[ours]
            and distance(key, file.keys[ours]) > 1
            and not is_slip(key, file.keys[ours], file.text)
        ):
            return Clash(Reason.CONFLICT, f"“{excerpt([file.raw[ours]])}” is not “{excerpt([theirs])}”")
    if not paired:
        return None
    first, last = paired[0], paired[-1] + 1
    extra = [n for n in range(first, last) if n not in set(paired)]
    if extra:
        said = f"“{excerpt([file.raw[extra[0]]])}”" if file.keys[extra[0]] else "a blank line"
        return Clash(Reason.CONFLICT, f"{said} stands between the lines to change")
    # More lines than were there, beside a line that the reply leaves out: some may belong beyond it.
    if j2 - j1 > i2 - i1:
        above = next((place.pairs[k] for k in range(i1 - 1, -1, -1) if place.pairs[k] >= 0), first - 1)
        below = next((place.pairs[k] for k in range(i2, len(before)) if place.pairs[k] >= 0), last)
        for gap, old, new in ((range(above + 1, first), i1, j1), (range(last, below), i2 - 1, j2 - 1)):
            left_out = [file.raw[n] for n in gap if file.keys[n]]
            if left_out and distance(key_of(before[old]), key_of(after[new])) == float("inf"):
                return between_what(left_out)
    return first, last


def _indentation(file: FileLines, hunk: Hunk, place: Place) -> Indentation:
    pairs = [(hunk.before[k], file.raw[n]) for k, n in enumerate(place.pairs) if n >= 0]
    if all(not indent_of(a) and not indent_of(b) for a, b in pairs):
        return Indentation(other_style((*hunk.before, *hunk.after), file.raw), file.raw)
    moved = [(a, b) for a, b in pairs if a.strip() and indent_of(a) != indent_of(b)]
    if moved:
        shown, wanted = set(hunk.before), set(hunk.after)
        if not shown & wanted - {""}:
            # The reply is indented wrongly where it quotes the file, and may be right where it writes anew.
            ours = {key_of(b): b for _, b in pairs}
            again = [(a, ours[key_of(a)]) for a in hunk.after if a.strip() and key_of(a) in ours]
            if again and all(indent_of(a) == indent_of(b) for a, b in again):
                return Indentation(again, file.raw)
    return Indentation(pairs, file.raw)


def _typography(file: FileLines, hunk: Hunk, place: Place) -> dict[int, str]:
    """What to make of typographic characters: those that the reply writes where the file has plain ones."""
    out: dict[int, str] = {}
    for k, n in enumerate(place.pairs):
        if n >= 0 and not hunk.before[k].isascii():
            out |= curly_for(hunk.before[k], file.raw[n])
    return out


def _mend(
    file: FileLines, before: Sequence[str], place: Place, rows: range, after: Sequence[str], new: list[str]
) -> None:
    """Where a line to change was quoted with a slip, keep the slip out of what it becomes."""
    for k in rows:
        ours = place.pairs[k]
        if ours < 0 or not after:
            continue
        base = before[k].strip()
        if key_of(base) == file.keys[ours]:
            continue
        near = min(range(len(after)), key=lambda j: distance(base, after[j].strip()))
        merged = merge_words(base, file.raw[ours].strip(), after[near].strip())
        if merged is not None and distance(base, after[near].strip()) != float("inf"):
            new[near] = indent_of(new[near]) + merged

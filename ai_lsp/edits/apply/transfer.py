"""The change of a hunk carried over to the file's own lines: outside the change the file's text stays.

Three texts meet: what the reply says was there, what it wants, and what is there. Lines that the reply only
shows are never written back, however it spells them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ai_lsp.edits.apply.indent import Indentation, other_style
from ai_lsp.edits.apply.likeness import distance, is_slip, merge_words
from ai_lsp.edits.apply.line_diff import line_ranges
from ai_lsp.edits.apply.lines import FileLines, excerpt, indent_of, key_of, plain
from ai_lsp.edits.apply.place import Place
from ai_lsp.edits.proposal import Hunk, Match, Reason


@dataclass(frozen=True, slots=True)
class Change:
    """Lines `[first, last)` of the file become `new`."""

    first: int
    last: int
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clash:
    """Why a hunk cannot be carried over to a place."""

    reason: Reason
    detail: str


def transfer(file: FileLines, hunk: Hunk, place: Place) -> tuple[Change, ...] | Clash:
    """The changes that the hunk makes at a place, in the order of the file."""
    before, after = hunk.before, hunk.after
    indentation = _indentation(file, hunk, place)
    is_curly = _uses_typography(file, hunk, place)
    # A line that only moves is written as the file has it.
    own = {before[k]: file.raw[n] for k, n in enumerate(place.pairs) if n >= 0 and len(before[k].strip()) > 3}
    out: list[Change] = []
    for i1, i2, j1, j2 in line_ranges(before, after):
        where = _replaced(file, before, place, i1, i2) if i1 < i2 else None
        if isinstance(where, Clash):
            return where
        if where is None:
            where = _between(file, place, i1, i2, after[j1:j2])
        if isinstance(where, Clash):
            return where
        new: list[str] = []
        for line in after[j1:j2]:
            moved = own.get(line) or indentation.of(plain(line) if is_curly else line)
            if moved is None:
                return Clash(Reason.INDENTATION, f"“{excerpt([line])}”")
            new.append(moved)
        if place.match is Match.FUZZY:
            _mend(file, before, place, range(i1, i2), after[j1:j2], new)
        first, last = where
        if list(file.raw[first:last]) != new:
            out.append(Change(first, last, tuple(new)))
    return tuple(out)


def _replaced(
    file: FileLines, before: Sequence[str], place: Place, start: int, end: int
) -> tuple[int, int] | Clash | None:
    """The file's lines that stand for `before[start:end]`; None where those are blank and not in the file."""
    paired = [place.pairs[k] for k in range(start, end) if place.pairs[k] >= 0]
    for k in range(start, end):
        theirs, ours = before[k], place.pairs[k]
        if theirs.strip() and ours < 0:
            return Clash(Reason.CONFLICT, f"“{excerpt([theirs])}” is not there")
        if ours >= 0 and (key := key_of(theirs)) != file.keys[ours] and not is_slip(key, file.keys[ours]):
            return Clash(Reason.CONFLICT, f"“{excerpt([file.raw[ours]])}” is not “{excerpt([theirs])}”")
    if not paired:
        return None
    first, last = paired[0], paired[-1] + 1
    extra = [n for n in range(first, last) if n not in set(paired)]
    if extra:
        said = f"“{excerpt([file.raw[extra[0]]])}”" if file.keys[extra[0]] else "a blank line"
        return Clash(Reason.CONFLICT, f"{said} stands between the lines to change")
    return first, last


def _between(file: FileLines, place: Place, start: int, end: int, new: Sequence[str]) -> tuple[int, int] | Clash:
    """Where lines go in that stand between the block's lines `start - 1` and `end`."""
    if not place.pairs:
        return place.first, place.first  # a file without a word
    above = next((place.pairs[k] for k in range(start - 1, -1, -1) if place.pairs[k] >= 0), None)
    below = next((place.pairs[k] for k in range(end, len(place.pairs)) if place.pairs[k] >= 0), None)
    is_above_near = start > 0 and place.pairs[start - 1] >= 0
    is_below_near = end < len(place.pairs) and place.pairs[end] >= 0
    if above is not None and below is not None:
        top, bottom = above + 1, below
        if top == bottom:
            return top, top
        if is_above_near and is_below_near:
            return _among_extra(file, top, bottom, new)
        if not is_above_near and not is_below_near:
            return Clash(Reason.CONFLICT, "the lines around the new ones are not there")
        at = top if is_above_near else bottom
        return at, at
    if below is not None and (start == 0 or is_below_near):
        return below, below
    if above is not None and (end == len(place.pairs) or is_above_near):
        return above + 1, above + 1
    return Clash(Reason.CONFLICT, "the lines around the new ones are not there")


def _among_extra(file: FileLines, top: int, bottom: int, new: Sequence[str]) -> tuple[int, int] | Clash:
    """Where new lines go among lines of the file that the reply left out."""
    if any(file.keys[top:bottom]):
        said = excerpt(file.raw[top:bottom])
        return Clash(
            Reason.AMBIGUOUS, f"the new lines may go before or after “{said}”, which the reply leaves out"
        )
    if not new or not any(line.strip() for line in new):
        return top, top
    # Blank lines: new text that brings its own at one side goes to the other side of them; else to its like.
    if not new[-1].strip() or not new[0].strip():
        at = bottom if not new[-1].strip() else top
        return at, at
    likes_above = _likeness(new[0], file.raw[top - 1])
    likes_below = _likeness(new[-1], file.raw[bottom])
    if likes_above == likes_below:
        return Clash(Reason.AMBIGUOUS, "the new lines may go before or after a blank line the reply leaves out")
    at = top if likes_above > likes_below else bottom
    return at, at


def _likeness(new: str, old: str) -> int:
    """How much a line looks like the next one of another: its depth, its first word."""
    words = new.split(), old.split()
    return 2 * (indent_of(new) == indent_of(old)) + (words[0][:1] == words[1][:1] if all(words) else 0)


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


def _uses_typography(file: FileLines, hunk: Hunk, place: Place) -> bool:
    """Whether the reply writes typographic characters where the file has plain ones, and the file has none."""
    if file.text.isascii():
        return any(plain(a) != a for k, a in enumerate(hunk.before) if place.pairs[k] >= 0)
    quoted = [(a, file.raw[place.pairs[k]]) for k, a in enumerate(hunk.before) if place.pairs[k] >= 0]
    return any(plain(a) != a and plain(b) == b for a, b in quoted) and plain(file.text) == file.text


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

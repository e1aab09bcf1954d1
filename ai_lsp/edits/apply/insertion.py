"""Where new lines go in that replace none: the one place between two lines the reply shows, or why there is none.

A diff may slide: `a, new, a` can be read as new lines above or below. All readings have to agree on the file, and
they do not where a line that the reply leaves out stands among them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ai_lsp.edits.apply.lines import FileLines, depth_of, excerpt, is_closing
from ai_lsp.edits.apply.place import Place
from ai_lsp.edits.apply.readings import Block, Reading, only_reading
from ai_lsp.edits.proposal import Hunk, Reason


@dataclass(frozen=True, slots=True)
class Clash:
    """Why a hunk cannot be carried over to a place."""

    reason: Reason
    detail: str


def between_what(lines: Sequence[str]) -> Clash:
    """New lines beside lines of the file that the reply leaves out."""
    said = f"“{excerpt(lines)}”" if any(line.strip() for line in lines) else "a blank line"
    return Clash(Reason.AMBIGUOUS, f"the new lines may go before or after {said}, which the reply leaves out")


def insertion(
    file: FileLines,
    hunk: Hunk,
    place: Place,
    lines: tuple[int, int, int, int],
    unchanged: tuple[int, int],
    write: Callable[[str], str | None],
) -> Reading | Clash:
    """The line that `after[j1:j2]` goes in front of, and the lines as the file would have them.

    `unchanged` are the lines of the block, on both sides of it, that the reply wants as they are; `write` gives
    a line with the file's indentation.
    """
    written = [write(line) for line in hunk.after[lines[2] : lines[3]]]
    new = tuple(line for line in written if line is not None)
    if len(new) < len(written):
        return Clash(Reason.INDENTATION, f"“{excerpt(hunk.after[lines[2] : lines[3]])}”")
    if not place.pairs:
        return Reading(place.first, new)  # a file without a word
    before, pairs = hunk.before, place.pairs
    at = lines[0]
    above, below = _slid(hunk, lines, unchanged)
    upper = next((k for k in range(above - 1, -1, -1) if before[k].strip()), None)
    lower = next((k for k in range(below, len(before)) if before[k].strip()), None)
    shown = range(upper if upper is not None else 0, len(before) if lower is None else lower + 1)
    for k in shown:
        if before[k].strip() and pairs[k] < 0:
            return Clash(Reason.CONFLICT, f"“{excerpt([before[k]])}” is not there")
    inside = [pairs[k] for k in shown if pairs[k] >= 0]
    extra = [n for n in range(inside[0], inside[-1] + 1) if n not in set(inside)] if inside else []
    if any(file.keys[n] for n in extra):
        block = Block(pairs, hunk.after, at, lines[2], lines[3], above, below, write)
        return only_reading(file, block) or between_what([file.raw[n] for n in extra])
    if extra and any(line.strip() for line in new):
        found = _among_blank(file, hunk, place, lines)
        return found if isinstance(found, Clash) else Reading(found, new)
    where = _beside(pairs, at)
    is_last = not any(line.strip() for line in before[above:])
    if (is_last or not any(line.strip() for line in before[:below])) and _cuts_a_block(file, where, new):
        return between_what([file.raw[where] if is_last else file.raw[where - 1]])
    return Reading(where, new)


def _slid(hunk: Hunk, lines: tuple[int, int, int, int], unchanged: tuple[int, int]) -> tuple[int, int]:
    """The first and the last line of the block in front of which the new lines may be read to stand."""
    at, _, j1, j2 = lines
    before, after = hunk.before, hunk.after
    low = high = at
    while low > unchanged[0] and before[low - 1] == after[j2 - 1 - (at - low)]:
        low -= 1
    while high < unchanged[1] and before[high] == after[j1 + high - at]:
        high += 1
    return low, high


def _beside(pairs: Sequence[int], at: int) -> int:
    """The file's line in front of which the block's line `at` stands, where nothing is left out around it."""
    for k in range(at, len(pairs)):
        if pairs[k] >= 0:
            return pairs[k]
    return next(pairs[k] for k in range(at - 1, -1, -1) if pairs[k] >= 0) + 1


def _among_blank(file: FileLines, hunk: Hunk, place: Place, lines: tuple[int, int, int, int]) -> int | Clash:
    """Where new lines go among blank lines that the reply leaves out: so that both sides of them get as many, or
    else the side on which the code is less deep."""
    at, _, j1, j2 = lines
    pairs, after = place.pairs, hunk.after
    upper = next((k for k in range(at - 1, -1, -1) if pairs[k] >= 0 and hunk.before[k].strip()), None)
    lower = next((k for k in range(at, len(pairs)) if pairs[k] >= 0 and hunk.before[k].strip()), None)
    if upper is None or lower is None:
        return _beside(pairs, at)
    gap = range(pairs[upper] + 1, pairs[lower])
    if any(file.keys[n] for n in gap):
        return between_what([""])
    said = [line for line in after[j1:j2] if line.strip()]
    leading = sum(not line.strip() for line in _until_said(after[j1:j2]))
    trailing = sum(not line.strip() for line in _until_said(after[j1:j2][::-1]))
    left_out = len(gap) - (lower - upper - 1)
    over = at - upper - 1 + leading  # blank lines that the reply wants above, and below
    under = lower - at + trailing
    if left_out <= 0:
        return between_what([""])
    if over == under + left_out:
        return gap.start + at - upper - 1
    if under == over + left_out:
        return gap.start + at - upper - 1 + left_out
    first, next_ = depth_of(said[0]), depth_of(hunk.before[lower])
    if first == next_:
        return between_what([""])
    return gap.start + at - upper - 1 + (left_out if first < next_ else 0)


def _until_said(lines: Sequence[str]) -> list[str]:
    out: list[str] = []
    for line in lines:
        if line.strip():
            break
        out.append(line)
    return out


def _cuts_a_block(file: FileLines, where: int, new: Sequence[str]) -> bool:
    """Whether new lines, less deep than the code above them, would part that code from what it goes on with.

    Only asked where the reply shows one side: it may have left out a line at the end of what it shows.
    """
    above = next((file.raw[n] for n in range(where - 1, -1, -1) if file.keys[n]), None)
    below = next((file.raw[n] for n in range(where, len(file)) if file.keys[n]), None)
    said = [line for line in new if line.strip() and not line.startswith("#")]  # a preprocessor's stand anywhere
    if above is None or below is None or not said or is_closing(said[0]):
        return False
    least = min(map(depth_of, said))
    if least < depth_of(above):
        return depth_of(below) > least or (is_closing(below) and depth_of(below) >= least)
    return depth_of(above) < depth_of(below) and least <= depth_of(above) and not is_closing(below)

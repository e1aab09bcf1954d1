"""New lines beside a line that the reply leaves out: of all readings the one that depth and blank lines allow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ai_lsp.edits.apply.lines import FileLines, depth_of, is_closing

_OPENS = re.compile(r"(?:[:{(\[,|\\=]|->|=>|&&|\|\||\b(?:do|then|else|begin))\s*$")
_REMARK = re.compile(r"\s*(?://|#|@|/?\*|--)")
_DIRECTIVE = re.compile(r"\s*#\s*(?:if|ifdef|ifndef|else|elif|endif|define|include|pragma)\b")  # stands anywhere
_BRACKET = re.compile(r"\s*(?:[\])}]|end\b)")


@dataclass(frozen=True, slots=True)
class Reading:
    """Lines `new` in front of the file's line `at`."""

    at: int
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A block at its place: `pairs` as of a Place; `after[first:last]` is in front of the block's line `at`.

    `above` and `below` bound the lines in front of which it may be read to stand, `write` is a line of the reply
    as the file would have it.
    """

    pairs: Sequence[int]
    after: Sequence[str]
    at: int
    first: int
    last: int
    above: int
    below: int
    write: Callable[[str], str | None]


def only_reading(file: FileLines, block: Block) -> Reading | None:
    """The one reading that fits; None where none does, or several that differ."""
    found: dict[tuple[str, ...], Reading] = {}
    paired = [n for n in block.pairs if n >= 0]
    low, high = paired[0], paired[-1] + 1
    for reading in _readings(file, block):
        if reading is None:
            return None
        if _fits(file, block, reading):
            text = (*file.raw[low : reading.at], *reading.new, *file.raw[reading.at : high])
            found.setdefault(text, reading)
    return next(iter(found.values())) if len(found) == 1 else None


def _readings(file: FileLines, block: Block) -> Iterator[Reading | None]:
    """Each way to read where the new lines stand; None where they might stand among several left out."""
    for row in range(block.above, block.below + 1):
        by = row - block.at
        written = [block.write(line) for line in block.after[block.first + by : block.last + by]]
        new = tuple(line for line in written if line is not None)
        upper = next((block.pairs[k] for k in range(row - 1, -1, -1) if block.pairs[k] >= 0), None)
        lower = next((block.pairs[k] for k in range(row, len(block.pairs)) if block.pairs[k] >= 0), None)
        if len(new) < len(written) or upper is None or lower is None:
            yield None
            continue
        gap = file.raw[upper + 1 : lower]
        if sum(bool(line.strip()) for line in gap) > 1 or any(map(_DIRECTIVE.match, (*gap, *new))):
            yield None
            continue
        for at in dict.fromkeys((upper + 1, lower)):
            yield Reading(at, new)


def _fits(file: FileLines, block: Block, reading: Reading) -> bool:
    said = [n for n, line in enumerate(reading.new) if line.strip()]
    upper = next((n for n in range(reading.at - 1, -1, -1) if file.keys[n]), None)
    lower = next((n for n in range(reading.at, len(file)) if file.keys[n]), None)
    if not said or upper is None or lower is None:
        return False
    first, last = reading.new[said[0]], reading.new[said[-1]]
    above, below = file.raw[upper], file.raw[lower]
    if _BRACKET.match(first) and depth_of(first) >= depth_of(above) and not _OPENS.search(above):
        return False  # it would close what is closed
    if depth_of(first) > depth_of(above) and not _OPENS.search(above):
        return False  # deeper than a line that opens nothing
    if not _OPENS.search(last):
        if depth_of(below) > depth_of(last):
            return False
        if _BRACKET.match(below) and depth_of(below) == depth_of(last):
            return False
    if not is_closing(first) and depth_of(first) < depth_of(above) and _BRACKET.match(below):
        return depth_of(below) < depth_of(first)  # else it would close what stands above
    shown = set(block.pairs)
    left_out = upper not in shown and upper == reading.at - 1 and lower == reading.at
    if left_out and _REMARK.match(above) and not all(map(_REMARK.match, (reading.new[n] for n in said))):
        # A remark belongs to what stands below it.
        return bool(reading.new[-1].strip()) and not _REMARK.match(first)
    return _is_as_blank(file, block, reading, said)


def _is_as_blank(file: FileLines, block: Block, reading: Reading, said: Sequence[int]) -> bool:
    """Whether lines that the reply sets apart on both sides are so."""
    texts = block.after
    first = next(n for n in range(block.first, block.last) if texts[n].strip())
    last = next(n for n in range(block.last - 1, block.first - 1, -1) if texts[n].strip())
    is_apart = first > 0 and not texts[first - 1].strip(), last + 1 < len(texts) and not texts[last + 1].strip()
    around = (
        *file.raw[max(0, reading.at - 1) : reading.at],
        *reading.new,
        *file.raw[reading.at : reading.at + 1],
    )
    shift = min(1, reading.at)
    above, below = said[0] + shift - 1, said[-1] + shift + 1
    if not all(is_apart):
        return True
    return not any(0 <= n < len(around) and around[n].strip() for n in (above, below))

"""Where lines of a proposal stand in a file: every place they fit, the best kind of match first."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ai_lsp.edits.apply.align import align, says_something, skip_cost
from ai_lsp.edits.apply.indent import Indentation
from ai_lsp.edits.apply.likeness import distance, is_slip
from ai_lsp.edits.apply.lines import FileLines, indent_of, key_of
from ai_lsp.edits.proposal import Match

_WORD = re.compile(r"\w{3,}")

MOST_PLACES = 6
"""Fuzzy places that are looked at closely."""

_LONG = 60  # lines of a block of which few places are looked at
_COMMON = 64  # a line that stands more often than this says nothing about the place
_LOST_SHARE = 0.5  # share of a block's own weight that may be missing before a place is none
_MARGIN = 4.0  # characters by which the second-best place must be worse
_TIMES = 1.6  # … and how many times


@dataclass(frozen=True, slots=True)
class Place:
    """Lines `[first, last)` of the file; `pairs[i]` is the file's line of the block's line i, or -1.

    `cost` is the distance in characters.
    """

    first: int
    last: int
    pairs: tuple[int, ...]
    match: Match
    cost: float = 0.0


def exact_places(file: FileLines, block: Sequence[str]) -> list[Place]:
    """The places where every line has the block's key; of the best kind only, in the order of the file."""
    if not block:
        return []
    keys = [key_of(line) for line in block]
    rarest = min(
        range(len(keys)), key=lambda i: len(file.places.get(keys[i], ())) + (0 if keys[i] else 1_000_000)
    )
    found: dict[Match, list[Place]] = {}
    count = len(block)
    for number in file.places.get(keys[rarest], ()):
        first = number - rarest
        if first >= 0 and first + count <= len(file) and file.keys[first : first + count] == keys:
            match = _kind(file.raw[first : first + count], block)
            if match is Match.REINDENTED and not _is_moved_as_one(file, block, first):
                continue
            pairs = tuple(range(first, first + count))
            found.setdefault(match, []).append(Place(first, first + count, pairs, match))
    best = next((match for match in Match if match in found), Match.EXACT)
    if best is Match.REINDENTED and not any(map(says_something, keys)):
        return []  # brackets alone, and not even spelt as there
    return found.get(best, [])


def _kind(theirs: Sequence[str], block: Sequence[str]) -> Match:
    if all(a == b for a, b in zip(theirs, block, strict=True)):
        return Match.EXACT
    same = all(indent_of(a) == indent_of(b) for a, b in zip(theirs, block, strict=True) if a.strip())
    return Match.WHITESPACE if same else Match.REINDENTED


def _is_moved_as_one(file: FileLines, block: Sequence[str], first: int) -> bool:
    """Whether brackets are indented as the lines around them say: if not, they are others, or one is missing."""
    pairs = list(zip(block, file.raw[first : first + len(block)], strict=True))
    known = Indentation([pair for pair in pairs if says_something(key_of(pair[0]))], file.raw)
    return all(known.agrees(a, b) for a, b in pairs if a.strip() and not says_something(key_of(a)))


def _indentation_at(
    file: FileLines, block: Sequence[str], keys: Sequence[str], low: int, high: int
) -> Indentation:
    """What the lines that a window shares with the block say of its indentation."""
    pairs = [
        (line, file.raw[n])
        for line, key in zip(block, keys, strict=True)
        if says_something(key)
        for n in file.places.get(key, ())[:_COMMON]
        if low <= n < high
    ]
    return Indentation(pairs, file.raw)


def fuzzy_places(file: FileLines, block: Sequence[str]) -> list[Place]:
    """The places that resemble the block at all, nearest first."""
    keys = [key_of(line) for line in block]
    out: list[Place] = []
    for start in _starts(file, keys):
        slack = 3 + len(keys) // 3
        low, high = max(0, start - slack), min(len(file), start + len(keys) + slack)
        known = _indentation_at(file, block, keys, low, high)
        cost, pairs = align(keys, file.keys[low:high], _agreeing(known, block, file.raw, low))
        lines = [p for p in pairs if p >= 0]
        if not lines:
            continue
        place = Place(
            low + lines[0],
            low + lines[-1] + 1,
            tuple(p + low if p >= 0 else -1 for p in pairs),
            Match.FUZZY,
            cost,
        )
        if all(place.pairs != other.pairs for other in out):
            out.append(place)
    return sorted(out, key=lambda place: place.cost)


def _agreeing(
    known: Indentation, block: Sequence[str], lines: Sequence[str], low: int
) -> Callable[[int, int], bool]:
    return lambda row, column: known.agrees(block[row], lines[low + column])


def is_near(file: FileLines, block: Sequence[str], place: Place) -> bool:
    """Whether enough of a block stands at a place for it to be that place, if no other is as near.

    Slips of the pen are forgiven. A line that is another one, or is not there, says that the text is another:
    code has many twins that differ in a line.
    """
    keys = [key_of(line) for line in block]
    told = [(key, file.keys[n] if n >= 0 else "") for key, n in zip(keys, place.pairs, strict=True)]
    told = [(key, ours) for key, ours in told if says_something(key)]
    left_out = sum(map(bool, file.keys[place.first : place.last])) - sum(
        n >= 0 and bool(file.keys[n]) for n in place.pairs
    )
    is_vouched = left_out <= 1 and any(key == ours and len(file.places[key]) == 1 for key, ours in told)
    if not told or (place.cost > _LOST_SHARE * sum(map(skip_cost, keys)) and not is_vouched):
        return False
    strange = [(key, ours) for key, ours in told if key != ours and not is_slip(key, ours, file.text)]
    # One letter in one line of several may be a slip even where it makes a word that the file has.
    exact = sum(key == ours for key, ours in told)
    return not strange or (len(strange) == 1 and exact > 1 and distance(*strange[0]) <= 1)


def is_clear(best: Place, second: Place) -> bool:
    """Whether the second-best place is so much worse that the best may be taken."""
    return second.cost >= max(best.cost + _MARGIN, best.cost * _TIMES)


def _starts(file: FileLines, keys: Sequence[str]) -> list[int]:
    """Lines at which the block may start, by the votes of the lines it shares with the file."""
    votes: dict[int, float] = {}
    is_told = False
    for index, key in enumerate(keys):
        places = file.places.get(key, ()) if key else ()
        if places and len(places) <= _COMMON:
            is_told = is_told or says_something(key)
            for number in places:
                start = number - index
                votes[start] = votes.get(start, 0.0) + skip_cost(key) / len(places) ** 0.5
    if len(votes) < MOST_PLACES or not is_told:
        for start, weight in _votes_of_words(file, keys).items():
            votes[start] = votes.get(start, 0.0) + weight
    pooled = {s: sum(votes.get(s + d, 0.0) for d in range(-3, 4)) + votes[s] for s in votes}
    chosen: list[int] = []
    most = 3 * MOST_PLACES if len(keys) <= 4 else MOST_PLACES if len(keys) <= _LONG else 2
    for start in sorted(pooled, key=lambda s: (-pooled[s], s)):
        if all(abs(start - other) > 3 for other in chosen):
            chosen.append(start)
            if len(chosen) == most:
                break
    return chosen


def _votes_of_words(file: FileLines, keys: Sequence[str]) -> dict[int, float]:
    """Votes of lines that share rare words with the block's, for blocks of which no line stands in the file."""
    votes: dict[int, float] = {}
    longest = sorted(range(len(keys)), key=lambda i: -len(keys[i]))[:4]
    for index in longest:
        words = set(_WORD.findall(keys[index]))
        if not words:
            continue
        for number, key in enumerate(file.keys):
            shared = [w for w in words if w in key]
            if len(shared) * 2 >= len(words) and abs(len(key) - len(keys[index])) < 0.4 * len(keys[index]) + 8:
                votes[number - index] = votes.get(number - index, 0.0) + float(sum(map(len, shared)))
    if len(votes) > 200:
        kept = sorted(votes, key=lambda s: -votes[s])[:200]
        votes = {s: votes[s] for s in kept}
    return votes

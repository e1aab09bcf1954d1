"""What one edit of the history shows: which lines became which, which were added, which went away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from ai_lsp.edits.local.index import Index
from ai_lsp.edits.local.proposal import Change
from ai_lsp.edits.local.tokens import whole

MOST_LINES = 60
"""Lines of an edit that are compared one by one; a longer edit is code written, and no example."""

_SEARCHED = 200  # lines around where an edit should stand
_ALIKE = 0.5  # share of tokens that a line must keep to count as changed, not replaced


@dataclass(frozen=True, slots=True)
class Added:
    """Lines put in between two others; `above` and `below` are "" at the ends of the file."""

    lines: tuple[str, ...]
    above: str
    below: str


@dataclass(frozen=True, slots=True)
class Example:
    """An edit taken apart. `age` counts edits: 0 is the latest. `at` is where its new lines stand now."""

    uri: str
    at: int
    age: int
    age_s: float
    old: tuple[str, ...]
    new: tuple[str, ...]
    above: str
    below: str
    pairs: tuple[tuple[str, str], ...]
    added: tuple[Added, ...]
    removed: tuple[tuple[str, ...], ...]


def examples(changes: Sequence[Change], index: Index) -> list[Example]:
    """The examples in some edits, the latest first; edits of documents that are not open are left out."""
    placed: list[tuple[Change, int]] = []
    for number, change in enumerate(changes):
        text = index.open.get(change.uri)
        if text is None or len(change.old) > MOST_LINES or len(change.new) > MOST_LINES:
            continue
        at = change.at
        for later in changes[number + 1 :]:
            if later.uri == change.uri and later.at <= at:
                at += len(later.new) - len(later.old)
        placed.append((change, _found(text.lines, at, change.new)))
    out = []
    for age, (change, at) in enumerate(reversed(placed)):
        lines = index.open[change.uri].lines
        end = at + len(change.new)
        above = lines[at - 1] if 0 < at <= len(lines) else ""
        below = lines[end] if end < len(lines) else ""
        pairs, added, removed = _compared(change.old, change.new, above, below)
        out.append(
            Example(
                change.uri, at, age, change.age_s, change.old, change.new, above, below,
                tuple(pairs), tuple(added), tuple(removed),
            )
        )  # fmt: skip
    return out


def _found(lines: Sequence[str], at: int, wanted: tuple[str, ...]) -> int:
    """Where lines stand that should stand at `at`: there, or as near to it as they are found."""
    at = min(max(at, 0), len(lines))
    if not wanted or tuple(lines[at : at + len(wanted)]) == wanted:
        return at
    for distance in range(1, _SEARCHED):
        for start in (at - distance, at + distance):
            if start >= 0 and tuple(lines[start : start + len(wanted)]) == wanted:
                return start
    return at


def _compared(
    old: tuple[str, ...], new: tuple[str, ...], above: str, below: str
) -> tuple[list[tuple[str, str]], list[Added], list[tuple[str, ...]]]:
    pairs: list[tuple[str, str]] = []
    added: list[Added] = []
    removed: list[tuple[str, ...]] = []
    matcher = SequenceMatcher(None, [x.strip() for x in old], [x.strip() for x in new], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        j = j1
        gone: list[str] = []
        for a, partner in zip(old[i1:i2], _partners(old[i1:i2], new[j1:j2]), strict=True):
            if partner is None:
                gone.append(a)
                continue
            b = j1 + partner
            if b > j:
                added.append(_added(new, j, b, above, below))
            pairs.append((a, new[b]))
            j = b + 1
        if j < j2:
            added.append(_added(new, j, j2, above, below))
        if gone:
            removed.append(tuple(gone))
    return pairs, added, removed


def _added(new: tuple[str, ...], start: int, end: int, above: str, below: str) -> Added:
    return Added(new[start:end], new[start - 1] if start else above, new[end] if end < len(new) else below)


def _partners(old: Sequence[str], new: Sequence[str]) -> list[int | None]:
    """For each old line the new one that it became, in order, None where it went away."""
    if len(old) == len(new) == 1:
        return [0] if similarity(old[0], new[0]) > 0.2 else [None]
    rows, columns = len(old), len(new)
    alike = [[similarity(a, b) for b in new] for a in old]
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            both = alike[i][j] + best[i + 1][j + 1] if alike[i][j] >= _ALIKE else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], both)
    out: list[int | None] = []
    j = 0
    for i in range(rows):
        while j < columns and best[i][j] == best[i][j + 1]:
            j += 1
        if j < columns and alike[i][j] >= _ALIKE and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
            out.append(j)
            j += 1
        else:
            out.append(None)
    return out


@lru_cache(maxsize=1 << 16)
def similarity(a: str, b: str) -> float:
    """The share of tokens that two lines have in common, counted with their number, 0..1."""
    if a == b:
        return 1.0
    left = [t.text for t in whole(a)]
    right = [t.text for t in whole(b)]
    if not left or not right:
        return 0.0
    counts: dict[str, int] = {}
    for token in left:
        counts[token] = counts.get(token, 0) + 1
    shared = 0
    for token in right:
        if counts.get(token, 0) > 0:
            counts[token] -= 1
            shared += 1
    return 2 * shared / (len(left) + len(right))

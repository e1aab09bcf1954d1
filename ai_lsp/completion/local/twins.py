"""Lines that were just removed and that the line being typed stands for: what of them is still to come.

A line that is changed keeps most of its words. The typed start is aligned with each removed line; what follows
the place reached there is the likeliest rest, with names changed as they were changed before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ai_lsp.completion.local.documents import Document
from ai_lsp.completion.local.lexing import END_SAME, FIRST_TEXT
from ai_lsp.completion.local.shapes import NAMES_END, Shapes

_MOST_LINES = 80  # removed lines that are compared
_MOST_ALIGNED = 6
_LEAST_ALIKE = 0.34
_LONGEST = 60  # tokens of a line that are aligned
_FADE = 0.85  # per removal since
_REMOVALS = 10  # whose replacements teach renames


@dataclass(slots=True)
class Twin:
    """What would be typed from here on were the line to end as the removed one did."""

    tokens: list[int]
    alike: float  # 0..1: how much of the typed start agrees


def twins(
    document: Document, typed: Sequence[int], partial: str, texts: Sequence[str], shapes: Shapes, half: int
) -> list[Twin]:
    """The likeliest twins of a line that begins so, best first; `half` is the id of the half-typed token."""
    if not typed and not partial:
        return []
    wanted = set(typed)
    found: list[tuple[float, float, list[int]]] = []
    count = 0
    for age, removal in enumerate(reversed(document.gone)):
        for row in removal.ids:
            if row and count < _MOST_LINES:
                count += 1
                common = len(wanted.intersection(row))
                if common or (not typed and texts[row[0]].startswith(partial)):
                    found.append((common / max(len(wanted), 1), _FADE**age, row[:_LONGEST]))
    found.sort(key=lambda f: -f[0] * f[1])
    made: dict[tuple[int, ...], float] = {}
    renamed = renames(document, shapes)
    for _, fade, row in found[:_MOST_ALIGNED]:
        aligned = _align(typed[-_LONGEST:], row)
        if aligned is None:
            continue
        reached, alike, changed = aligned
        names = {a: b for a, b in changed.items() if shapes.of[a] < NAMES_END and shapes.of[b] < NAMES_END}
        rest = [names.get(t, renamed.get(t, t)) for t in row[reached:]]
        if partial:
            if rest and texts[rest[0]].startswith(partial):
                pass
            elif reached < len(row) and texts[row[reached]].startswith(partial):
                rest[0] = row[reached]
            elif typed and len(rest) > 1:
                rest = [half, *rest[1:]]  # the half-typed token is whole, and stands where another stood
                alike *= 0.7
            else:
                continue
        key = (*rest, END_SAME)
        made[key] = max(made.get(key, 0.0), alike * fade)
    best = sorted(made.items(), key=lambda kv: -kv[1])
    return [Twin(list(tokens), alike) for tokens, alike in best[:3] if alike >= _LEAST_ALIKE]


def _align(typed: Sequence[int], row: Sequence[int]) -> tuple[int, float, dict[int, int]] | None:
    """(tokens of `row` that `typed` has used up, likeness, tokens that were exchanged), by least edits."""
    n, m = len(typed), len(row)
    table = [list(range(m + 1))]
    for i in range(1, n + 1):
        above, t = table[-1], typed[i - 1]
        line = [i]
        for j in range(1, m + 1):
            best = above[j - 1] if row[j - 1] == t else above[j - 1] + 1
            line.append(min(best, above[j] + 1, line[-1] + 1))
        table.append(line)
    last = table[n]
    low = min(last)
    ends = [j for j in range(m + 1) if last[j] == low]
    # Of equal places the one whose last token agrees, else the one as far along as what is typed.
    agreeing = [j for j in ends if j and n and row[j - 1] == typed[-1]]
    reached = min(agreeing or ends, key=lambda j: abs(j - n))
    changed: dict[int, int] = {}
    i, j = n, reached
    while i and j:
        same = row[j - 1] == typed[i - 1]
        if table[i][j] == table[i - 1][j - 1] + (not same):
            if not same:
                changed[row[j - 1]] = typed[i - 1]
            i, j = i - 1, j - 1
        elif table[i][j] == table[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1
    return reached, 1.0 - low / max(n, reached, 1), changed


def renames(document: Document, shapes: Shapes) -> dict[int, int]:
    """Names that gave way to other names where removed lines have been replaced, the latest change last."""
    found: dict[int, int] = {}
    for removal in list(document.gone)[-_REMOVALS:]:
        if removal.renames is None or removal.version != document.version:
            removal.renames = _pairs(document, removal.at, removal.ids, shapes)
            removal.version = document.version
        found.update(removal.renames)
    return found


def _pairs(document: Document, at: int, rows: Iterable[list[int]], shapes: Shapes) -> dict[int, int]:
    """One-for-one changes of names between removed lines and those that stand in their place now."""
    found: dict[int, int] = {}
    starts = document.starts()
    rows = [r for r in rows if r][:24]
    first, last = at, min(at + len(rows) + 2, len(document.lines))
    present = [document.flat[int(starts[i]) + 1 : int(starts[i + 1])].tolist() for i in range(first, last)]
    for row in rows:
        for other in present:
            if len(other) != len(row):
                continue
            differing = [(a, b) for a, b in zip(row, other, strict=True) if a != b]
            if 1 <= len(differing) <= 2 and len(row) >= 3:
                found |= {
                    a: b
                    for a, b in differing
                    if a >= FIRST_TEXT and shapes.of[a] < NAMES_END and shapes.of[b] < NAMES_END
                }
    return found

"""Lines of a block laid against a stretch of a file, whose ends are free: the cheapest pairing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from ai_lsp.edits.apply.likeness import distance

_NEVER = float("inf")
_MISSED = 12.0  # a quoted line that is nowhere says more against a place than a line that the reply leaves out
_near = lru_cache(maxsize=20_000)(distance)


def skip_cost(key: str) -> float:
    """What it costs, in characters, that a block's line does not stand in the file."""
    if not key:
        return 1.0
    return 4.0 + 0.3 * len(key) if says_something(key) else 2.0


def says_something(key: str) -> bool:
    """Whether a line tells a place from others, as brackets do not."""
    return sum(map(str.isalnum, key)) >= 3


def _extra_cost(key: str) -> float:
    """What it costs that a line of the file, between two of the block's, is not in the block."""
    return 3.0 + 0.2 * min(len(key), 60) if key else 0.7


def align(
    keys: Sequence[str], theirs: Sequence[str], agrees: Callable[[int, int], bool] = lambda row, column: True
) -> tuple[float, list[int]]:
    """(cost, the index in `theirs` of each key or -1). Lines of `theirs` before and after cost nothing.

    Lines that say nothing, brackets, are only paired with equal ones that `agrees` says are indented alike.
    """
    rows, columns = len(keys), len(theirs)
    known = set(theirs)
    extra = [_extra_cost(key) for key in theirs]
    cost = [0.0] * (columns + 1)
    came: list[list[int]] = []  # 0 a pair, 1 the block's line is skipped, 2 the file's line is extra
    for row, key in enumerate(keys):
        is_said = not key or says_something(key)
        may_differ = bool(key) and is_said and key not in known  # what stands there as quoted is no slip
        skip = skip_cost(key) + (_MISSED if key and is_said else 0.0)
        new = [cost[0] + skip]
        how = [1]
        last = row == rows - 1
        left = new[0]
        for column in range(columns):
            other = theirs[column]
            best, step = cost[column + 1] + skip, 1
            if key == other:
                pair = cost[column] if is_said or agrees(row, column) else _NEVER
            else:
                pair = cost[column] + _near(key, other) if may_differ and other else _NEVER
            if pair <= best:
                best, step = pair, 0
            # Before the first paired line the file's lines are free: that is the row above's zero.
            over = left + (0.0 if last else extra[column])
            if over < best:
                best, step = over, 2
            new.append(best)
            how.append(step)
            left = best
        cost = new
        came.append(how)
    pairs = [-1] * rows
    row, column = rows - 1, columns
    while row >= 0:
        step = came[row][column]
        if step == 2:
            column -= 1
        elif step == 1:
            row -= 1
        else:
            column -= 1
            pairs[row] = column
            row -= 1
    return cost[columns], pairs

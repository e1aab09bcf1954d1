"""The smallest single edit between two texts."""

from __future__ import annotations

from ai_lsp.text.edit import Edit, Span


def single_edit(old: str, new: str, cursor: int | None = None) -> Edit:
    """The edit from `old` to `new` with the longest common start and then the longest common end kept.

    What was put in may be any of several equal stretches, as a second `)` in `))`: it is the one at `cursor`, an
    offset of `old`, where that can be.
    """
    start = common_prefix(old, new)
    longest = min(len(old), len(new)) - start
    end = _common_suffix(old, new, longest)
    size = len(new) - len(old)
    if cursor is not None and cursor < start and start + end == len(old):
        if old[cursor:start] == new[cursor + size : start + size]:
            start = cursor
        end = len(old) - start
    return Edit(Span(start, len(old) - end), new[start : len(new) - end])


def common_prefix(a: str, b: str) -> int:
    """Length of the longest common start, by halving, so that the comparing is done in C."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_suffix(a: str, b: str, longest: int) -> int:
    low, high = 0, longest
    while low < high:
        middle = (low + high + 1) // 2
        if a[len(a) - middle : len(a) - low] == b[len(b) - middle : len(b) - low]:
            low = middle
        else:
            high = middle - 1
    return low

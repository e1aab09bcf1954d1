"""The smallest single edit between two texts."""

from __future__ import annotations

from ai_lsp.text.edit import Edit, Span


def single_edit(old: str, new: str) -> Edit:
    """The edit from `old` to `new` with the longest common start and then the longest common end kept."""
    start = common_prefix(old, new)
    longest = min(len(old), len(new)) - start
    end = _common_suffix(old, new, longest)
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

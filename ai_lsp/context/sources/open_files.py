"""Pages of the other open files that use the names around the cursor."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from ai_lsp.context.parts import Label, PromptPart
from ai_lsp.context.place import OpenFile

PAGE_LINES = 32
"""A page starts at a multiple of this many lines, so that an edit elsewhere leaves its bytes alone."""

MOST_PAGES, MOST_FILES, MOST_LINES = 6, 8, 6_400
LEAST_SHARED = 3
"""Names that a page must share with the cursor's neighbourhood to be worth its tokens."""

_NAME = re.compile(r"[^\W\d]\w{2,}")


def parts(near: str, others: Sequence[OpenFile], *, priority: int) -> tuple[PromptPart, ...]:
    """The pages that share most rare names with `near`, ordered by path and line, so that the order is steady.

    The best page has `priority`, the next ones less. `others` are most recently used first; the first
    MOST_FILES of them are looked at, MOST_LINES lines of each.
    """
    wanted = _names(near)
    pages = [page for other in others[:MOST_FILES] for page in _pages(other)]
    spread = Counter(name for _, _, text in pages for name in _names(text) & wanted)
    scored = sorted(
        ((_score(_names(text) & wanted, spread, len(pages)), path, line, text) for path, line, text in pages),
        key=lambda each: (-each[0], each[1], each[2]),
    )
    best = [each for each in scored[:MOST_PAGES] if each[0] > 0]
    ranked = [
        PromptPart(
            kind="file",
            text=text,
            label=Label(path, line, line + PAGE_LINES - 1, "open file"),
            key=f"file:{path}:{line}",
            priority=priority - rank,
            stability="slow",
        )
        for rank, (_, path, line, text) in enumerate(best)
    ]
    return tuple(sorted(ranked, key=lambda part: (part.label.uri, part.label.first_line)))


def _score(shared: frozenset[str], spread: Counter[str], pages: int) -> float:
    if len(shared) < LEAST_SHARED:
        return 0.0
    return sum(math.log(1 + pages / spread[name]) for name in shared)


def _pages(other: OpenFile) -> Iterable[tuple[str, int, str]]:
    snapshot = other.snapshot
    count = min(snapshot.line_count, MOST_LINES)
    starts = [snapshot.line_span(line).start for line in range(0, count, PAGE_LINES)]
    starts.append(len(snapshot) if count == snapshot.line_count else snapshot.line_span(count).start)
    for index, start in enumerate(starts[:-1]):
        yield other.path, index * PAGE_LINES, snapshot.slice(start, starts[index + 1])


@lru_cache(maxsize=8_192)
def _names(text: str) -> frozenset[str]:
    return frozenset(_NAME.findall(text))

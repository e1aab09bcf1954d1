"""The prompt of a fill-in-the-middle request, cut to a budget at places that stay put while the user types."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from ai_lsp.completion.query import Query
from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.models.port import FimPrompt, ModelRequest

PAGE_LINES = 64
"""Windows start and end at multiples of this many lines, so the front of the prompt stays the same bytes."""

PREFIX_SHARE = 0.75
"""Of the budget; what the prefix does not need goes to the suffix."""

MAX_LINES_ABOVE, MAX_LINES_BELOW = 1024, 256


def build(
    query: Query,
    settings: CompletionSettings,
    *,
    context_tokens: int,
    count: Callable[[str], int],
    repo: str = "",
) -> ModelRequest:
    """The request for the query; prompt and answer together stay within `context_tokens`."""
    budget = max(64, int((context_tokens - settings.max_tokens) * 0.9))
    typed = _last_tokens(query.left, budget // 2, count)
    budget -= count(typed)
    snapshot, line = query.snapshot, query.line
    above = _window(query, max(0, line // PAGE_LINES * PAGE_LINES - MAX_LINES_ABOVE), line)
    prefix = _fit_above(above, int(budget * PREFIX_SHARE), count)
    last = (line + 1) // PAGE_LINES * PAGE_LINES + PAGE_LINES + MAX_LINES_BELOW
    below = _window(query, line + 1, min(snapshot.line_count, last))
    rest = snapshot.slice(query.offset, _line_start(query, line + 1))
    suffix = rest + _fit_below(below, budget - count(prefix) - count(rest), count)
    return ModelRequest(
        FimPrompt(prefix, typed, suffix, query.path, repo, snapshot.language_id),
        max_tokens=settings.max_tokens,
        stop=("\n",) if is_single_line(query, settings) else (),
        min_indent=0,
    )


def is_single_line(query: Query, settings: CompletionSettings) -> bool:
    """Whether the answer must end with the cursor's line: something other than closers stands right of it."""
    return settings.max_lines == 1 or bool(query.right.strip(" \t)]}>\"'`;,:"))


def _window(query: Query, first: int, last: int) -> list[str]:
    """Pages of whole lines `first..last`, cut at multiples of PAGE_LINES."""
    cuts = [first, *range(first // PAGE_LINES * PAGE_LINES + PAGE_LINES, last, PAGE_LINES), last]
    starts = [_line_start(query, cut) for cut in cuts]
    return [query.snapshot.slice(a, b) for a, b in pairwise(starts)]


def _line_start(query: Query, line: int) -> int:
    snapshot = query.snapshot
    return snapshot.line_span(line).start if line < snapshot.line_count else len(snapshot)


def _fit_above(pages: list[str], budget: int, count: Callable[[str], int]) -> str:
    """The last pages that fit; of the nearest page alone, its last lines."""
    kept: list[str] = []
    for page in reversed(pages):
        cost = count(page)
        if cost > budget:
            if not kept:
                kept.append(_last_tokens(page, budget, count))
            break
        kept.append(page)
        budget -= cost
    return "".join(reversed(kept))


def _fit_below(pages: list[str], budget: int, count: Callable[[str], int]) -> str:
    kept: list[str] = []
    for page in pages:
        cost = count(page)
        if cost > budget:
            break
        kept.append(page)
        budget -= cost
    return "".join(kept)


def _last_tokens(text: str, budget: int, count: Callable[[str], int]) -> str:
    """The end of a text, halved until it fits, and then whole lines where it has any."""
    if count(text) <= budget:
        return text
    while text and count(text) > budget:
        text = text[len(text) // 2 + 1 :]
    start = text.find("\n") + 1
    return text[start:] if 0 < start < len(text) else text

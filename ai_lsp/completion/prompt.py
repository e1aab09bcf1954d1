"""The prompt of a fill-in-the-middle request: parts by priority, cut to a budget at places that stay put."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile

from ai_lsp.completion.query import Query
from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.context.counts import Counts
from ai_lsp.context.fit import Fitted, fit
from ai_lsp.context.parts import Label, PromptPart
from ai_lsp.models.port import ContextFile, FimPrompt, ModelRequest

PAGE_LINES = 64
"""The document is cut at multiples of this many lines, so the front of the prompt stays the same bytes."""

PAGES_ABOVE, PAGES_BELOW = 16, 4

TYPED, REST, ABOVE, BELOW, FILES = 10_000, 9_000, 8_000, 7_950, 7_450
"""Priorities: the cursor's line, then its page; a page further away counts STEP_ABOVE or STEP_BELOW less, so
the best page of another file comes after about 300 lines above the cursor and 150 below it."""

STEP_ABOVE, STEP_BELOW = 100, 200

FILE_HEADER_TOKENS = 24
"""Room kept for the path and the marks that a family writes before another file."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What makes prompts cheap and steady from key to key: counts already made, the cut of the last prompt."""

    counts: Counts = field(default_factory=Counts)
    previous: Fitted | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """A request, and how its prompt came to be what it is."""

    request: ModelRequest
    fitted: Fitted


def build(
    query: Query,
    settings: CompletionSettings,
    *,
    context_tokens: int,
    count: Callable[[str], int],
    repo: str = "",
    files: Sequence[PromptPart] = (),
    memory: Memory | None = None,
) -> Built:
    """The request for the query; prompt and answer together stay within `context_tokens`.

    `files` are parts of kind "file", in the order in which they shall stand.
    """
    memory = memory or Memory()
    budget = max(64, int((context_tokens - settings.max_tokens) * 0.9))
    budget = max(64, budget - FILE_HEADER_TOKENS * len(files))
    typed = PromptPart("typed", _last_tokens(query.left, budget // 2, count), _label(query, 0, 0), "typed", TYPED)
    room = budget - count(typed.text)
    above = _pages_above(query, room, count)
    below = _pages_below(query)
    parts = (*files, *above, *below, typed)
    fitted = fit(parts, budget, count, step=budget // 16, previous=memory.previous, counts=memory.counts)
    texts = {one.part.key: one.text for one in fitted.kept}
    prompt = FimPrompt(
        prefix="".join(reversed(_unbroken(texts, above[::-1]))),
        typed=typed.text,
        suffix="".join(_unbroken(texts, below)),
        path=query.path,
        repo=repo,
        language_id=query.snapshot.language_id,
        files=tuple(ContextFile(one.part.label.uri, one.text) for one in fitted.kept if one.part.kind == "file"),
    )
    stop = ("\n",) if is_single_line(query, settings) else ()
    return Built(ModelRequest(prompt, max_tokens=settings.max_tokens, stop=stop), fitted)


def is_single_line(query: Query, settings: CompletionSettings) -> bool:
    """Whether the answer must end with the cursor's line: something other than closers stands right of it."""
    return settings.max_lines == 1 or bool(query.right.strip(" \t)]}>\"'`;,:"))


def _pages_above(query: Query, room: int, count: Callable[[str], int]) -> list[PromptPart]:
    """The lines above the cursor's, farthest page first. Of a nearest page that is too large, its end."""
    last = query.line
    first = max(0, (last // PAGE_LINES - PAGES_ABOVE) * PAGE_LINES)
    texts = _window(query, first, last)
    out = []
    for distance, (line, text) in enumerate(reversed(texts)):
        if distance == 0 and count(text) > room * 3 // 4:
            text = _last_tokens(text, room * 3 // 4, count)
        label = _label(query, line, min(line + PAGE_LINES, last) - 1)
        priority = ABOVE - STEP_ABOVE * distance
        out.append(PromptPart("above", text, label, f"above:{line}", priority, "slow"))
    return out[::-1]


def _pages_below(query: Query) -> list[PromptPart]:
    """The rest of the cursor's line and the pages below it, nearest first."""
    line = query.line
    rest = query.snapshot.slice(query.offset, _line_start(query, line + 1))
    out = [PromptPart("below", rest, _label(query, line, line), "rest", REST)]
    last = min(query.snapshot.line_count, ((line + 1) // PAGE_LINES + PAGES_BELOW) * PAGE_LINES)
    for distance, (start, text) in enumerate(_window(query, line + 1, max(line + 1, last))):
        label = _label(query, start, start + PAGE_LINES - 1)
        out.append(PromptPart("below", text, label, f"below:{distance}", BELOW - STEP_BELOW * distance, "slow"))
    return out


def _unbroken(texts: Mapping[str, str], nearest_first: Sequence[PromptPart]) -> list[str]:
    """The kept pages from the cursor on without a gap: one that was too large is the end."""
    return [texts[part.key] for part in takewhile(lambda part: part.key in texts, nearest_first)]


def _window(query: Query, first: int, last: int) -> list[tuple[int, str]]:
    """Pages of whole lines `first..last` with their first lines, cut at multiples of PAGE_LINES."""
    cuts = [first, *range(first // PAGE_LINES * PAGE_LINES + PAGE_LINES, last, PAGE_LINES), last]
    starts = [_line_start(query, cut) for cut in cuts]
    return [
        (line, query.snapshot.slice(a, b)) for line, (a, b) in zip(cuts, pairwise(starts), strict=False) if a < b
    ]


def _line_start(query: Query, line: int) -> int:
    snapshot = query.snapshot
    return snapshot.line_span(line).start if line < snapshot.line_count else len(snapshot)


def _label(query: Query, first: int, last: int) -> Label:
    return Label(query.path, first, last)


def _last_tokens(text: str, budget: int, count: Callable[[str], int]) -> str:
    """The end of a text, halved until it fits, and then whole lines where it has any."""
    if count(text) <= budget:
        return text
    while text and count(text) > budget:
        text = text[len(text) // 2 + 1 :]
    start = text.find("\n") + 1
    return text[start:] if 0 < start < len(text) else text

"""The prompt of a fill-in-the-middle request: parts by priority, cut to a budget at places that stay put."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ai_lsp.completion.query import Query
from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.context.counts import Count, Counts
from ai_lsp.context.fit import Fitted, Kept, fit
from ai_lsp.context.parts import Alternative, Label, PromptPart
from ai_lsp.context.sources.current_file import ESSENTIAL, PAGE_LINES, Skeletons
from ai_lsp.models.port import ContextFile, FimPrompt, ModelRequest
from ai_lsp.text.document import DocumentSnapshot

__all__ = ["PAGE_LINES", "Around", "Built", "Inputs", "Memory", "Shape", "build", "is_single_line"]

PAGES_ABOVE, PAGES_BELOW = 16, 4

TYPED, REST, NEAR_ABOVE, NEAR_BELOW, ABOVE, BELOW = 10_000, 9_000, 8_900, 8_850, 8_000, 7_950
"""Priorities: the cursor's line, then what stands next to it, before anything is known of places further away; a
page further away counts STEP_ABOVE or STEP_BELOW less. Those of other files stand in context/gather.py."""

NEAR_LINES = (16, 8, 4)
"""So many lines above the cursor count as next to it, with the rest of their page; those below it end at a
multiple of the first of these that is small enough."""

MOST_ABOVE, MOST_BELOW = 0.65, 0.2
"""Of what the cursor's line leaves of a budget, so much at most is what stands next to it."""

STEP_ABOVE, STEP_BELOW = 100, 200

GAP = "...\n"
"""Between two pieces of one file."""

FILE_MARK_TOKENS = 6
"""Room kept for the marks that a family writes before another file; its path is counted with the text."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a document is cut into pages, and what may stand for a page that is cut away.

    `cuts` are offsets of the query's snapshot at which pages begin; without any, pages are PAGE_LINES lines.
    """

    cuts: tuple[int, ...] = ()
    skeletons: Skeletons = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Around:
    """What a prompt may know besides its document: parts of other places, and how the document is cut."""

    files: tuple[PromptPart, ...] = ()
    shape: Shape = field(default_factory=Shape)


@dataclass(frozen=True, slots=True)
class Memory:
    """What makes prompts cheap and steady from key to key: counts already made, the cut of the last prompt."""

    counts: Counts = field(default_factory=Counts)
    previous: Fitted | None = None


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a prompt is made of: the same inputs give the same bytes. This is what a recording holds."""

    query: Query
    settings: CompletionSettings
    context_tokens: int
    count: Count
    repo: str = ""
    around: Around = field(default_factory=Around)
    previous: Fitted | None = None
    typed_lines: int = 0


@dataclass(frozen=True, slots=True)
class Built:
    """A request, and how its prompt came to be what it is."""

    request: ModelRequest
    fitted: Fitted
    inputs: Inputs


def build(
    query: Query,
    settings: CompletionSettings,
    *,
    context_tokens: int,
    count: Count,
    repo: str = "",
    around: Around | None = None,
    memory: Memory | None = None,
    typed_lines: int = 0,
) -> Built:
    """The request for the query; prompt and answer together stay within `context_tokens`.

    The parts of other places (context/gather.py) stand in the order in which `around` has them. `typed_lines`
    above the cursor's count as typed and stand with it behind the middle token: while the prefix ends where it
    did, a server with a prefix cache reads new lines only, and not again all that is below them.
    """
    memory = memory or Memory()
    around = around or Around()
    inputs = Inputs(query, settings, context_tokens, count, repo, around, memory.previous, typed_lines)
    return build_from(inputs, memory.counts)


def build_from(inputs: Inputs, counts: Counts) -> Built:
    """`build` of inputs that were kept; `counts` only saves counting again."""
    query, settings, count = inputs.query, inputs.settings, inputs.count
    context_tokens, repo = inputs.context_tokens, inputs.repo
    files, shape = inputs.around.files, inputs.around.shape
    budget = max(64, int((context_tokens - settings.max_tokens) * 0.9))
    budget = max(64, budget - min(FILE_MARK_TOKENS * len(files), budget // 4))
    start = query.snapshot.line_span(max(0, query.line - inputs.typed_lines)).start
    text = _last_tokens(query.snapshot.slice(start, query.offset), budget // 2, count)
    typed = PromptPart("typed", text, _label(query, 0, 0), "typed", TYPED)
    room = budget - count(typed.text)
    above = _pages_above(query, start, shape, room, count)
    below = _pages_below(query, shape, room, count)
    others = [_named(part) for part in files]
    parts = (*others, *above, *below, typed)
    fitted = fit(parts, budget, count, step=budget // 16, previous=inputs.previous, counts=counts)
    kept = {one.part.key: one for one in fitted.kept}
    chosen, lasting = _files(kept, others)
    prompt = FimPrompt(
        prefix=_prefix(kept, above),
        typed=typed.text,
        suffix=_suffix(kept, below),
        path=query.path,
        repo=repo,
        language_id=query.snapshot.language_id,
        files=chosen,
        lasting=lasting,
    )
    stop = ("\n",) if is_single_line(query, settings) else ()
    return Built(ModelRequest(prompt, max_tokens=settings.max_tokens, stop=stop), fitted, inputs)


def is_single_line(query: Query, settings: CompletionSettings) -> bool:
    """Whether the answer must end with the cursor's line: something other than closers stands right of it."""
    return settings.max_lines == 1 or bool(query.right.strip(" \t)]}>\"'`;,:"))


def _named(part: PromptPart) -> PromptPart:
    """A part with its file's path in front, as it costs tokens; `_files` takes it off again."""
    head = part.label.uri + "\n"
    shorter = tuple(replace(each, text=head + each.text) for each in part.alternatives)
    return replace(part, text=head + part.text, alternatives=shorter)


def _files(kept: Mapping[str, Kept], others: Sequence[PromptPart]) -> tuple[tuple[ContextFile, ...], int]:
    """The files of the prompt, and how many of them last; neighbours of one kind from one file are one."""
    out: list[ContextFile] = []
    stable, last = 0, ("", "")
    for part in others:
        if (one := kept.get(part.key)) is None:
            continue
        path, _, text = one.text.partition("\n")
        if last == (path, part.kind):
            out[-1] = ContextFile(path, f"{_line_ended(out[-1].text)}{GAP}{text}")
        else:
            out.append(ContextFile(path, text))
        last = path, part.kind
        if part.stability != "volatile":
            stable = len(out)
    return tuple(out), stable


def _line_ended(text: str) -> str:
    return text if text.endswith("\n") or not text else text + "\n"


def _pages_above(query: Query, end: int, shape: Shape, room: int, count: Count) -> list[PromptPart]:
    """The lines up to offset `end`, farthest page first. Those with the nearest lines come before all else, and
    are cut to their end where they are too large."""
    base, cuts = _cuts(query, shape)
    last = bisect_right(cuts, end)
    starts = cuts[max(0, last - 1 - PAGES_ABOVE) : last]
    out: list[PromptPart] = []
    near, left = 0, int(room * MOST_ABOVE)
    for distance, (start, stop) in enumerate(reversed(list(pairwise([*starts, end])))):
        text = query.snapshot.slice(start, stop)
        if not text:
            continue
        priority, ladder = ABOVE - STEP_ABOVE * distance, shape.skeletons.get(text, ())
        if near < NEAR_LINES[0]:
            text, priority, ladder = _last_tokens(text, left, count), NEAR_ABOVE - distance, ()
            near, left = near + text.count("\n"), left - count(text)
        ladder = tuple(
            Alternative(each.text, ABOVE - distance if each.priority == ESSENTIAL else priority + 3 * STEP_ABOVE)
            for each in ladder
        )
        key = f"above:{base + bisect_left(cuts, start)}"
        label = _label(query, query.snapshot.line_at(start), query.snapshot.line_at(max(start, stop - 1)))
        out.append(PromptPart("above", text, label, key, priority, "slow", alternatives=ladder))
    return out[::-1]


def _pages_below(query: Query, shape: Shape, room: int, count: Count) -> list[PromptPart]:
    """The rest of the cursor's line, the few lines below it, and the pages below these, nearest first."""
    snapshot, line = query.snapshot, query.line
    after = snapshot.line_span(line + 1).start if line + 1 < snapshot.line_count else len(snapshot)
    rest = snapshot.slice(query.offset, after)
    out = [PromptPart("below", rest, _label(query, line, line), "rest", REST)]
    _, cuts = _cuts(query, shape)
    first = bisect_right(cuts, after)
    ends = [*cuts[first : first + PAGES_BELOW], len(snapshot)][:PAGES_BELOW]
    near = _next_to(snapshot, line, after, int(room * MOST_BELOW), count)
    stops = [after, *([near] if after < near < ends[0] else ()), *ends]
    for number, (start, stop) in enumerate(pairwise(stops)):
        if start == stop:
            continue
        label = _label(query, snapshot.line_at(start), snapshot.line_at(max(start, stop - 1)))
        distance = number - (len(stops) - len(ends) - 1)
        priority = BELOW - STEP_BELOW * distance if stop > near else NEAR_BELOW
        out.append(PromptPart("below", snapshot.slice(start, stop), label, f"below:{number}", priority, "slow"))
    return out


def _next_to(snapshot: DocumentSnapshot, line: int, after: int, most: int, count: Count) -> int:
    """Where the few lines from `after` on end, at a place that stays while the cursor goes down some lines."""
    end = after
    for lines in NEAR_LINES:
        last = (line // lines + 2) * lines
        end = snapshot.line_span(last).start if last < snapshot.line_count else len(snapshot)
        if count(snapshot.slice(after, end)) <= most:
            break
    return end


def _cuts(query: Query, shape: Shape) -> tuple[int, list[int]]:
    """Where pages begin, and the number of the first of them."""
    snapshot = query.snapshot
    if shape.cuts:
        size = len(snapshot)
        return 0, [0, *[cut for cut in shape.cuts if 0 < cut < size]]
    near = query.line // PAGE_LINES
    first, last = max(0, near - PAGES_ABOVE), min(snapshot.line_count - 1, (near + PAGES_BELOW + 1) * PAGE_LINES)
    lines = range(first * PAGE_LINES, last + 1, PAGE_LINES)
    return first, [snapshot.line_span(line).start for line in lines]


def _prefix(kept: Mapping[str, Kept], above: Sequence[PromptPart]) -> str:
    """The pages from the cursor upwards as far as they are whole, then what stands for those further away."""
    out: list[str] = []
    is_whole = True
    for part in reversed(above):
        one = kept.get(part.key)
        is_whole = is_whole and one is not None and one.alternative == 0
        if is_whole and one is not None:
            out.append(one.text)
        elif one is not None and (one.alternative or part.alternatives):
            out.append(one.text if one.alternative else part.alternatives[0].text)
    return "".join(reversed(out))


def _suffix(kept: Mapping[str, Kept], below: Sequence[PromptPart]) -> str:
    out = []
    for part in below:
        if part.key not in kept:
            break
        out.append(kept[part.key].text)
    return "".join(out)


def _label(query: Query, first: int, last: int) -> Label:
    return Label(query.path, first, last)


def _last_tokens(text: str, budget: int, count: Count) -> str:
    """The end of a text, halved until it fits, and then whole lines where it has any."""
    if count(text) <= budget:
        return text
    while text and count(text) > budget:
        text = text[len(text) // 2 + 1 :]
    start = text.find("\n") + 1
    return text[start:] if 0 < start < len(text) else text

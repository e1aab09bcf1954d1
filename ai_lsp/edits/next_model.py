"""The next edit asked of a model: a region is chosen, written in the model's format, its answer becomes edits."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Protocol

from ai_lsp.edits.next_formats.material import Material, NextFormat, PastEdit, Unusable, guarded
from ai_lsp.edits.next_values import NextDeclined, NextQuery, NextReason, Proposal
from ai_lsp.errors import ModelError, PromptWithheld
from ai_lsp.models.port import ContextFile, Model, ModelRequest, Usage
from ai_lsp.text.diff import single_edit
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span
from ai_lsp.text.history import HistoryEdit, Kind

MOST_EDITS = 6
"""Edits that go into a prompt, newest first until its share is full."""

SHARE_EDITS, SHARE_CONTEXT = 0.25, 0.6
"""Of what the region leaves of the budget: at most so much for edits; then so much of the rest for the document
around the region, and what is left for other files."""

PAGE = 10
"""Lines by which the window around the region grows, so that its ends stay put while one types."""

TELLING = 6
"""Characters of a line that is not found again by chance."""

AROUND = 3  # unchanged lines around an edit in its diff
LATER = 0.99  # each further change of one answer is a little less sure
KNOWN_PLACE = 0.15
"""What an answer gains where the embedded engine is sure of the place: only the text may be wrong."""


_MOVED_ONLY = frozenset({Kind.FORMAT, Kind.BULK})


class Route(Protocol):
    """The model that the user chose, and who wants to know how asking it went."""

    @property
    def model(self) -> Model: ...
    @property
    def context_tokens(self) -> int: ...
    @property
    def count(self) -> Callable[[str], int]: ...
    def started(self) -> None: ...
    def succeeded(self, request: ModelRequest, usage: Usage | None) -> None: ...
    def failed(self, error: ModelError) -> None: ...
    def abandoned(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a prompt may hold besides the region: edits newest last, texts of other files, paths by uri."""

    history: Sequence[HistoryEdit] = ()
    files: tuple[ContextFile, ...] = ()
    path_of: Callable[[str], str] = field(default=lambda uri: uri.rsplit("/", 1)[-1])
    repo: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a region is asked about: a document and an offset in it; whether the user's cursor is there."""

    snapshot: DocumentSnapshot
    offset: int
    is_cursor: bool


async def ask_model(
    query: NextQuery,
    jump: Proposal | None,
    route: Route,
    row: NextFormat,
    around: Surroundings,
    *,
    max_tokens: int,
    trust: float,
) -> Sequence[Proposal] | NextDeclined:
    """What the model would change at a jump's place, or at the cursor; why nothing, where it says nothing."""
    place = Place(query.snapshot, query.offset, True) if jump is None else _place(jump)
    prompt_tokens = max(256, int((route.context_tokens - max_tokens) * 0.9))
    made = material(place, query, around, row, prompt_tokens, route.count)
    clean = guarded(made, row.tokens)
    if clean is None:
        return NextDeclined(NextReason.WITHHELD, "the text holds marks of the model's own format")
    room = min(max_tokens, route.count(clean.region) * 2 + 128)
    request = ModelRequest(row.write(clean), room, row.stops, draft=row.say(clean.region, clean))
    route.started()
    try:
        answer, is_cut, usage = await _read(route, request)
        route.succeeded(request, usage)
    except PromptWithheld as error:
        route.abandoned()
        return NextDeclined(NextReason.WITHHELD, str(error))
    except ModelError as error:
        route.failed(error)
        return NextDeclined(NextReason.MODEL_FAILED, str(error))
    except BaseException:
        route.abandoned()
        raise
    region = row.read(answer, clean, is_cut)
    if isinstance(region, Unusable):
        return NextDeclined(NextReason.MODEL_ANSWER, region.value)
    edits = region_edits(clean.region, region, place.snapshot, clean.first_line)
    if not edits:
        return NextDeclined(NextReason.MODEL_SILENT)
    sure = trust if jump is None else min(0.95, trust + KNOWN_PLACE)
    group = f"model: {place.snapshot.serial} {clean.first_line}"
    return [
        Proposal(
            place.snapshot, edit, "edit", sure * LATER**index, "model", f"the model {route.model.name!r}", group
        )
        for index, edit in enumerate(edits)
    ]


async def _read(route: Route, request: ModelRequest) -> tuple[str, bool, Usage | None]:
    """The whole answer, and whether a limit cut it."""
    answer, is_cut, usage = "", False, None
    async with contextlib.aclosing(route.model.stream(request)) as stream:
        async for chunk in stream:
            answer += chunk.text
            usage = chunk.usage or usage
            is_cut = is_cut or chunk.finish in ("length", "timeout")
    return answer, is_cut, usage


def _place(jump: Proposal) -> Place:
    return Place(jump.snapshot, jump.edit.span.start, False)


def material(
    place: Place,
    query: NextQuery,
    around: Surroundings,
    row: NextFormat,
    budget: int,
    count: Callable[[str], int],
) -> Material:
    """The prompt's parts within a budget of tokens: the region first, then edits, the document, other files."""
    snapshot, line = place.snapshot, place.snapshot.line_at(place.offset)
    first, last = _region(snapshot, line, row, min(row.region_tokens, budget // 3), count)
    start, end = snapshot.line_span(first).start, snapshot.line_span(last).end
    region = snapshot.slice(start, end)
    left = budget - count(region) * (2 if row.name == "sweep" else 1) - 128
    edits, spent = _edits(query.uri, around, left * SHARE_EDITS, count)
    left -= spent
    above, below = _window(snapshot, first, last, int(left * SHARE_CONTEXT), count)
    left -= count(above) + count(below)
    files = []
    for file in around.files if row.takes_files else ():
        if (cost := count(file.text) + 24) <= left:
            files.append(file)
            left -= cost
    cursor = len(_plain(snapshot.slice(start, place.offset))) if place.is_cursor and place.offset >= start else -1
    return Material(
        path=around.path_of(snapshot.uri),
        language_id=snapshot.language_id,
        above=_plain(above),
        region=_plain(region),
        below=_plain(below),
        at=start - len(above),
        first_line=first,
        cursor=cursor if cursor <= len(_plain(region)) else -1,
        earlier=_plain(_earlier(snapshot, start, end, around.history)),
        edits=edits,
        files=tuple(files),
        problems=tuple(problem.message[:200] for problem in query.problems[:5]),
        repo=around.repo,
        is_from_start=start == len(above),
    )


def _region(
    snapshot: DocumentSnapshot, line: int, row: NextFormat, most: int, count: Callable[[str], int]
) -> tuple[int, int]:
    """The first and the last line to write anew."""
    final = snapshot.line_count - 1
    if final > 0 and not snapshot.line(final):
        final -= 1  # what stands behind the last line end is no line to write
    line = min(line, final)
    if row.lines is not None:
        return max(0, line - row.lines[0]), min(final, line + row.lines[1])
    first = last = line
    spent = count(snapshot.line(line))
    while True:
        grown = False
        for step in (1, -1):  # what comes next is more often below
            at = last + 1 if step == 1 else first - 1
            if 0 <= at <= final and spent + (cost := count(snapshot.line(at)) + 1) <= most:
                spent, grown = spent + cost, True
                first, last = (first, at) if step == 1 else (at, last)
        if not grown:
            return first, last


def _window(
    snapshot: DocumentSnapshot, first: int, last: int, most: int, count: Callable[[str], int]
) -> tuple[str, str]:
    """What stands above and below the region, in whole pages while there is room."""
    start, end = snapshot.line_span(first).start, snapshot.line_span(last).end
    top, bottom, spent = first, last, 0
    while True:
        grown = False
        if top > 0:
            at = max(0, (top - 1) // PAGE * PAGE)
            cost = count(snapshot.slice(snapshot.line_span(at).start, snapshot.line_span(top).start))
            if spent + cost <= most:
                top, spent, grown = at, spent + cost, True
        if bottom < snapshot.line_count - 1:
            at = min(snapshot.line_count - 1, (bottom + PAGE) // PAGE * PAGE)
            cost = count(snapshot.slice(snapshot.line_span(bottom).end, snapshot.line_span(at).end))
            if spent + cost <= most:
                bottom, spent, grown = at, spent + cost, True
        if not grown:
            above = snapshot.slice(snapshot.line_span(top).start, start)
            return above, snapshot.slice(end, snapshot.line_span(bottom).end)


def _edits(
    uri: str, around: Surroundings, most: float, count: Callable[[str], int]
) -> tuple[tuple[PastEdit, ...], int]:
    """The newest edits that fit, oldest first."""
    out: list[PastEdit] = []
    spent = 0
    for each in reversed(around.history):
        if each.kind in _MOVED_ONLY:
            continue
        edit = _past(each, around.path_of(each.uri), each.uri == uri)
        cost = count(edit.hunk()) + 16
        if len(out) == MOST_EDITS or spent + cost > most:
            break
        out.append(edit)
        spent += cost
    return tuple(reversed(out)), spent


def _past(each: HistoryEdit, path: str, is_own: bool) -> PastEdit:
    hunk, before = each.lines, each.before
    above = tuple(before.line(n) for n in range(max(0, hunk.start - AROUND), hunk.start))
    end = hunk.start + len(hunk.old)
    below = tuple(before.line(n) for n in range(end, min(before.line_count, end + AROUND)))
    return PastEdit(path, hunk.start, hunk.old, hunk.new, above, below, is_own)


def _earlier(snapshot: DocumentSnapshot, start: int, end: int, history: Sequence[HistoryEdit]) -> str:
    """The region's lines before the last edits that touched them; the region itself where none is known."""
    serial, before = snapshot.serial, snapshot
    for each in reversed(history):
        if each.uri != snapshot.uri:
            continue
        if each.after.serial != serial:
            break
        serial, before = each.before.serial, each.before
        # An offset goes back over an edit as the edit's inverse takes it forward.
        size = len(each.added)
        at = each.edit.span.start
        start = start if start <= at else max(at, start - each.edit.growth)
        end = end if end < at + size and end <= at else max(start, end - each.edit.growth)
    first, last = before.line_at(min(start, len(before))), before.line_at(min(end, len(before)))
    return before.slice(before.line_span(first).start, before.line_span(last).end)


def region_edits(old: str, new: str, snapshot: DocumentSnapshot, first: int) -> list[Edit]:
    """The smallest edits from a region to its new text, each a run of lines that changed, in document order.

    `old` are the lines of the snapshot from `first` on. Lines end in `\\n` in both; the edits have the
    document's own ends.
    """
    olds, news = old.split("\n"), new.split("\n")
    end = line_end(snapshot)

    def start_of(index: int) -> int:
        return snapshot.line_span(first + index).start

    steps = [s for s in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes() if s[0] != "equal"]
    out = []
    for tag, i1, i2, j1, j2 in _with_moves_whole(steps, olds, news):
        after = end.join(news[j1:j2])
        if tag == "insert":  # in front of the line there, or behind the region's last one
            is_last = i1 == len(olds)
            where = upto = snapshot.line_span(first + i1 - 1).end if is_last else start_of(i1)
            after = end + after if is_last else after + end
        elif tag == "delete" and first + i2 < snapshot.line_count:
            where, upto = start_of(i1), start_of(i2)
        elif tag == "delete" and first + i1 > 0:  # the document's last lines go with the line end before them
            where, upto = snapshot.line_span(first + i1 - 1).end, snapshot.line_span(first + i2 - 1).end
        else:
            where, upto = start_of(i1), snapshot.line_span(first + i2 - 1).end
        small = single_edit(snapshot.slice(where, upto), after)
        out.append(Edit(Span(where + small.span.start, where + small.span.end), small.new_text))
    return out


Step = tuple[str, int, int, int, int]


def _with_moves_whole(steps: Sequence[Step], olds: Sequence[str], news: Sequence[str]) -> list[Step]:
    """Steps of a diff, where lines that go in one and come in another are one step together with what is between:
    taken one by one, the first half of a move would lose the lines, or have them twice."""

    def telling(lines: Sequence[str]) -> set[str]:
        return {line.strip() for line in lines if len(line.strip()) >= TELLING}

    out: list[Step] = []
    for step in steps:
        _, i1, i2, j1, j2 = step
        gone, come = telling(olds[i1:i2]), telling(news[j1:j2])
        first = next(
            (
                n
                for n, (_, k1, k2, l1, l2) in enumerate(out)
                if gone & (telling(news[l1:l2]) - telling(olds[k1:k2])) or come & telling(olds[k1:k2]) - gone
            ),
            None,
        )
        if first is None:
            out.append(step)
        else:
            out[first:] = [("replace", out[first][1], i2, out[first][3], j2)]
    return out


def line_end(snapshot: DocumentSnapshot) -> str:
    """The document's line end: that of its first line."""
    at = snapshot.line_span(0).end
    mark = snapshot.slice(at, at + 2)
    return "\r\n" if mark == "\r\n" else "\r" if mark[:1] == "\r" else "\n"


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")

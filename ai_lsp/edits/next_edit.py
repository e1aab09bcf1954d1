"""The next edit, from a query to ranked offers or a reason for silence, read from top to bottom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ai_lsp.edits.faults import explained, fault, has_name, names
from ai_lsp.edits.next_settings import NextEditSettings
from ai_lsp.edits.next_values import Found, NextDeclined, NextQuery, NextReason, Offer, Proposal
from ai_lsp.edits.rejections import UNWANTED, Rejections
from ai_lsp.edits.staging import Stage, distance, key, moved, smallest
from ai_lsp.edits.validation import Facts, refusal
from ai_lsp.text.diff import single_edit
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

ASKED = 8
"""Proposals asked of the embedded engine: one to show, the others to wait."""

MOST_CHECKS = 3
"""Answers that are judged in one request."""

LOCAL_S = 0.3
"""How long the embedded engine may take, in seconds."""

NEAR = 0.1
"""Differences of confidence within a group that count less than nearness."""

THERE, THERE_ASKED, MOST_THERE = 0.15, 16, 0.95
"""Where the user followed a jump: how sure the engine must be of an edit of that line to be asked about it, of
how many, and the most that knowing the place makes of it."""


class Engine(Protocol):
    """The embedded engine, seen from here; see edits/local/client.py."""

    async def suggest(
        self, uri: str, line: int, col: int, *, max: int, min_confidence: float, timeout_s: float
    ) -> Sequence[Found]: ...


class Check(Protocol):
    """Says in a sentence which errors changes introduce, made together; "" where nobody knows of any. `is_swift`:
    only those are asked who answer within a few milliseconds."""

    async def __call__(self, proposals: Sequence[Proposal], *, is_swift: bool = False) -> str: ...


AskModel = Callable[[NextQuery, Proposal | None], Coroutine[Any, Any, Sequence[Proposal] | NextDeclined]]
"""Asks the model about the cursor's region, or about that of a jump where one is given."""


@dataclass(frozen=True, slots=True)
class NextWorld:
    """What one request may look at, taken before it waits for anything.

    `target` gives the text of a document or file by uri and whether it is open, None where it may not be read;
    `edits_since` the edits made to an open document after a snapshot, None where they are not known; `current` a
    document as it is now; `ready` are proposals that were computed ahead for exactly this text; `visited` the
    jumps that the user has followed, where nothing has been changed since. `faults` are places where an error has
    come up with the last edits, `renamed` the names that they exchanged. `calibrated` is a
    proposal's confidence for this user. A model's changes wait for `check`.
    `engine_silence` says why the embedded engine had no say, if so.
    """

    settings: NextEditSettings
    is_off: bool
    is_ignored: bool
    engine: Engine | None
    model: AskModel | None
    target: Callable[[str], Awaitable[tuple[DocumentSnapshot, bool] | None]]
    edits_since: Callable[[DocumentSnapshot], Sequence[Edit] | None]
    current: Callable[[str], DocumentSnapshot | None]
    new_id: Callable[[], str]
    facts: Facts = field(default_factory=Facts)
    stage: Stage = field(default_factory=Stage)
    rejections: Rejections = field(default_factory=Rejections)
    ready: Sequence[Proposal] = ()
    visited: Sequence[Proposal] = ()
    faults: Sequence[Proposal] = ()
    calibrated: Callable[[Proposal], float] = field(default=lambda proposal: proposal.confidence)
    renamed: Mapping[str, str] = field(default_factory=dict)
    check: Check | None = None
    engine_silence: Callable[[], NextReason | None] = field(default=lambda: None)
    has_history: bool = True


async def next_edit(query: NextQuery, world: NextWorld) -> tuple[Offer, ...] | NextDeclined:
    """The next edits for a query, best first, true of their documents at the moment of the answer."""
    if (declined := gate(query, world)) is not None:
        return declined
    found, silence = await _gather(query, world)
    kept, reason = _standing(found, query, world)
    ranked = rank(kept, query, world)
    if world.check is not None and any(_is_to_be_checked(each, world) for each in ranked[:1]):
        whole, broken = await _unbroken(ranked, world)
        ranked, outdated = _standing(whole, query, world)
        reason = outdated or broken or reason
    silence = reason or silence or NextDeclined(world.engine_silence() or NextReason.NOT_SURE)
    return tuple(Offer(world.new_id(), each) for each in ranked) or silence


def _standing(
    proposals: Sequence[Proposal], query: NextQuery, world: NextWorld
) -> tuple[list[Proposal], NextDeclined | None]:
    """What is still true of the text as it is now and may be shown; why the last one that may not is not."""
    kept: list[Proposal] = []
    silence = None
    for proposal in proposals:
        now = _true_now(smallest(proposal), world)
        reason = now if isinstance(now, NextReason) else _refused(now, query, world)
        if reason is not None:
            silence = NextDeclined(reason)
        elif not isinstance(now, NextReason):
            kept.append(smallest(now))
    return kept, silence


async def _unbroken(ranked: Sequence[Proposal], world: NextWorld) -> tuple[list[Proposal], NextDeclined | None]:
    """Without what introduces an error, as far as it comes before one that may be shown. A model's changes of one
    answer are judged together: alone, the first of them may well leave the text half done."""
    rest, silence = list(ranked), None
    for _ in range(MOST_CHECKS):
        if not rest or world.check is None or not _is_to_be_checked(rest[0], world):
            break
        is_local = rest[0].origin == "local"
        together = [each for each in rest if each.group == rest[0].group][: 1 if is_local else None]
        said = await world.check(together, is_swift=is_local)
        if not said:
            break
        silence = NextDeclined(NextReason.BREAKS, said)
        rest = [each for each in rest if each not in together]
    return rest, silence


def _is_to_be_checked(proposal: Proposal, world: NextWorld) -> bool:
    """A model's changes are, and an edit of the embedded engine that brings in a name nobody has written."""
    if proposal.kind == "jump":
        return False
    if proposal.origin == "model":
        return True
    if proposal.confidence >= world.settings.certain_confidence:
        return False
    written = {name for each in world.facts.history for name in names(each.added)}
    new = set(names(proposal.edit.new_text)) - set(names(proposal.removed)) - written
    return any(not has_name(proposal.snapshot.text, name) for name in new)


def gate(query: NextQuery, world: NextWorld) -> NextDeclined | None:
    """Why nobody is asked at all, if so."""
    settings, snapshot = world.settings, query.snapshot
    checks = (
        (not settings.enabled or world.is_off, NextReason.DISABLED),
        (snapshot.language_id in settings.disabled_languages, NextReason.LANGUAGE_DISABLED),
        (world.is_ignored, NextReason.IGNORED_FILE),
        (len(snapshot) > settings.max_file_kb * 1024, NextReason.TOO_LARGE),
        (not world.has_history and not query.is_invoked, NextReason.NO_EDIT_YET),
    )
    return next((NextDeclined(reason) for is_so, reason in checks if is_so), None)


async def _gather(query: NextQuery, world: NextWorld) -> tuple[list[Proposal], NextDeclined | None]:
    """What waits, what the embedded engine says, and where that is not certain, what the model says."""
    local = await _ask_engine(query, world)
    told = [fault(query.snapshot, each.span.start, each.message) for each in query.problems]
    local += [explained(each, world.renamed) for each in (*world.faults, *told)]
    local = _calibrated(local, world)
    found = _merged([*local, *world.ready, *world.stage.waiting])
    is_certain = any(
        each.kind == "edit"
        and each.confidence >= world.settings.certain_confidence
        and _refused(each, query, world) is None
        for each in found
    )
    if world.model is None or is_certain or world.ready or _goes_on(world):
        return found, None
    answer = await world.model(query, _best_jump(found, query, world))
    if isinstance(answer, NextDeclined):
        return found, answer
    return _merged([*found, *_calibrated(answer, world)]), None


def _calibrated(proposals: Sequence[Proposal], world: NextWorld) -> list[Proposal]:
    return [replace(each, confidence=world.calibrated(each)) for each in proposals]


def _goes_on(world: NextWorld) -> bool:
    """Whether a model's last answer still has changes waiting: then it is not asked again."""
    return any(each.origin == "model" and each.kind == "edit" for each in world.stage.waiting)


async def _ask_engine(query: NextQuery, world: NextWorld) -> list[Proposal]:
    settings = world.settings
    found = await _found(query, world, min(settings.min_confidence, settings.jump_confidence), ASKED)
    here = query.snapshot.line_at(query.offset)
    led = [each.confidence for each in world.visited if each.uri == query.uri and each.line == here]
    if led and not any(each.uri == query.uri and _is_on(each, here) for each in found):
        found += await _given_place(query, world, here, max(led))
    return found


async def _given_place(query: NextQuery, world: NextWorld, line: int, place: float) -> list[Proposal]:
    """What the engine would write on the line that the user was led to. It was not sure enough to be shown before
    anybody knew that something is due there; now its chance is that of the text alone."""
    found = await _found(query, world, THERE, THERE_ASKED)
    return [
        replace(each, confidence=min(MOST_THERE, each.confidence / place))
        for each in found
        if each.uri == query.uri and _is_on(each, line)
    ]


def _is_on(proposal: Proposal, line: int) -> bool:
    last = proposal.snapshot.line_at(proposal.edit.span.end)
    return proposal.kind == "edit" and proposal.line <= line <= last


async def _found(query: NextQuery, world: NextWorld, least: float, most: int) -> list[Proposal]:
    """What the engine proposes where its text still stands, best first."""
    if world.engine is None:
        return []
    line, column = query.snapshot.line_and_column_at(query.offset)
    found = await world.engine.suggest(query.uri, line, column, max=most, min_confidence=least, timeout_s=LOCAL_S)
    out = []
    for each in found:
        if each.uri != query.uri and not world.settings.other_files:
            continue
        target = (query.snapshot, True) if each.uri == query.uri else await world.target(each.uri)
        if target is not None and (proposal := from_found(each, *target)) is not None:
            out.append(proposal)
    return out


def from_found(found: Found, snapshot: DocumentSnapshot, is_open: bool) -> Proposal | None:
    """The engine's proposal in offsets of a document; None where the text it speaks of does not stand there."""
    if found.end_line >= snapshot.line_count or found.start_line < 0:
        return None
    start = snapshot.line_span(found.start_line).start + found.start_col
    end = snapshot.line_span(found.end_line).start + found.end_col
    if not 0 <= start <= end <= len(snapshot):
        return None
    if found.kind == "jump":
        edit = Edit(Span(start, start), "")
    else:
        old = snapshot.slice(start, end)
        if old.replace("\r\n", "\n") != found.old_text.replace("\r\n", "\n"):
            return None
        small = single_edit(old, found.new_text)
        edit = Edit(Span(start + small.span.start, start + small.span.end), small.new_text)
    return Proposal(
        snapshot, edit, found.kind, found.confidence, "local", found.why, f"local: {found.why}", is_open
    )


def _merged(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Each change once, with the confidence of who is surest; what both engines say is surer than either."""
    best: dict[tuple[str, int, int, str], Proposal] = {}
    for each in proposals:
        known = best.get(key(each))
        if known is None:
            best[key(each)] = each
            continue
        surest = max(known, each, key=lambda one: one.confidence)
        if known.origin != each.origin:
            both = 1 - (1 - known.confidence) * (1 - each.confidence)
            surest = replace(surest, confidence=both)
        best[key(each)] = surest
    return list(best.values())


def _best_jump(found: Sequence[Proposal], query: NextQuery, world: NextWorld) -> Proposal | None:
    """Where the place is sure and the text is not, the model is asked about that place."""
    jumps = [
        each
        for each in found
        if each.kind == "jump"
        and each.confidence >= world.settings.jump_confidence
        and (each.uri != query.uri or each.line != query.snapshot.line_at(query.offset))
    ]
    return max(jumps, key=lambda each: each.confidence, default=None)


def _refused(proposal: Proposal, query: NextQuery, world: NextWorld) -> NextReason | None:
    if world.rejections.weight(proposal, world.facts.now) >= UNWANTED:
        return NextReason.REJECTED
    if proposal.kind == "jump":
        if proposal.uri == query.uri and proposal.line == query.snapshot.line_at(query.offset):
            return NextReason.NO_CHANGE  # the user is there already
        led = any(each.uri == proposal.uri and each.line == proposal.line for each in _same(proposal, world))
        return NextReason.VISITED if led else None
    return refusal(proposal, world.facts)


def _same(jump: Proposal, world: NextWorld) -> Iterator[Proposal]:
    return (each for each in world.visited if each.group == jump.group)


def _true_now(proposal: Proposal, world: NextWorld) -> Proposal | NextReason:
    """The proposal in terms of the text as it is now: what was typed meanwhile moves, shortens or ends it."""
    if not proposal.is_open:
        return proposal
    later, now = world.edits_since(proposal.snapshot), world.current(proposal.uri)
    if later is None or now is None:
        return NextReason.OUTDATED
    return moved(proposal, proposal.snapshot, later, now) if later else proposal


def rank(proposals: Sequence[Proposal], query: NextQuery, world: NextWorld) -> list[Proposal]:
    """What may be shown, in the order in which it should be: the surest group first, in it the nearest first.

    Edits come before mere jumps, which say less, and each kind has its own threshold.
    """
    settings, line = world.settings, query.snapshot.line_at(query.offset)
    scores = {id(p): p.confidence * (1 - world.rejections.weight(p, world.facts.now)) for p in proposals}
    least = {"edit": settings.min_confidence, "jump": settings.jump_confidence}
    able = sorted((p for p in proposals if scores[id(p)] >= least[p.kind]), key=lambda p: -scores[id(p)])
    out: list[Proposal] = []
    for kind in ("edit", "jump"):
        rest = [p for p in able if p.kind == kind]
        while rest:
            group = [p for p in rest if p.group == rest[0].group]
            out += _nearest_first(group, scores, query.uri, line)
            rest = [p for p in rest if p.group != group[0].group]
    return _apart(out)


def _nearest_first(group: Sequence[Proposal], scores: Mapping[int, float], uri: str, line: int) -> list[Proposal]:
    """A group in the order in which a person would go through it: this file before others, and in steps of NEAR
    of confidence, the nearest first."""
    best = max(scores[id(each)] for each in group)

    def place(each: Proposal) -> tuple[bool, int, tuple[int, int]]:
        steps = int((best - scores[id(each)]) / NEAR)
        return each.uri != uri, steps, distance(each, uri, line)

    return sorted(group, key=place)


def _apart(ranked: Sequence[Proposal]) -> list[Proposal]:
    """Of changes that overlap, the first; of jumps to a line that is changed anyway, none."""
    out: list[Proposal] = []
    for each in ranked:
        same = [p for p in out if p.uri == each.uri]
        if each.kind == "jump" and any(p.line == each.line for p in same):
            continue
        if any(
            p.kind == each.kind == "edit"
            and p.edit.span.start <= each.edit.span.end
            and each.edit.span.start <= p.edit.span.end
            for p in same
        ):
            continue
        out.append(each)
    return out

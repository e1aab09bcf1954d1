"""Proposals that quote the lines they change: every hunk finds its one place, or the whole is refused."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ai_lsp.edits.apply.insertion import Clash
from ai_lsp.edits.apply.line_diff import line_changes
from ai_lsp.edits.apply.lines import FileLines, excerpt, indent_of, key_of, trimmed
from ai_lsp.edits.apply.place import Place, exact_places, fuzzy_places, is_clear, is_near
from ai_lsp.edits.apply.transfer import Change, transfer
from ai_lsp.edits.proposal import Applied, Candidate, Evidence, Hunk, Match, Proposal, Reason, Refusal

MOST_CANDIDATES = 3


@dataclass(frozen=True, slots=True)
class Found:
    """The places a hunk may go to; more than one is decided by the order of the hunks, or not at all."""

    hunk: Hunk
    places: tuple[Place, ...]


def apply_hunks(file: FileLines, proposal: Proposal) -> Applied | Refusal:
    """The edits of all hunks, each at its one place; or the refusal of the first that has none."""
    together = _at_once(file, proposal)
    if isinstance(together, Refusal) and together.reason is Reason.NOT_FOUND and len(proposal.hunks) > 1:
        in_turn = _one_after_another(file, proposal)
        if isinstance(in_turn, Applied):
            return in_turn
    return together


def _at_once(file: FileLines, proposal: Proposal) -> Applied | Refusal:
    """Every hunk against the file as it is."""
    found: list[Found] = []
    for index, hunk in enumerate(proposal.hunks):
        one = _find_any(file, hunk)
        if isinstance(one, Refusal):
            return replace(one, hunk=index)
        found += one
    settled = _settle(file, found, proposal.is_ordered)
    if isinstance(settled, Refusal):
        return settled
    changes: list[tuple[Change, Evidence]] = []
    for index, (hunk, place) in enumerate(settled):
        moved = transfer(file, hunk, place)
        if isinstance(moved, Clash):
            return Refusal(moved.reason, moved.detail, candidates(file, [place]), index)
        evidence = _evidence(file, hunk, place, index)
        changes += [(change, evidence) for change in moved]
    if not changes:
        return Refusal(Reason.NO_CHANGE, "", candidates(file, [place for _, place in settled]))
    return edits_of(file, changes)


def _one_after_another(file: FileLines, proposal: Proposal) -> Applied | Refusal:
    """Each hunk against the text that the ones before it made, as some models count."""
    now = file
    evidence: list[Evidence] = []
    for index, hunk in enumerate(proposal.hunks):
        applied = _at_once(now, replace(proposal, hunks=(hunk,)))
        if isinstance(applied, Refusal) and applied.reason is Reason.NO_CHANGE:
            continue
        if isinstance(applied, Refusal):
            return replace(applied, hunk=index)
        evidence += [replace(e, hunk=index) for e in applied.evidence]
        text, at = [], 0
        for edit in applied.edits:
            text += [now.text[at : edit.span.start], edit.new_text]
            at = edit.span.end
        now = FileLines("".join([*text, now.text[at:]]))
    loosest = max(evidence, key=lambda e: list(Match).index(e.match), default=None)
    if loosest is None:
        return Applied((), ())
    changes = [Change(a, b, tuple(new)) for a, b, new in line_changes(file.raw, now.raw)]
    return edits_of(file, [(c, replace(loosest, place=file.span(c.first, c.last))) for c in changes])


def edits_of(file: FileLines, changes: Sequence[tuple[Change, Evidence]]) -> Applied | Refusal:
    """Changes of lines as edits of the text. Two that touch the same lines are refused."""
    ordered = sorted(changes, key=lambda pair: (pair[0].first, pair[0].last))
    for (one, _), (other, evidence) in itertools.pairwise(ordered):
        if other.first < one.last or (one.first, one.last) == (other.first, other.last):
            near = Place(other.first, max(other.last, other.first + 1), (), Match.EXACT)
            return Refusal(Reason.OVERLAP, "", candidates(file, [near]), evidence.hunk)
    edits = tuple(file.edit(c.first, c.last, c.new) for c, _ in ordered)
    return Applied(edits, tuple(evidence for _, evidence in ordered))


def candidates(file: FileLines, places: Sequence[Place]) -> tuple[Candidate, ...]:
    """At most three places, for a person or a model to choose from."""
    out = []
    for place in places[:MOST_CANDIDATES]:
        first, last = min(place.first, len(file)), min(place.last, len(file))
        out.append(Candidate(file.span(first, last), first, excerpt(file.raw[first:last])))
    return tuple(out)


def _find_any(file: FileLines, hunk: Hunk) -> list[Found] | Refusal:
    """A hunk's places, as first read or else as read otherwise."""
    refused: Refusal | None = None
    for may_differ in (False, True) if hunk.alternatives else (True,):
        for reading in ((hunk,), *hunk.alternatives):
            found = [find(file, part, may_differ=may_differ) for part in reading]
            good = [f for f in found if isinstance(f, Found)]
            if len(good) == len(found):
                return good
            if refused is None or (may_differ and refused.reason is Reason.NOT_FOUND):
                refused = next(f for f in found if isinstance(f, Refusal))
    assert refused is not None
    return refused


def find(file: FileLines, hunk: Hunk, *, may_differ: bool = True) -> Found | Refusal:
    """The places a hunk may go to, or why it has none; `may_differ` allows other than blanks to differ."""
    start, end = trimmed(hunk.before)
    if start == end:
        return _find_nothing(file, hunk)
    core = hunk.before[start:end]
    places = exact_places(file, hunk.before)
    if not places:
        padding = (-1,) * start, (-1,) * (len(hunk.before) - end)
        places = [
            replace(
                p, pairs=(*padding[0], *p.pairs, *padding[1]), match=max(p.match, Match.WHITESPACE, key=_rank)
            )
            for p in exact_places(file, core)
        ]
    if places:
        return Found(hunk, tuple(_under_headings(file, hunk, places)))
    near = fuzzy_places(file, hunk.before) if may_differ else []
    if not near or not is_near(file, hunk.before, near[0]):
        return Refusal(Reason.NOT_FOUND, f"“{excerpt(core)}”", candidates(file, near))
    rivals = _rivals(hunk, near)
    if len(near) > 1 and rivals and not is_clear(near[0], rivals[0]):
        return Refusal(Reason.AMBIGUOUS, f"“{excerpt(core)}”", candidates(file, near))
    return Found(hunk, (near[0],))


def _rank(match: Match) -> int:
    return list(Match).index(match)


def _rivals(hunk: Hunk, places: Sequence[Place]) -> list[Place]:
    """The places that would change other lines than the first does."""
    same = set(hunk.after)
    touched = [k for k, line in enumerate(hunk.before) if line not in same] or list(range(len(hunk.before)))
    best = [places[0].pairs[k] for k in touched]
    return [place for place in places[1:] if [place.pairs[k] for k in touched] != best]


def _find_nothing(file: FileLines, hunk: Hunk) -> Found | Refusal:
    """A place for lines that come with nothing around them."""
    if not any(file.keys):
        return Found(replace(hunk, before=()), (Place(0, 0, (), Match.EXACT),))
    if hunk.headings:
        lines = list(_headings(file, hunk.headings))
        if len(lines) == 1:
            at = lines[0]
            head = Hunk((file.raw[at],), (file.raw[at], *hunk.after))
            return Found(head, (Place(at, at + 1, (at,), Match.EXACT),))
    if hunk.is_at_end:
        at = len(file) - 1
        head = Hunk((file.raw[at],), (file.raw[at], *hunk.after))
        return Found(head, (Place(at, at + 1, (at,), Match.EXACT),))
    return Refusal(Reason.UNANCHORED, f"“{excerpt(hunk.after)}”")


def _headings(file: FileLines, headings: Sequence[str]) -> list[int]:
    """The lines on which the last heading stands, below the ones before it."""
    lows = [-1]
    for heading in headings:
        key = key_of(heading)
        hits = file.places.get(key) or [n for n, k in enumerate(file.keys) if k.startswith(key)]
        hits = hits or [n for n, k in enumerate(file.keys) if len(key) > 3 and key in k]
        lows = [n for n in hits if n > lows[0]]
        if not lows:
            return []
    return lows if lows != [-1] else []


def _under_headings(file: FileLines, hunk: Hunk, places: Sequence[Place]) -> Sequence[Place]:
    """Of several places those below the hunk's heading, in the block it opens; all where that says nothing."""
    if len(places) < 2:
        return places
    if hunk.is_at_end and (last := [p for p in places if not any(file.keys[p.last :])]):
        return last
    heads = _headings(file, hunk.headings) if hunk.headings else []
    inside = [p for p in places if any(_is_under(file, head, p.first) for head in heads)]
    return inside or places


def _is_under(file: FileLines, head: int, line: int) -> bool:
    """Whether a line stands in the block that a heading opens, told by indentation."""
    depth = len(indent_of(file.raw[head]).expandtabs(4))
    if line <= head:
        return False
    for number in range(head + 1, line):
        text = file.raw[number]
        closes = text.lstrip()[:1] in ("}", ")", "]", "e")
        if text.strip() and len(indent_of(text).expandtabs(4)) <= depth and not closes:
            return False
    return True


def _settle(file: FileLines, found: Sequence[Found], is_ordered: bool) -> list[tuple[Hunk, Place]] | Refusal:
    """One place for each hunk. Of several one is taken only where it alone keeps the order, or all are meant."""
    chosen: list[tuple[Hunk, Place]] = []
    for index, one in enumerate(found):
        places = list(one.places)
        if len(places) > 1 and is_ordered:
            above = [f.places[0].last for f in found[:index] if len(f.places) == 1]
            below = [f.places[0].first for f in found[index + 1 :] if len(f.places) == 1]
            low, high = max(above, default=0), min(below, default=len(file))
            places = [p for p in places if p.first >= low and p.last <= high]
        twins = [i for i, other in enumerate(found) if other.hunk == one.hunk]
        if len(twins) > 1 and len(twins) == len(one.places):
            places = [one.places[twins.index(index)]]
        if len(places) != 1:
            hint = one.hunk.line_hint
            near = sorted(one.places, key=lambda p: abs(p.first - hint)) if hint is not None else one.places
            detail = f"“{excerpt(one.hunk.before)}” stands in {len(one.places)} places"
            return Refusal(Reason.AMBIGUOUS, detail, candidates(file, near), index)
        chosen.append((one.hunk, places[0]))
    return chosen


def _evidence(file: FileLines, hunk: Hunk, place: Place, index: int) -> Evidence:
    said: list[str] = []
    for k, number in enumerate(place.pairs):
        line = hunk.before[k] if k < len(hunk.before) else ""
        if number < 0 and line.strip():
            said.append(f"the reply also quotes “{excerpt([line])}”, which is not there")
        elif number >= 0 and place.match is Match.FUZZY and key_of(line) != file.keys[number]:
            said.append(f"line {number + 1} reads “{excerpt([file.raw[number]])}”, quoted as “{excerpt([line])}”")
    kept = set(place.pairs)
    left_out = [n for n in range(place.first, place.last) if n not in kept and file.keys[n]]
    if place.match is Match.FUZZY:
        said += [f"line {n + 1}, “{excerpt([file.raw[n]])}”, was left out of the reply" for n in left_out]
    return Evidence(place.match, file.span(place.first, min(place.last, len(file))), index, tuple(said))

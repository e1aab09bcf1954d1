"""From a proposal and a text to exact edits or a refusal: the one function behind every reply format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from ai_lsp.context.languages import Row
from ai_lsp.edits.apply.conforming import missing
from ai_lsp.edits.apply.line_diff import line_changes
from ai_lsp.edits.apply.lines import FileLines, excerpt
from ai_lsp.edits.apply.located import MOST_CANDIDATES, apply_hunks, candidates, edits_of
from ai_lsp.edits.apply.nearest import nearest
from ai_lsp.edits.apply.pairing import Pairing
from ai_lsp.edits.apply.place import Place
from ai_lsp.edits.apply.rebase import rebased
from ai_lsp.edits.apply.sketch import Merge, Refused
from ai_lsp.edits.apply.structure import (
    IsOver,
    Structure,
    language,
    sketch_structure,
    structure_after,
    structure_of,
)
from ai_lsp.edits.apply.transfer import Change
from ai_lsp.edits.markers import is_marker
from ai_lsp.edits.proposal import (
    Applied,
    Candidate,
    Evidence,
    Kind,
    Match,
    Proposal,
    Reason,
    Refusal,
    changed_text,
)
from ai_lsp.text.document import DocumentSnapshot

LARGEST = 8_000_000
"""Characters above which nothing is matched."""


_NAMING = (Reason.REORDERED, Reason.BROKEN)
"""Reasons whose candidates are what is in question, not what looks like it."""


def _never() -> bool:
    return False


def locate_and_merge(
    snapshot: DocumentSnapshot,
    proposal: Proposal,
    *,
    base: DocumentSnapshot | None = None,
    is_over: IsOver = _never,
) -> Applied | Refusal:
    """The edits of `snapshot` that the proposal asks for, or why there are none.

    `base` is the text the proposal was made for, where it is an older one: the edits are found there and carried
    over what changed since, or refused. Text outside of the edits is never touched, line ends and the file's own
    indentation are kept. `is_over` is asked during long work; True gives up with TOO_LARGE.
    """
    refused = _unfit(snapshot, proposal)
    if refused is not None:
        return refused
    if base is not None and base.text != snapshot.text:
        applied = _merge(base, proposal, is_over)
        return applied if isinstance(applied, Refusal) else rebased(applied, base.text, snapshot.text)
    return _merge(snapshot, proposal, is_over)


def _unfit(snapshot: DocumentSnapshot, proposal: Proposal) -> Refusal | None:
    """What can be said without a look at the text."""
    if len(snapshot) > LARGEST or len(proposal.text) > LARGEST:
        return Refusal(Reason.TOO_LARGE)
    if (elsewhere := other_file(snapshot.uri, proposal.path)) is not None:
        return elsewhere
    if proposal.kind is Kind.DELETE:
        return Refusal(Reason.DELETES_FILE, f"“{proposal.path}”")
    if proposal.is_truncated:
        return Refusal(Reason.TRUNCATED)
    is_empty = not proposal.hunks if proposal.kind is Kind.HUNKS else not proposal.text.strip()
    return Refusal(Reason.NO_EDIT) if is_empty else None


def is_for(uri: str, path: str) -> bool:
    """Whether a path as a reply names it may be that of a document: one is the end of the other."""
    wanted = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    if not wanted or not uri:
        return True
    own = [part for part in _unquoted(uri).split("/") if part]
    shorter = min(len(wanted), len(own))
    return [p.lower() for p in wanted[-shorter:]] == [p.lower() for p in own[-shorter:]]


def other_file(uri: str, path: str) -> Refusal | None:
    """Why a proposal that names `path` is none for a document; None where it is."""
    if is_for(uri, path):
        return None
    parts = path.replace("\\", "/").split("/")
    is_outside = ".." in parts or parts[0] in ("", "~") or parts[0].endswith(":")
    return Refusal(Reason.OUTSIDE if is_outside else Reason.OTHER_FILE, f"“{path}”")


def _unquoted(uri: str) -> str:
    path = uri.split("://", 1)[-1].replace("\\", "/")
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda m: chr(int(m[1], 16)), path)


def _merge(snapshot: DocumentSnapshot, proposal: Proposal, is_over: IsOver) -> Applied | Refusal:
    file = FileLines(snapshot.text)
    if proposal.kind is Kind.HUNKS:
        return apply_hunks(file, proposal)
    row = language(snapshot.language_id, snapshot.uri)
    sketch = FileLines(proposal.text)
    if proposal.kind is Kind.FILE and not any(map(is_marker, sketch.raw)):
        return _whole_file(snapshot, file, sketch, row, proposal, is_over)
    return _sketch(snapshot, file, sketch, row, proposal, is_over)


def _whole_file(
    snapshot: DocumentSnapshot,
    file: FileLines,
    new: FileLines,
    row: Row | None,
    proposal: Proposal,
    is_over: IsOver,
) -> Applied | Refusal:
    changes = [Change(a, b, tuple(lines)) for a, b, lines in line_changes(file.raw, new.raw)]
    evidence = Evidence(Match.WHOLE, file.span(0, len(file)))
    applied = edits_of(file, [(change, evidence) for change in changes])
    if isinstance(applied, Refusal):
        return applied
    old = structure_of(file, row, is_over)
    now = FileLines(changed_text(snapshot.text, applied))
    return _guarded(snapshot, file, now, applied, row, proposal, old, (), is_over)


def _sketch(
    snapshot: DocumentSnapshot,
    file: FileLines,
    sketch: FileLines,
    row: Row | None,
    proposal: Proposal,
    is_over: IsOver,
) -> Applied | Refusal:
    nothing = Structure((), False)
    old = structure_of(file, row, is_over)
    new = sketch_structure(sketch, row, is_over)
    has_units = old is not None and new is not None
    merge = Merge(
        file,
        sketch,
        old if old is not None and has_units else nothing,
        new if new is not None and has_units else nothing,
        Pairing(file, old or nothing, sketch, new or nothing),
    )
    found = _merged(snapshot, file, sketch, row, proposal, old, merge, is_over)
    if isinstance(found, Refusal):
        return replace(found, candidates=_meant(file, sketch, found))
    return found


def _merged(
    snapshot: DocumentSnapshot,
    file: FileLines,
    sketch: FileLines,
    row: Row | None,
    proposal: Proposal,
    old: Structure | None,
    merge: Merge,
    is_over: IsOver,
) -> Applied | Refusal:
    try:
        changes = merge.run()
    except Refused as error:
        places = [Place(a, b, (), Match.STRUCTURE) for a, b in error.lines]
        return Refusal(error.reason, error.detail, candidates(file, places))
    applied = edits_of(
        file, [(c, Evidence(Match.STRUCTURE, file.span(c.first, c.last), 0, _inside(old, c))) for c in changes]
    )
    if isinstance(applied, Refusal):
        return applied
    if not applied.edits:
        return Refusal(Reason.NO_CHANGE)
    now = FileLines(changed_text(snapshot.text, applied))
    lost = missing(sketch, now)
    if lost is not None and merge.has_markers:
        return Refusal(Reason.AMBIGUOUS, f"“{lost}” finds no place among what the reply shows")
    return _guarded(snapshot, file, now, applied, row, proposal, old, merge.shown_whole, is_over)


def _meant(file: FileLines, sketch: FileLines, refusal: Refusal) -> tuple[Candidate, ...]:
    """Definitions that the refusal names, then the places of the sketch's parts, those that change most first."""
    if refusal.reason is Reason.LOSES_DEFINITION:
        return refusal.candidates
    named = [c for c in refusal.candidates if refusal.reason in _NAMING]
    places = [Place(a, b, (), Match.STRUCTURE) for a, b in nearest(file, sketch)]
    found = [*named, *candidates(file, places), *(c for c in refusal.candidates if c not in named)]
    return tuple(dict.fromkeys(found))[:MOST_CANDIDATES]


def _inside(structure: Structure | None, change: Change) -> tuple[str, ...]:
    around = [u.word for u in structure.units if u.first <= change.first < u.last] if structure else []
    return (f"in {'.'.join(around)}",) if around else ()


def _guarded(
    snapshot: DocumentSnapshot,
    file: FileLines,
    now: FileLines,
    applied: Applied,
    row: Row | None,
    proposal: Proposal,
    old: Structure | None,
    shown_whole: Iterable[int],
    is_over: IsOver,
) -> Applied | Refusal:
    """The edits, unless code would no longer be code or a definition would be lost that nothing mentions."""
    if old is None or row is None or not applied.edits:
        return applied
    after = structure_after(old, file, now, applied.edits, row, is_over)
    if after is None:
        return Refusal(Reason.TOO_LARGE)
    if after.is_broken and not old.is_broken:
        first = applied.evidence[0].place
        line = snapshot.line_at(first.start)
        return Refusal(Reason.BROKEN, "", candidates(file, [Place(line, line + 1, (), Match.STRUCTURE)]))
    if (twin := _twin(old, after, file, now)) is not None:
        return twin
    whole = set(shown_whole)
    exempt = {i for i, u in enumerate(old.units) if _is_inside_callable(old, i, whole)}
    left = Counter(unit.word for unit in after.units)
    for index, unit in enumerate(old.units):
        if index in exempt:
            left[unit.word] -= 1 if left[unit.word] > 0 else 0
            continue
        left[unit.word] -= 1
        if left[unit.word] < 0 and not re.search(rf"(?<!\w){re.escape(unit.word)}(?!\w)", proposal.mentions):
            said = excerpt([file.raw[unit.first]])
            near = Place(unit.first, unit.last, (), Match.STRUCTURE)
            return Refusal(Reason.LOSES_DEFINITION, f"“{said}”", candidates(file, [near]))
    return applied


def _twin(old: Structure, after: Structure, file: FileLines, now: FileLines) -> Refusal | None:
    """A definition that would stand twice, nearly the same: it was meant to take the other's place."""
    more = Counter(u.word for u in after.units) - Counter(u.word for u in old.units)
    known = {u.word: u for u in old.units}
    for word in more:
        is_local = all(_is_local(old, u.parent) for u in old.units if u.word == word)
        outer = [u for u in after.units if u.word == word and not is_local]
        texts = [{k for k in now.keys[u.first : u.last] if k} for u in outer]
        for index, one in enumerate(texts):
            for other in texts[:index]:
                if word in known and len(one) > 3 and len(one & other) >= 0.6 * max(len(one), len(other)):
                    unit = known[word]
                    near = Place(unit.first, unit.last, (), Match.STRUCTURE)
                    return Refusal(Reason.AMBIGUOUS, f"“{word}” would stand twice", candidates(file, [near]))
    return None


def _is_local(structure: Structure, parent: int) -> bool:
    return parent >= 0 and structure.units[parent].kind in ("function", "method")


def _is_inside_callable(old: Structure, index: int, whole: set[int]) -> bool:
    """Whether a unit stands inside of a function that the sketch shows from its first line to its last."""
    parent = old.units[index].parent
    while parent >= 0:
        if parent in whole and old.units[parent].kind in ("function", "method"):
            return True
        parent = old.units[parent].parent
    return False

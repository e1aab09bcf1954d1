"""Errors that the user's edits have brought up elsewhere: places to go to, and the edit itself where a rename
explains it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ai_lsp.edits.next_values import Proposal
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span
from ai_lsp.text.history import AUTHORED, HistoryEdit

FIX_CONFIDENCE = 0.85
"""Of a name that is known no more, put right as the user renamed it. In replayed commits the place is right more
often, the whole line less often: there, lines change in more than the name."""

PLACE_CONFIDENCE = 0.85
"""Of a place where something does not fit any more since the last edits. In 120 commits each of httpx, requests
and flask, 93 % of the errors that ruff saw come up were on lines that the commit changed later."""

RECENT_S = 300.0
"""Edits that are held responsible."""

_NAME = re.compile(r"[^\W\d]\w*")
_DECLARES = re.compile(
    r"\b(async|class|const|def|enum|export|fn|from|func|function|impl|import|interface|let|pub|static|struct"
    r"|trait|type|use|var)\b"
)
_BRINGS_IN = re.compile(r"\b(import|include|require|use|using)\b")
_SYNTAX = re.compile(r"syntax|parse|E999", re.IGNORECASE)


def renames(history: Sequence[HistoryEdit]) -> dict[str, str]:
    """Names that edits, oldest first, exchanged for others, old to new; the last word on each counts."""
    out: dict[str, str] = {}
    for each in history:
        if each.kind not in AUTHORED or len(each.removed) + len(each.added) > 200:
            continue
        start, end = each.edit.span.start, each.edit.span.end
        if _BRINGS_IN.search(each.before.line(each.before.line_at(start))):
            continue  # another thing is used from now on, and is most likely used otherwise
        old = _word(each.before, start, end)
        new = _word(each.after, start, start + len(each.added))
        if old != new and _NAME.fullmatch(old) and _NAME.fullmatch(new):
            out = {name: new if to == old else to for name, to in out.items()}
            out[old] = new
            out.pop(new, None)
    return out


def _word(snapshot: DocumentSnapshot, start: int, end: int) -> str:
    """A span with what stands of words at its ends."""
    line = snapshot.line_span(snapshot.line_at(start))
    left = re.search(r"\w*\Z", snapshot.slice(line.start, start))
    right = re.match(r"\w*", snapshot.slice(end, snapshot.line_span(snapshot.line_at(end)).end))
    return (left[0] if left else "") + snapshot.slice(start, end) + (right[0] if right else "")


def names(text: str) -> list[str]:
    """The names in a text, in their order."""
    return _NAME.findall(text)


def has_name(text: str, name: str) -> bool:
    """Whether a text has a name, not as a part of a longer one."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def may_break(edit: HistoryEdit) -> bool:
    """Whether an edit took a name away or touched a declaration: else it breaks nothing anywhere else."""
    hunk = edit.lines
    old, new = "\n".join(hunk.old), "\n".join(hunk.new)
    return bool(_DECLARES.search(new) or set(_NAME.findall(old)) - set(_NAME.findall(new)))


def is_unfinished(code: str, message: str) -> bool:
    """Whether an error says that the text is no code yet; whatever else comes up then is not worth a look."""
    return not code or bool(_SYNTAX.search(code) or message.startswith("SyntaxError"))


def fault(snapshot: DocumentSnapshot, offset: int, message: str, *, is_open: bool = True) -> Proposal:
    """An error as a place to go to. Its message stays with it, to be explained by what the user renames."""
    place = Edit(Span(offset, offset), "")
    return Proposal(snapshot, place, "jump", PLACE_CONFIDENCE, "local", message[:200], "problem", is_open)


def explained(place: Proposal, renamed: Mapping[str, str]) -> Proposal:
    """The edit that mends a fault, where it is about a name that the user has renamed; else the place."""
    snapshot, start = place.snapshot, place.edit.span.start
    rest = snapshot.slice(start, snapshot.line_span(place.line).end)
    named = set(_NAME.findall(place.why))
    for found in _NAME.finditer(rest):
        old = found[0]
        if old in named and old in renamed:
            edit = Edit(Span(start + found.start(), start + found.end()), renamed[old])
            why = f"you renamed {old} to {renamed[old]}"
            return replace(
                place, edit=edit, kind="edit", confidence=FIX_CONFIDENCE, why=why, group=f"local: {why}"
            )
    return replace(place, why=f"{place.why} (since the last edits)")

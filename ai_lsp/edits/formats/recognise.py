"""A reply whose format nobody said: read by what it looks like."""

from __future__ import annotations

import re

from ai_lsp.edits.apply.lines import FileLines
from ai_lsp.edits.formats import code, search_replace, unified_diff, v4a
from ai_lsp.edits.formats.reply import clean, fences, lines_of
from ai_lsp.edits.markers import is_marker
from ai_lsp.edits.proposal import Kind, Proposal, Reason, Refusal
from ai_lsp.text.document import DocumentSnapshot

_SENTENCE = re.compile(r"[A-ZÄÖÜ][\w’' ,-]+[.!?:]\s*")


def read_reply(reply: str, snapshot: DocumentSnapshot) -> tuple[Proposal, ...] | Refusal:
    """The proposals of a reply, for one file or several; the format is told from the text.

    `snapshot` is the file the reply is most likely for: it decides between a whole file and a part of it.
    """
    text = clean(reply)
    if not text.strip():
        return Refusal(Reason.EMPTY)
    for recognised, parse in (
        (v4a.is_recognised, v4a.parse),
        (search_replace.is_recognised, search_replace.parse),
        (unified_diff.is_recognised, unified_diff.parse),
    ):
        if recognised(text) and (found := parse(text)):
            return found
    return _code(text, snapshot)


def _code(text: str, snapshot: DocumentSnapshot) -> tuple[Proposal, ...] | Refusal:
    lines = lines_of(text)
    if not fences(lines) and _is_prose(lines, snapshot):
        return Refusal(Reason.NO_EDIT, "it is prose without code")
    found = code.sketch(text)
    if not found:
        return Refusal(Reason.NO_EDIT)
    return tuple(_as_whole(p, text, snapshot) if not _has_marker(p) else p for p in found)


def _has_marker(proposal: Proposal) -> bool:
    return any(map(is_marker, proposal.text.split("\n")))


def _as_whole(part: Proposal, text: str, snapshot: DocumentSnapshot) -> Proposal:
    """Code without markers: the whole file if it begins and ends as the file does, or has most of it."""
    old, new = FileLines(snapshot.text), FileLines(part.text)
    ours = [key for key in old.keys if key]
    theirs = [key for key in new.keys if key]
    ends = ours[:1] == theirs[:1] and ours[-1:] == theirs[-1:]
    shared = set(ours) & set(theirs)
    is_whole = not ours or (ends and 3 * len(theirs) >= len(ours)) or 10 * len(shared) >= 7 * len(set(ours))
    if is_whole:
        again = code.whole_file(text)
        if len(again) == 1:
            return again[0]
    return Proposal(
        Kind.FILE if is_whole else Kind.SYMBOL, part.path, (), part.text, False, part.is_truncated, part.mentions
    )


def _is_prose(lines: list[str], snapshot: DocumentSnapshot) -> bool:
    """Whether a reply without fences says something and shows nothing: no line of it stands in the file."""
    said = [line.strip() for line in lines if line.strip()]
    known = {line.strip() for line in snapshot.text.split("\n") if line.strip()}
    sentences = sum(
        1 for line in said if _SENTENCE.fullmatch(line) or (line.count(" ") >= 4 and line[:1].isupper())
    )
    return 2 * sentences >= len(said) and not any(line in known for line in said)

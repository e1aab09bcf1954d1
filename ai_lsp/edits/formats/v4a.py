"""V4A patches: `*** Begin Patch`, `*** Update File: path`, hunks under `@@` headings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ai_lsp.edits.formats.reply import FENCE, clean, lines_of
from ai_lsp.edits.proposal import Hunk, Kind, Proposal

_FILE = re.compile(r"\*\*\* (Update|Add|Delete) File:\s*(.+?)\s*")
_MOVE = re.compile(r"\*\*\* Move to:\s*(.+?)\s*")
_HEADING = re.compile(r"@@\s?(.*?)(?:\s*@@)?\s*")
_NUMBERS = re.compile(r"-?\d+(?:,\d+)?\s+\+?\d+(?:,\d+)?")
_END_OF_FILE = "*** End of File"


def parse(reply: str) -> tuple[Proposal, ...]:
    """One proposal for each file. A patch without its last line was cut off."""
    lines = lines_of(clean(reply))
    is_whole = not any(line.startswith("*** Begin Patch") for line in lines) or any(
        line.startswith("*** End Patch") for line in lines
    )
    found = _files(lines)
    if found and not is_whole:
        last = found[-1]
        found[-1] = Proposal(last.kind, last.path, last.hunks, last.text, last.is_ordered, is_truncated=True)
    return tuple(found)


def closed(reply: str) -> tuple[Proposal, ...]:
    """A proposal of one hunk for each hunk that is complete in a reply still growing."""
    lines = lines_of(reply)
    if lines and not reply.endswith("\n"):
        lines.pop()
    ends = [n for n, line in enumerate(lines) if line.startswith(("@@", "*** ")) and n]
    if not ends:
        return ()
    found = _files(lines[: ends[-1]])
    return tuple(
        Proposal(Kind.HUNKS, p.path, (hunk,), is_ordered=True)
        for p in found
        if p.kind is Kind.HUNKS
        for hunk in p.hunks
    )


def is_recognised(reply: str) -> bool:
    """Whether a reply is such a patch."""
    return any(line.startswith("*** Begin Patch") or _FILE.fullmatch(line) for line in lines_of(reply))


def _files(lines: Sequence[str]) -> list[Proposal]:
    out: list[Proposal] = []
    at = 0
    while at < len(lines):
        match = _FILE.fullmatch(lines[at])
        at += 1
        if match is None:
            continue
        end = at
        while end < len(lines) and not _FILE.fullmatch(lines[end]) and not lines[end].startswith("*** End Patch"):
            end += 1
        body = list(lines[at:end])
        while body and (FENCE.fullmatch(body[-1]) or not body[-1].strip()):
            body.pop()
        verb, path = match[1], match[2].strip("`\"'")
        if verb == "Delete":
            out.append(Proposal(Kind.DELETE, path))
        elif verb == "Add":
            text = "\n".join(line[1:] if line.startswith("+") else line for line in body)
            out.append(Proposal(Kind.FILE, path, text=text + "\n"))
        else:
            out.append(Proposal(Kind.HUNKS, path, tuple(_hunks(body)), is_ordered=True))
        at = end
    return out


def _hunks(body: Sequence[str]) -> list[Hunk]:
    out: list[Hunk] = []
    headings: list[str] = []
    now: list[str] = []

    def close(*, at_end: bool = False) -> None:
        if any(line[:1] in ("+", "-") for line in now):
            out.append(_hunk(now, tuple(headings), at_end))
            headings.clear()
        now.clear()

    for line in body:
        if line.strip() == _END_OF_FILE:
            close(at_end=True)
        elif _MOVE.fullmatch(line):
            continue
        elif line.startswith("@@") and (match := _HEADING.fullmatch(line)):
            close()
            text = _NUMBERS.sub("", match[1]).strip(" @")
            if text:
                headings.append(text)
        else:
            now.append(line)
    close()
    return out


def _hunk(lines: Sequence[str], headings: tuple[str, ...], at_end: bool) -> Hunk:
    before: list[str] = []
    after: list[str] = []
    for line in lines:
        sign = line[:1]
        text = line[1:] if sign in ("+", "-", " ") else line
        if sign != "+":
            before.append(text)
        if sign != "-":
            after.append(text)
    return Hunk(tuple(before), tuple(after), headings, is_at_end=at_end)

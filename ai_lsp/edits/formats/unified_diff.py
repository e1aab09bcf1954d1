"""Unified diffs, in fences or not. Line numbers are never trusted: they only order candidates."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ai_lsp.edits.formats.reply import FENCE, clean, lines_of
from ai_lsp.edits.proposal import Hunk, Kind, Proposal

_OLD = re.compile(r"---\s+(\S.*?)(?:\t.*)?\s*")
_NEW = re.compile(r"\+\+\+\s+(\S.*?)(?:\t.*)?\s*")
_HUNK = re.compile(r"@@+(?:\s*-?(\d+)?(?:,\d+)?\s*\+?(?:\d+)?(?:,\d+)?\s*@@+|\s*\.\.\.\s*@@+|\s*)\s?(.*)")
_NOISE = re.compile(
    r"diff --git .*|index [0-9a-f]+\.\..*|(?:new|deleted) file mode .*|similarity index.*|rename .*"
)


@dataclass
class _Open:
    """A file's diff while it is read."""

    path: str = ""
    is_deleted: bool = False
    hunks: list[Hunk] = field(default_factory=list)
    body: list[str] | None = None
    heading: str = ""
    hint: int | None = None

    def close(self) -> None:
        """The hunk in the making is complete."""
        if self.body is not None and any(line[:1] in "+-" for line in self.body if line):
            self.hunks.append(_hunk(self.body, self.heading, self.hint))
        self.body = None


def parse(reply: str) -> tuple[Proposal, ...]:
    """One proposal for each file of the diff."""
    lines = lines_of(clean(reply))
    return tuple(proposal for proposal in _files(lines) if proposal.hunks or proposal.kind is Kind.DELETE)


def closed(reply: str) -> tuple[Proposal, ...]:
    """A proposal of one hunk for each hunk that is complete in a reply still growing: another line follows it."""
    lines = lines_of(reply)
    if lines and not reply.endswith("\n"):
        lines.pop()
    starts = [n for n, line in enumerate(lines) if _is_break(lines, n)]
    if not starts:
        return ()
    found = parse("\n".join(lines[: starts[-1]]))
    return tuple(Proposal(Kind.HUNKS, p.path, (hunk,), is_ordered=True) for p in found for hunk in p.hunks)


def is_recognised(reply: str) -> bool:
    """Whether a reply looks like a unified diff."""
    lines = lines_of(reply)
    headed = any(_OLD.fullmatch(a) and _NEW.fullmatch(b) for a, b in itertools.pairwise(lines))
    hunks = any(line.startswith("@@") for line in lines)
    changed = any(line.startswith(("+", "-")) and not line.startswith(("+++", "---")) for line in lines)
    fenced = any((m := FENCE.fullmatch(line)) and m[3].split(" ")[0] in ("diff", "patch") for line in lines)
    return changed and (headed or hunks or fenced)


def _is_break(lines: Sequence[str], n: int) -> bool:
    line = lines[n]
    is_head = _OLD.fullmatch(line) is not None and n + 1 < len(lines) and lines[n + 1].startswith("+++")
    return line.startswith(("@@", "diff --git ")) or is_head or FENCE.fullmatch(line) is not None


def _files(lines: Sequence[str]) -> list[Proposal]:
    done: list[_Open] = []
    now = _Open()
    fenced = any((m := FENCE.fullmatch(line)) and m[3].strip() for line in lines)
    inside = not fenced
    for n, line in enumerate(lines):
        if FENCE.fullmatch(line) is not None:
            now.close()
            inside = not inside or not fenced
            if inside:
                now.body = None
            continue
        if not inside:
            continue
        old, following = _OLD.fullmatch(line), lines[n + 1] if n + 1 < len(lines) else ""
        if old and (new := _NEW.fullmatch(following)):
            now.close()
            done.append(now)
            deleted = new[1] == "/dev/null"
            now = _Open(_path(old[1] if deleted else new[1]), deleted)
        elif _NEW.fullmatch(line) and n and _OLD.fullmatch(lines[n - 1]):
            continue
        elif _NOISE.fullmatch(line):
            now.close()
        elif line.startswith("@@") and (match := _HUNK.fullmatch(line)):
            now.close()
            now.body, now.heading = [], match[2].strip()
            now.hint = int(match[1]) - 1 if match[1] else None
        elif now.body is not None:
            now.body.append(line)
        elif line[:1] in ("+", "-", " ") and (now.path or fenced):
            now.body, now.heading, now.hint = [line], "", None
    now.close()
    done.append(now)
    return [
        Proposal(Kind.DELETE if f.is_deleted else Kind.HUNKS, f.path, tuple(f.hunks), is_ordered=True)
        for f in done
    ]


def _path(text: str) -> str:
    text = text.strip().strip('"')
    return text[2:] if text[:2] in ("a/", "b/") else text


def _hunk(body: Sequence[str], heading: str, hint: int | None) -> Hunk:
    """A hunk as (before, after). A line without a sign is one of context whose first blank was lost."""
    while body and not body[-1].strip():
        body = body[:-1]
    before: list[str] = []
    after: list[str] = []
    for line in body:
        sign, text = line[:1], line[1:]
        if sign == "\\" and "No newline" in line:
            continue
        if sign not in ("+", "-", " "):
            text = line
        if sign != "+":
            before.append(text)
        if sign != "-":
            after.append(text)
    # A diff shows as much below a change as above it, unless the file ends there.
    is_at_end = body[0][:1] not in ("+", "-") and body[-1][:1] in ("+", "-")
    return Hunk(tuple(before), tuple(after), (heading,) if heading else (), hint, is_at_end)

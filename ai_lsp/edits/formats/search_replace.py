"""SEARCH/REPLACE blocks, in fences or not, with `...` lines for what is left out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ai_lsp.edits.formats.reply import FENCE, clean, lines_of, path_in
from ai_lsp.edits.markers import is_bare_marker, is_marker
from ai_lsp.edits.proposal import Hunk, Kind, Proposal

_OPEN = re.compile(r"\s*<{5,9}\s*(?:SEARCH|ORIGINAL|FIND|BEFORE)\b\s*>?\s*(.*)", re.IGNORECASE)
_MIDDLE = re.compile(r"\s*={5,9}\s*")
_CLOSE = re.compile(r"\s*>{5,9}\s*(?:REPLACE|UPDATED|END|AFTER)\b.*", re.IGNORECASE)
_CLOSE_BARE = re.compile(r"\s*>{5,9}\s*")
_META = re.compile(r":start_line:\s*(\d+)\s*|:end_line:\s*\d+\s*|-{7}\s*")
_NUMBERED = re.compile(r"\s*\d+\s*\|\s?(.*)")


def parse(reply: str) -> tuple[Proposal, ...]:
    """One proposal for each file the blocks name, in the order of the reply."""
    return _gather(_blocks(lines_of(clean(reply))))


def closed(reply: str) -> tuple[Proposal, ...]:
    """A proposal of one hunk for each block that is complete in a reply still growing."""
    lines = lines_of(reply)
    if lines and not reply.endswith("\n"):
        lines.pop()
    last = max((n for n, line in enumerate(lines) if _CLOSE.fullmatch(line)), default=-1)
    whole = _blocks(lines[: last + 1])
    return tuple(Proposal(Kind.HUNKS, path, (hunk,)) for path, hunk, is_closed in whole if is_closed)


def is_recognised(reply: str) -> bool:
    """Whether a reply holds such a block, be it unfinished."""
    return any(_OPEN.fullmatch(line) for line in lines_of(reply))


def _gather(blocks: Sequence[tuple[str, Hunk, bool]]) -> tuple[Proposal, ...]:
    by_path: dict[str, list[tuple[Hunk, bool]]] = {}
    for path, hunk, is_closed in blocks:
        by_path.setdefault(path, []).append((hunk, is_closed))
    return tuple(
        Proposal(
            Kind.HUNKS,
            path,
            tuple(hunk for hunk, _ in hunks),
            is_truncated=not all(is_closed for _, is_closed in hunks),
        )
        for path, hunks in by_path.items()
    )


def _blocks(lines: Sequence[str]) -> list[tuple[str, Hunk, bool]]:
    """(path, hunk, whether it is closed). A block without a path is for the file of the block before."""
    out: list[tuple[str, Hunk, bool]] = []
    path, at = "", 0
    while at < len(lines):
        opening = _OPEN.fullmatch(lines[at])
        if opening is None:
            at += 1
            continue
        path = _path_above(lines, at) or path_in(opening[1]) or path
        end = _end(lines, at + 1)
        body = lines[at + 1 : end]
        middles = [n for n, line in enumerate(body) if _MIDDLE.fullmatch(line)]
        is_closed = end < len(lines) and bool(middles)
        if not middles:
            out.append((path, Hunk(tuple(body), ()), False))
        else:
            readings = [_hunk(body[:m], body[m + 1 :]) for m in reversed(middles)]
            # More than one divider: the text itself holds such a line, and only the file can tell which is ours.
            # The longest text that stands in the file is the best sign.
            others = tuple(r for reading in readings[1:] for r in ((_bare(reading),), *reading.alternatives))
            first = readings[0]
            hunk = Hunk(
                first.before,
                first.after,
                line_hint=first.line_hint,
                alternatives=(*first.alternatives, *others),
            )
            out.append((path, hunk, is_closed))
        at = end + 1
    return out


def _bare(hunk: Hunk) -> Hunk:
    return Hunk(hunk.before, hunk.after, line_hint=hunk.line_hint)


def _end(lines: Sequence[str], start: int) -> int:
    """The line that closes a block: one that says so, else a bare sign before the next block."""
    bare = None
    for number in range(start, len(lines)):
        if _CLOSE.fullmatch(lines[number]):
            return number
        if bare is None and _CLOSE_BARE.fullmatch(lines[number]):
            bare = number
        if _OPEN.fullmatch(lines[number]):
            break
    return bare if bare is not None else _next_open(lines, start)


def _next_open(lines: Sequence[str], start: int) -> int:
    return next((n for n in range(start, len(lines)) if _OPEN.fullmatch(lines[n])), len(lines))


def _path_above(lines: Sequence[str], at: int) -> str:
    for number in range(at - 1, max(-1, at - 4), -1):
        line = lines[number]
        fence = FENCE.fullmatch(line)
        if fence:
            if path := path_in(fence[3].split(" ")[-1]):
                return path
            continue
        if _CLOSE.fullmatch(line):
            return ""
        if line.strip():
            return path_in(line)
    return ""


def _hunk(before: Sequence[str], after: Sequence[str]) -> Hunk:
    hint = None
    while before and (match := _META.fullmatch(before[0])):
        hint = int(match[1]) - 1 if match[1] else hint
        before = before[1:]
    readings: list[tuple[Hunk, ...]] = []
    numbered = [_NUMBERED.fullmatch(line) for line in before if line.strip()]
    if numbered and all(numbered):
        readings.append((Hunk(_unnumbered(before), _unnumbered(after), line_hint=hint),))
    if (pieces := _pieces(before, after)) is not None:
        readings.append(pieces)
    if doubled := _single_escapes(before, after):
        readings.append((doubled,))
    return Hunk(tuple(before), tuple(after), line_hint=hint, alternatives=tuple(readings))


def _unnumbered(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(m[1] if (m := _NUMBERED.fullmatch(line)) else line for line in lines)


def _is_gap(line: str) -> bool:
    return is_bare_marker(line) or is_marker(line)


def _pieces(before: Sequence[str], after: Sequence[str]) -> tuple[Hunk, ...] | None:
    """A block with `...` on both sides, as one hunk for each piece; None where the sides do not agree."""
    old, new = _split(before), _split(after)
    if len(old) < 2 or len(old) != len(new):
        return None
    pairs = [(a, b) for a, b in zip(old, new, strict=True) if a or b]
    if not pairs or any(not any(line.strip() for line in a) for a, _ in pairs):
        return None
    return tuple(Hunk(a, b) for a, b in pairs)


def _split(lines: Sequence[str]) -> list[tuple[str, ...]]:
    out: list[list[str]] = [[]]
    for line in lines:
        if _is_gap(line):
            out.append([])
        else:
            out[-1].append(line)
    return [tuple(piece) for piece in out]


def _single_escapes(before: Sequence[str], after: Sequence[str]) -> Hunk | None:
    r"""The block with `\\n` and `\"` as one escape less, as replies that went through JSON once too often."""
    if not any("\\\\" in line or '\\"' in line for line in before):
        return None
    return Hunk(tuple(map(_unescaped, before)), tuple(map(_unescaped, after)))


def _unescaped(line: str) -> str:
    return line.replace('\\"', '"').replace("\\\\", "\\")

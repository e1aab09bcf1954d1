"""Instructions that a user has written into the code: `# ai: …`, `// TODO(ai): …`, in the language's style."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ai_lsp.context.languages import language_of
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Span

MOST_LINES = 20
"""Lines that a comment may go on for."""

_CALL = re.compile(r"(?:ai|todo\s*\(\s*ai\s*\)|@ai)\s*:\s*(?P<said>.*)", re.IGNORECASE | re.DOTALL)
_BLOCK_EDGE = re.compile(r"^[*!\s]+|\s+$")


@dataclass(frozen=True, slots=True)
class CommentInstruction:
    """What a comment asks for, in one line, and the whole lines it stands on, without the last line's end."""

    text: str
    span: Span


def instruction_at(snapshot: DocumentSnapshot, offset: int) -> CommentInstruction | None:
    """The instruction of the comment on an offset's line, None where that line is no part of one.

    A comment that shares its line with code counts too, but does not go on to other lines.
    """
    line = snapshot.line_at(offset)
    for marks in _styles(snapshot):
        found = _line_comment(snapshot, line, marks[0]) if len(marks) == 1 else _block(snapshot, line, *marks)
        if found is not None:
            return found
    return None


def _styles(snapshot: DocumentSnapshot) -> list[tuple[str, ...]]:
    """The comment marks of the document's language: one for the line, two for a block."""
    row = language_of(snapshot.language_id, snapshot.uri)
    if row is None:
        return []
    out: list[tuple[str, ...]] = []
    if row.line_comment is not None:
        out.append((row.line_comment,))
    if row.block_comment is not None:
        out.append(row.block_comment)
    return out


def _line_comment(snapshot: DocumentSnapshot, line: int, mark: str) -> CommentInstruction | None:
    first = line
    while line - first < MOST_LINES:
        own = _own_comment(snapshot.line(first), mark)
        if own is None:
            break
        if _CALL.match(own):
            return _gather(snapshot, first, line, mark)
        if first == 0:
            break
        first -= 1
    return _behind_code(snapshot, line, mark)


def _gather(snapshot: DocumentSnapshot, first: int, asked: int, mark: str) -> CommentInstruction | None:
    """A comment of several lines goes on until one that says something new or is none."""
    said, last = [], first
    while last < snapshot.line_count and last - first < MOST_LINES:
        own = _own_comment(snapshot.line(last), mark)
        if own is None or (last > first and (not own or _CALL.match(own))):
            break
        said.append(own)
        last += 1
    match = _CALL.match(" ".join(said))
    if match is None or asked >= last or not match["said"].strip():
        return None
    return CommentInstruction(
        " ".join(match["said"].split()), Span(snapshot.line_span(first).start, snapshot.line_span(last - 1).end)
    )


def _own_comment(text: str, mark: str) -> str | None:
    """What a line says that is nothing but a comment."""
    stripped = text.strip()
    return stripped[len(mark) :].lstrip(mark[-1] + "!").strip() if stripped.startswith(mark) else None


def _behind_code(snapshot: DocumentSnapshot, line: int, mark: str) -> CommentInstruction | None:
    text = snapshot.line(line)
    at = text.rfind(mark)
    match = _CALL.match(text[at + len(mark) :].strip()) if at > 0 else None
    if match is None or not match["said"].strip():
        return None
    return CommentInstruction(" ".join(match["said"].split()), snapshot.line_span(line))


def _block(snapshot: DocumentSnapshot, line: int, opening: str, closing: str) -> CommentInstruction | None:
    first = line
    while opening not in snapshot.line(first):
        if first == 0 or line - first >= MOST_LINES or (first < line and closing in snapshot.line(first)):
            return None
        first -= 1
    last = first
    while closing not in snapshot.line(last).partition(opening)[2 if last == first else 0] or last < line:
        if last > first and closing in snapshot.line(last):
            return None
        if last + 1 >= snapshot.line_count or last - first >= MOST_LINES:
            return None
        last += 1
    start, end = snapshot.line_span(first).start, snapshot.line_span(last).end
    inside = snapshot.slice(start, end).partition(opening)[2].rpartition(closing)[0]
    said = " ".join(_BLOCK_EDGE.sub("", part) for part in re.split(r"\r\n|\r|\n", inside)).strip()
    match = _CALL.match(said)
    if match is None or not match["said"].strip():
        return None
    return CommentInstruction(" ".join(match["said"].split()), Span(start, end))

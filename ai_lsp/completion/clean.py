"""From a model's raw answer to the text worth showing: a table of named steps, each a pure function."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ai_lsp.completion.query import Declined, Query, Reason
from ai_lsp.models.fim import TEMPLATES

_FENCED = re.compile(r"```[\w+-]*\n(.*?)(?:\n```|\Z)", re.DOTALL)
SPECIAL_TOKENS = frozenset(
    token.strip()
    for row in TEMPLATES
    for token in (row.prefix, row.suffix, row.middle, *row.ends)
    if any(mark in token for mark in ("|", "｜", "▁", "fim", "EOT"))
)
"""Of all families, whatever the user's model is: a server may render another template than we think. Only those
that no one writes in code; `<filename>` is left alone."""

_PAIRS = {")": "(", "]": "[", "}": "{"}
_CLOSERS = ")]}>\"'`;,:"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of an answer may be shown."""

    max_lines: int = 8
    is_single_line: bool = False


def clean(raw: str, query: Query, limits: Limits) -> tuple[str, int] | Declined:
    """The text to insert, with `\\n` line ends, and how many characters right of the cursor it covers."""
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    for step in STEPS:
        text = step(text, query, limits)
        if not text.strip():
            return Declined(Reason.MODEL_SILENT if not raw.strip() else Reason.REPEATS_TEXT)
    return cover_right(text, query)


def is_decided(raw: str, query: Query, limits: Limits) -> bool:
    """Whether more of the stream could not change what is shown, so that it may be closed."""
    if "```" in raw[:8]:
        return raw.rstrip().count("```") > 1
    lines = raw.split("\n")
    if limits.is_single_line:
        return len(lines) > 1 and bool(lines[0].strip())
    return len(lines) > limits.max_lines + 1


def cut_template_tokens(text: str, query: Query, limits: Limits) -> str:
    """A special token of any known family that came through as text ends the answer."""
    found = [at for token in SPECIAL_TOKENS if (at := text.find(token)) >= 0]
    return text[: min(found)] if found else text


def strip_fence(text: str, query: Query, limits: Limits) -> str:
    """Chat models wrap code in a fence, with prose around it: only the code counts."""
    match = _FENCED.search(text)
    return match[1] if match else text


def drop_echo(text: str, query: Query, limits: Limits) -> str:
    """An answer that repeats the line up to the cursor loses that start."""
    left = query.left
    if left.strip() and len(left.strip()) >= 3:
        if text.startswith(left):
            return text[len(left) :]
        if text.startswith(left.lstrip()):
            return text[len(left.lstrip()) :]
    return text


def cut_lines(text: str, query: Query, limits: Limits) -> str:
    """At most `max_lines` lines; one where other text stands right of the cursor; no blank lines at the end."""
    lines = text.split("\n")
    if limits.is_single_line:
        lines = lines[:1]
    return "\n".join(lines[: limits.max_lines]).rstrip()


def stop_at_next_line(text: str, query: Query, limits: Limits) -> str:
    """Everything from a line on that repeats the lines below the cursor is theirs, not ours."""
    below = _lines_below(query, 3)
    if not below:
        return text
    lines = text.split("\n")
    for index in range(1, len(lines)):
        if lines[index].rstrip() == below[0] and (
            len(below[0].strip()) > 2 or [x.rstrip() for x in lines[index : index + 2]] == below[:2]
        ):
            return "\n".join(lines[:index]).rstrip()
    return text


def drop_repeated_lines(text: str, query: Query, limits: Limits) -> str:
    """A line said three times in a row is a loop: the answer ends before the second."""
    lines = text.split("\n")
    said = [line.strip() for line in lines]
    for index in range(len(lines) - 2):
        if said[index] and said[index] == said[index + 1] == said[index + 2]:
            return "\n".join(lines[: index + 1])
    return text


def drop_suffix(text: str, query: Query, limits: Limits) -> str:
    """An answer that goes on into the text right of the cursor loses what stands there already."""
    right = query.right.rstrip()
    first, newline, rest = text.partition("\n")
    if not right.strip() or (newline and not _is_closers(right)):
        return text
    tail = text if not newline else first
    for size in range(min(len(right), len(tail)), 0, -1):
        if tail.endswith(right[:size]) and (size == len(right) or size > 2):
            if _is_closers(right) and not _closes_outside(tail, size):
                continue
            tail = tail[: len(tail) - size]
            return tail if not newline else tail + newline + rest
    return text


STEPS: tuple[Callable[[str, Query, Limits], str], ...] = (
    cut_template_tokens,
    strip_fence,
    drop_echo,
    cut_lines,
    stop_at_next_line,
    drop_repeated_lines,
    drop_suffix,
)


def cover_right(text: str, query: Query) -> tuple[str, int]:
    """An answer that brings closers of its own replaces those that the editor put right of the cursor."""
    right = query.right.rstrip()
    if not right or not _is_closers(right):
        return text, 0
    if "\n" in text and text.endswith(right):
        return text, len(right)
    at, brought = 0, _unmatched_closers(text)
    for index, char in enumerate(right):
        if char in brought:
            brought.remove(char)
            at = index + 1
        elif not char.isspace():
            break
    return text, at


def _unmatched_closers(text: str) -> list[str]:
    """The brackets that a text closes without having opened them; brackets in strings count too."""
    opened: list[str] = []
    out = []
    for char in text:
        if char in _PAIRS.values():
            opened.append(char)
        elif char in _PAIRS:
            if opened and opened[-1] == _PAIRS[char]:
                opened.pop()
            else:
                out.append(char)
    return out


def _is_closers(text: str) -> bool:
    return all(char in _CLOSERS or char.isspace() for char in text)


def _closes_outside(text: str, size: int) -> bool:
    """Whether the last `size` characters close something that `text` itself did not open."""
    last = text[-size]
    if last not in _PAIRS:
        return last not in "\"'`" or text.count(last) % 2 == 1
    return text.count(_PAIRS[last]) < text.count(last)


def _lines_below(query: Query, most: int) -> list[str]:
    """The next lines below the cursor that are not blank, with their indentation."""
    snapshot = query.snapshot
    out: list[str] = []
    for line in range(query.line + 1, min(snapshot.line_count, query.line + 20)):
        if (text := snapshot.line(line).rstrip()).strip():
            out.append(text)
            if len(out) == most:
                break
    return out

"""What lines and indentation say where there is no tree: unknown languages, and text too broken to parse."""

from __future__ import annotations

import re

from ai_lsp.context.syntax_outline import Definition
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Span

MOST_LINES = 2_000
"""Lines above or below the cursor that are looked at."""

_CONTROL = re.compile(
    r"\s*(?:\}\s*)?(?:if|elif|elsif|else|for|foreach|while|until|do|try|except|catch|finally|with|switch|case|when|"
    r"default|match|loop|return|then|begin|rescue|unless|repeat|select|unsafe|async\s+with|async\s+for)\b"
)
_DEFINES = re.compile(
    r"\s*(?:[@\w:<>,*&\[\].()'\"~-]+\s+)*?"
    r"(?:def|class|func|function|fn|fun|sub|proc|procedure|method|impl|struct|interface|trait|enum|mod|module|"
    r"namespace|package|type|object|record|union|protocol|extension|defmodule|defp|let|const|var)\s+"
    r"(?:\([^)]*\)\s*)?([^\W\d][\w.:$!?-]*)"
)
_CALLABLE = re.compile(
    r"\s*(?:(?:[\w:<>,*&\[\]~]+\s+)+([^\W\d]\w*)\s*\([^;]*|(?:[\w]+\s+)*([^\W\d]\w*)\s*\([^;]*\)[^;]*\{\s*)$"
)
_IMPORT = re.compile(r"\s*(?:import|from|#\s*include|using|use|require|require_relative|open|load|source)\b.*\S")
_WORD = re.compile(r"[^\W\d]\w*")


def indentation(line: str) -> int:
    """Columns of white space before the text, a tab counting as eight."""
    width = 0
    for char in line:
        if char == " ":
            width += 1
        elif char == "\t":
            width += 8 - width % 8
        else:
            break
    return width


def enclosing_by_lines(snapshot: DocumentSnapshot, cursor: int, above: int = 0) -> tuple[Definition, ...]:
    """Lines above the cursor that are indented less and read like a definition, outermost first.

    Lines that start before the offset `above` are not asked. Only signatures are known: spans end at the cursor.
    """
    at = snapshot.line_at(cursor)
    limit = _depth(snapshot, at)
    out: list[Definition] = []
    for number in range(at - 1, max(-1, at - MOST_LINES), -1):
        text = snapshot.line(number)
        depth = indentation(text)
        if limit <= 0 or depth >= limit or not text.strip() or text.lstrip().startswith((")", "]", "}")):
            continue
        span = snapshot.line_span(number)
        if span.start < above:
            break
        limit = depth
        found = None if _CONTROL.match(text) else _DEFINES.match(text) or _CALLABLE.match(text)
        if found:
            start = span.start + len(text) - len(text.lstrip())
            name_start = span.start + found.start(found.lastindex or 0)
            signature_end = start + len(text.strip())
            out.append(
                Definition(start, cursor, name_start, signature_end, -1, -1, found[found.lastindex or 0], "line")
            )
    return tuple(reversed(out))


def _depth(snapshot: DocumentSnapshot, at: int) -> int:
    """The indentation of a line, or, where it is blank, the least that fits what stands above it."""
    text = snapshot.line(at)
    if text.strip():
        return indentation(text)
    for number in range(at - 1, max(-1, at - MOST_LINES), -1):
        above = snapshot.line(number)
        if above.strip():
            opens = above.rstrip().endswith((":", "{", "(", "[", "then", "do", "=>", "->"))
            return max(indentation(text), indentation(above) + 1) if opens else indentation(text)
    return indentation(text)


def block_by_lines(snapshot: DocumentSnapshot, cursor: int) -> Span:
    """The lines around the cursor that are indented at least as much as its own, blank ones between included."""
    at = snapshot.line_at(cursor)
    limit = _depth(snapshot, at)
    first = last = at
    for number in range(at - 1, max(-1, at - MOST_LINES), -1):
        text = snapshot.line(number)
        if text.strip():
            if indentation(text) < limit:
                break
            first = number
    for number in range(at + 1, min(snapshot.line_count, at + MOST_LINES)):
        text = snapshot.line(number)
        if text.strip():
            if indentation(text) < limit:
                break
            last = number
    return Span(snapshot.line_span(first).start, snapshot.line_span(last).end)


def imports_by_lines(snapshot: DocumentSnapshot) -> tuple[Span, ...]:
    """Lines near the top that read like imports."""
    out = []
    for number in range(min(200, snapshot.line_count)):
        text = snapshot.line(number)
        if len(text) < 300 and _IMPORT.match(text):
            span = snapshot.line_span(number)
            out.append(Span(span.start + len(text) - len(text.lstrip()), span.start + len(text.rstrip())))
    return tuple(out)


def words_near(snapshot: DocumentSnapshot, cursor: int, reach: int) -> list[tuple[int, int]]:
    """Start and end of each word within `reach` characters of the cursor."""
    start = max(0, cursor - reach)
    text = snapshot.slice(start, cursor + reach)
    return [(start + m.start(), start + m.end()) for m in _WORD.finditer(text)]

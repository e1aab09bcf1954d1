"""Whether a place is in a comment or a string, by the tree-sitter tree of the text around it."""

from __future__ import annotations

import contextlib
import time
from typing import Literal

from ai_lsp.context.languages import Row, Syntax, language_of, syntax_of
from ai_lsp.context.syntax import Turns, parse_whole
from ai_lsp.context.syntax_facts import is_in_comment, is_in_comment_or_string
from ai_lsp.context.syntax_outline import TooSlow
from ai_lsp.text.document import DocumentSnapshot

REACH_LINES = 400
"""Lines above and below that are parsed, enough to see where comments and strings begin, within milliseconds."""

LIMIT_S = 0.02
"""Seconds after which the place is taken for code."""


def ready(row: Row) -> Syntax:
    """A language's grammar with what is asked of it here. Takes some tenths of a second at the first time."""
    syntax = syntax_of(row)
    _ = syntax.outline, syntax.quiet, syntax.errors
    return syntax


def warm(language_id: str, uri: str) -> None:
    """Load what a document's language needs, in a thread, before it is asked for."""
    if (row := language_of(language_id, uri)) is not None:
        with contextlib.suppress(ImportError, ValueError):
            ready(row)


def scope_at(snapshot: DocumentSnapshot, offset: int) -> Literal["code", "comment", "string"]:
    """The scope of a character typed at an offset; "code" where the language is not known."""
    row = language_of(snapshot.language_id, snapshot.uri)
    if row is None:
        return "code"
    line = snapshot.line_at(offset)
    start = snapshot.line_span(max(0, line - REACH_LINES)).start
    end = snapshot.line_span(min(snapshot.line_count - 1, line + REACH_LINES)).end
    near = DocumentSnapshot(snapshot.uri, snapshot.version, snapshot.language_id, snapshot.slice(start, end))
    try:
        syntax = ready(row)
        parsed = parse_whole(syntax.parser(), syntax, near, Turns(time.monotonic, LIMIT_S))
    except (TooSlow, ImportError, ValueError):
        return "code"
    at = offset - start
    if not is_in_comment_or_string(parsed, at):
        return "code"
    return "comment" if is_in_comment(parsed, at) else "string"

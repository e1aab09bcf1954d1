"""Core to wire: suggestions become items in the form that each client can draw."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ai_lsp.completion.query import Suggestion
from ai_lsp.text.document import DocumentSnapshot

_WORD_LEFT = re.compile(r"[\w$]*\Z")
_LABEL_CHARS = 60


def position(snapshot: DocumentSnapshot, offset: int) -> dict[str, int]:
    """An LSP Position, in UTF-16 units."""
    line, character = snapshot.position_at(offset)
    return {"line": line, "character": character}


def lsp_range(snapshot: DocumentSnapshot, start: int, end: int) -> dict[str, Any]:
    """An LSP Range."""
    return {"start": position(snapshot, start), "end": position(snapshot, end)}


def accept_command(suggestion: Suggestion) -> dict[str, Any]:
    """The command that clients run after insertion: the only standard sign of acceptance."""
    return {"title": "Accept suggestion", "command": "ai-lsp.accept", "arguments": [suggestion.id]}


def inline_items(*suggestions: Suggestion, whole_line: bool) -> dict[str, Any]:
    """The reply to textDocument/inlineCompletion, the best first. "Nothing" is an empty list, never null.

    `whole_line`: clients of the Copilot kind (they send `formattingOptions`) want a range that starts at
    column 0 and a text that repeats what is typed; the others want an insertion at the cursor.

    Lines end in `\\n` whatever the document has: editors put in their own, and Neovim 0.12.4 splits the text at
    `\\n` alone, so that a `\\r` would stay in the user's text (tests/editors/test_neovim.py).
    """
    return {"items": [_inline_item(each, whole_line=whole_line) for each in suggestions]}


def _inline_item(suggestion: Suggestion, *, whole_line: bool) -> dict[str, Any]:
    snapshot, offset = suggestion.snapshot, suggestion.offset
    start, lead = offset, ""
    if whole_line:
        start = snapshot.line_span(snapshot.line_at(offset)).start
        lead = snapshot.slice(start, offset)
    return {
        "insertText": lead + suggestion.text,
        "range": lsp_range(snapshot, start, offset + suggestion.covers),
        "command": accept_command(suggestion),
    }


def completion_items(suggestion: Suggestion | None) -> dict[str, Any]:
    """The reply to textDocument/completion for clients without ghost text: one item, last in the list."""
    if suggestion is None:
        return {"isIncomplete": True, "items": []}
    snapshot, offset = suggestion.snapshot, suggestion.offset
    line_start = snapshot.line_span(snapshot.line_at(offset)).start
    match = _WORD_LEFT.search(snapshot.slice(line_start, offset))
    word = match[0] if match else ""
    shown = word + suggestion.text
    first, _, more = shown.partition("\n")
    label = first.strip()
    label = label if len(label) <= _LABEL_CHARS else label[: _LABEL_CHARS - 1] + "…"
    item = {
        "label": label + (" ⏎" if more else ""),
        # Text: Helix 25.07 reads what is of kind Snippet as one, whatever insertTextFormat says: it indents
        # the lines anew and takes `$1` for a place to fill (tests/editors/test_menus.py).
        "kind": 1,
        "detail": "ai-lsp",
        "documentation": {"kind": "plaintext", "value": shown},
        "filterText": word or first.strip(),
        "sortText": "\uffff",
        "preselect": False,
        "insertTextFormat": 1,
        "insertTextMode": 1,
        "textEdit": {
            "range": lsp_range(snapshot, offset - len(word), offset + suggestion.covers),
            "newText": word + with_line_ends(suggestion.text, snapshot),
        },
        "command": accept_command(suggestion),
    }
    return {"isIncomplete": True, "items": [item]}


def with_line_ends(text: str, snapshot: DocumentSnapshot) -> str:
    """`\\n` becomes the document's own line end: that of its first line."""
    if "\n" not in text or snapshot.line_count == 1:
        return text
    end = snapshot.line_span(0).end
    mark = snapshot.slice(end, end + 2)
    if mark == "\r\n":
        return text.replace("\n", "\r\n")
    return text.replace("\n", "\r") if mark[:1] == "\r" else text


def wants_whole_line(params: Mapping[str, Any]) -> bool:
    """Whether the client is of the Copilot kind, told by the shape of its request."""
    return isinstance(params.get("formattingOptions"), Mapping)

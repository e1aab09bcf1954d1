"""Whether to suggest at all: go, or the reason to stay silent. Pure."""

from __future__ import annotations

from ai_lsp.completion.query import Declined, Query, Reason
from ai_lsp.completion.settings import CompletionSettings

MAX_LINE_CHARS = 2_000
"""A longer line is data, minified or generated."""

_BINARY_SAMPLE = 1_024


def decide(query: Query, settings: CompletionSettings, *, is_off: bool, is_ignored: bool) -> Declined | None:
    """None to go on."""
    snapshot = query.snapshot
    if is_off or not settings.enabled:
        return Declined(Reason.DISABLED)
    if snapshot.language_id in settings.disabled_languages:
        return Declined(Reason.LANGUAGE_DISABLED, snapshot.language_id)
    if is_ignored:
        return Declined(Reason.IGNORED_FILE)
    if len(snapshot) > settings.max_file_kb * 1024:
        return Declined(Reason.TOO_LARGE, f"{len(snapshot) // 1024} kB")
    if len(snapshot.line_span(query.line)) > MAX_LINE_CHARS:
        return Declined(Reason.LONG_LINE)
    if "\0" in snapshot.slice(0, _BINARY_SAMPLE):
        return Declined(Reason.BINARY)
    right = query.right[:1]
    if right.isalnum() or right == "_":
        return Declined(Reason.MID_WORD)
    return None

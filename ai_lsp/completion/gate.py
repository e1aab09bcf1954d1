"""Whether to suggest at all: go, or the reason to stay silent. Pure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ai_lsp.completion.clean.place import Removal
from ai_lsp.completion.query import Declined, Query, Reason
from ai_lsp.completion.settings import CompletionSettings

MAX_LINE_CHARS = 2_000
"""A longer line is data, minified or generated."""

REJECTED_ENOUGH = 0.7
"""Weight of the dismissals on a line, each halved every few seconds, from which on nothing is offered there."""

Scope = Literal["code", "comment", "string"]

_BINARY_SAMPLE = 1_024


@dataclass(frozen=True, slots=True)
class Moment:
    """What happened lately, as far as it says whether a suggestion is wanted.

    `snoozed_s` is how long the user still wants to be left alone, in seconds. `rejected` is the weight of what
    was dismissed on the cursor's line. `removed` is what was taken away lately. `ask_scope` finds out the scope,
    off the loop, where a setting depends on it.
    """

    snoozed_s: float = 0.0
    is_path_disabled: bool = False
    is_undone: bool = False
    is_correction: bool = False
    has_several_cursors: bool = False
    scope: Scope = "code"
    ask_scope: Callable[[], Awaitable[Scope]] | None = None
    rejected: float = 0.0
    removed: Sequence[Removal] = ()


NOTHING_HAPPENED = Moment()


def decide(
    query: Query,
    settings: CompletionSettings,
    *,
    is_off: bool,
    is_ignored: bool,
    moment: Moment = NOTHING_HAPPENED,
) -> Declined | None:
    """None to go on. What is asked for by hand is only refused where nothing may be read or said at all."""
    refused = _never(query, settings, is_off=is_off, is_ignored=is_ignored, moment=moment)
    return refused if refused is not None or query.is_invoked else _not_now(query, settings, moment)


def _never(
    query: Query, settings: CompletionSettings, *, is_off: bool, is_ignored: bool, moment: Moment
) -> Declined | None:
    refused = about_file(query, settings, is_off=is_off, is_ignored=is_ignored, moment=moment)
    if refused is not None:
        return refused
    if len(query.snapshot.line_span(query.line)) > MAX_LINE_CHARS:
        return Declined(Reason.LONG_LINE)
    right = query.right[:1]
    if right.isalnum() or right == "_":
        return Declined(Reason.MID_WORD)
    return None


def about_file(
    query: Query, settings: CompletionSettings, *, is_off: bool, is_ignored: bool, moment: Moment
) -> Declined | None:
    """Why nothing is ever offered in a file, wherever the cursor is; what status lines tell."""
    snapshot = query.snapshot
    if is_off or not settings.enabled:
        return Declined(Reason.DISABLED)
    if snapshot.language_id in settings.disabled_languages:
        return Declined(Reason.LANGUAGE_DISABLED, snapshot.language_id)
    if moment.is_path_disabled:
        return Declined(Reason.PATH_DISABLED, query.path)
    if is_ignored:
        return Declined(Reason.IGNORED_FILE)
    if len(snapshot) > settings.max_file_kb * 1024:
        return Declined(Reason.TOO_LARGE, f"{len(snapshot) // 1024} kB")
    if "\0" in snapshot.slice(0, _BINARY_SAMPLE):
        return Declined(Reason.BINARY)
    return None


def _not_now(query: Query, settings: CompletionSettings, moment: Moment) -> Declined | None:
    is_shy, is_eager = settings.aggressiveness == "shy", settings.aggressiveness == "eager"
    if moment.snoozed_s > 0:
        return Declined(Reason.SNOOZED, f"{max(1, round(moment.snoozed_s / 60))} min to go")
    if query.snapshot.serial == 0 and is_shy:
        return Declined(Reason.NOT_EDITED)
    if moment.has_several_cursors:
        return Declined(Reason.SEVERAL_CURSORS)
    if moment.is_undone:
        return Declined(Reason.UNDONE)
    if moment.is_correction and is_shy:
        return Declined(Reason.CORRECTING, "completion.aggressiveness is shy")
    if moment.scope == "comment" and not settings.in_comments:
        return Declined(Reason.IN_COMMENT)
    if moment.scope == "string" and not settings.in_strings:
        return Declined(Reason.IN_STRING)
    if moment.rejected >= REJECTED_ENOUGH and not is_eager:
        return Declined(Reason.JUST_REJECTED)
    return None

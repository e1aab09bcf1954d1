"""From a model's raw answer to the text worth showing: a table of named steps, each a pure function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ai_lsp.completion.clean.layout import cut_lines, end_statement, fit_indentation
from ai_lsp.completion.clean.place import Limits, Place, Removal, place_of
from ai_lsp.completion.clean.removed import keep_removed_away
from ai_lsp.completion.clean.repetition import drop_line_above, loop_start, stop_at_lines_below, stop_repetition
from ai_lsp.completion.clean.scope import drop_double_closers, end_after_leaving, stay_in_block
from ai_lsp.completion.clean.suffix import cover_right, drop_suffix
from ai_lsp.completion.clean.wrapping import (
    SPECIAL_TOKENS,
    cut_template_tokens,
    drop_echo,
    drop_prose,
    drop_thoughts,
    fill_placeholders,
    join_space,
    may_be_echo,
    strip_fence,
)
from ai_lsp.completion.query import Declined, Query, Reason

__all__ = ["SPECIAL_TOKENS", "STEPS", "Limits", "Removal", "Step", "clean", "is_decided", "trace", "unwrap"]

LONGEST = 4_000
"""Characters of a stream after which nothing more is waited for."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `emptied` is the reason to give where it leaves nothing."""

    run: Callable[[str, Place], str]
    emptied: Reason = Reason.MODEL_SILENT

    @property
    def name(self) -> str:
        return self.run.__name__


STEPS: tuple[Step, ...] = (
    Step(cut_template_tokens),
    Step(drop_thoughts, Reason.NOT_CODE),
    Step(strip_fence, Reason.NOT_CODE),
    Step(drop_prose, Reason.NOT_CODE),
    Step(fill_placeholders),
    Step(drop_echo, Reason.REPEATS_ABOVE),
    Step(join_space),
    Step(fit_indentation),
    Step(cut_lines, Reason.MODEL_SILENT),
    Step(end_statement),
    Step(drop_line_above, Reason.REPEATS_ABOVE),
    Step(stop_at_lines_below, Reason.REPEATS_TEXT),
    Step(stop_repetition, Reason.REPEATS_ITSELF),
    Step(drop_double_closers, Reason.REPEATS_TEXT),
    Step(stay_in_block, Reason.LEAVES_BLOCK),
    Step(end_after_leaving, Reason.DEDENT_DUE),
    Step(drop_suffix, Reason.REPEATS_TEXT),
    Step(keep_removed_away, Reason.RESTORES),
)
"""In order: first what the model wrapped around its code, then how its lines lie, then what is not wanted."""


def clean(raw: str, query: Query, limits: Limits) -> tuple[str, int] | Declined:
    """The text to insert, with `\\n` line ends, and how many characters right of the cursor it covers."""
    at = place_of(query, limits)
    text = _one_line_end(raw)
    for step in STEPS:
        text = step.run(text, at)
        if not text.strip():
            return Declined(step.emptied if raw.strip() else Reason.MODEL_SILENT)
    return cover_right(text, at)


def unwrap(raw: str, query: Query, limits: Limits) -> str:
    """What an answer, as far as it has come, would put into the document: free of tokens, fences, prose and
    echoes, with nothing of it judged yet."""
    return _steps(_one_line_end(raw), place_of(query, limits), before=cut_lines)


def trace(raw: str, query: Query, limits: Limits) -> list[tuple[str, str]]:
    """(step, its result) of each step that changed an answer; `cover_right` where it covers anything."""
    at = place_of(query, limits)
    text, out = _one_line_end(raw), []
    for step in STEPS:
        after = step.run(text, at)
        if after != text:
            out.append((step.name, after))
        text = after
        if not text.strip():
            return out
    if cover_right(text, at)[1]:
        out.append((cover_right.__name__, text))
    return out


def is_decided(raw: str, query: Query, limits: Limits) -> bool:
    """Whether more of the stream could not change what is shown, so that it may be closed.

    It could not where a line added below the whole ones so far would not be shown.
    """
    if len(raw) > LONGEST:
        return True
    text = _one_line_end(raw)
    whole, newline, partial = text.rpartition("\n")
    if not newline:
        return loop_start(partial) is not None and len(partial) > 80
    if not whole.strip():
        return False
    at = place_of(query, limits)
    if may_be_echo(_steps(whole, at, before=drop_echo), at):
        return False
    shown, last = _run(f"{whole}\n{_DEEP}{_PROBE}\n{_DEEP}{_PROBE}x", at)
    return _PROBE not in shown and (bool(shown.strip()) or last in _FINAL)


_PROBE = "\ue000"  # a private character, so that no answer holds it
_DEEP = " " * 200  # so far in that only what ends the answer for good keeps it out


_FINAL = frozenset({stop_at_lines_below, stay_in_block, end_after_leaving})
"""Steps that end an answer at a line for what stands above it: where that leaves nothing, nothing will come."""


def _steps(text: str, at: Place, before: Callable[[str, Place], str] | None = None) -> str:
    return _run(text, at, before)[0]


def _run(
    text: str, at: Place, before: Callable[[str, Place], str] | None = None
) -> tuple[str, Callable[[str, Place], str] | None]:
    """What the steps leave of a text, and the one that left nothing."""
    for step in STEPS:
        if step.run is before:
            break
        text = step.run(text, at)
        if not text.strip():
            return text, step.run
    return text, None


def _one_line_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")

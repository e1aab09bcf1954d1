"""From what is known around a place to the parts of a prompt, in the order in which they shall stand. Pure.

For a prompt of any sort: `parts` and then `fit`; `quoted` writes what was kept for a model that is talked to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ai_lsp.context.fit import Kept
from ai_lsp.context.parts import PromptPart, Stability
from ai_lsp.context.place import Known, Place
from ai_lsp.context.sources import (
    definitions,
    noted,
    open_files,
    recent_edits,
    related_files,
    rules,
    siblings,
)

NEAR_LINES = 20
"""Lines above and below the place whose names say which pages of other files matter."""

EDITS, NOTED, DEFINITIONS, RULES, SIBLINGS, FILES, RELATED = 7_870, 7_860, 7_700, 7_550, 7_500, 7_450, 7_400
"""Priorities among the pages of the document itself: those count from 8,000 down, 100 less per page above."""

MOST_STALE = 6
"""Parts that are wanted no more and stay all the same, since their going would change all that follows."""

STALE = 2_000
"""What such a part has less of priority: it is the first to go when there is no room."""

_CLASSES: tuple[Stability, ...] = ("stable", "slow", "volatile")


def parts(place: Place, known: Known, previous: Sequence[PromptPart] = ()) -> tuple[PromptPart, ...]:
    """All parts but those of the document itself, stable ones first and what changes with every edit last.

    `previous` is the last answer for the same document: what is still wanted keeps its order, what is new
    stands behind it, and a few parts that are not wanted any more stay, so that the front stays the same bytes.
    """
    made = [
        *rules.parts(known.rules, priority=RULES),
        *related_files.parts(known.related, priority=RELATED),
        *definitions.parts(known.definitions, priority=DEFINITIONS),
        *open_files.parts(place.near(NEAR_LINES), known.others, priority=FILES),
        *(siblings.parts(place, known.facts, priority=SIBLINGS) if known.facts is not None else ()),
        *noted.parts(place, known.diagnostics, priority=NOTED),
        *recent_edits.parts(place, known.edits, priority=EDITS),
    ]
    return steady(previous, without_doubles(made))


def without_doubles(made: Sequence[PromptPart]) -> list[PromptPart]:
    """The parts without those whose lines a page of the same file shows, and without outlines of files of which
    definitions are shown."""
    out = []
    defined = {part.label.uri for part in made if part.kind == "definition"}
    for part in made:
        label = part.label
        if part.kind == "related" and label.uri in defined:
            continue
        is_shown = any(
            other is not part
            and other.kind == "file"
            and part.kind in ("definition", "tests", "related")
            and other.label.uri == label.uri
            and other.label.first_line <= label.first_line
            and label.last_line <= other.label.last_line
            and label.last_line >= label.first_line
            for other in made
        )
        if not is_shown:
            out.append(part)
    return out


def steady(previous: Sequence[PromptPart], made: Sequence[PromptPart]) -> tuple[PromptPart, ...]:
    """`made` in the order of `previous` as far as it stood there with the same text, class by class."""
    now = {part.key: part for part in made}
    out: list[PromptPart] = []
    for stability in _CLASSES:
        wanted = [part for part in made if part.stability == stability]
        if stability == "volatile":
            out += wanted
            continue
        old = [part for part in previous if part.stability == stability]
        is_crowded = sum(part.key not in now for part in old) > MOST_STALE
        front = []
        for part in old:
            same = now.get(part.key)
            if same is None and not is_crowded:
                front.append(_stale(part))
            elif same is not None and same.text == part.text:
                front.append(same)
        standing = {part.key for part in front}
        out += [*front, *(part for part in wanted if part.key not in standing)]
    return tuple(out)


def _stale(part: PromptPart) -> PromptPart:
    if part.priority <= FILES - STALE:
        return part
    return replace(part, priority=min(part.priority, FILES) - STALE, alternatives=())


def quoted(kept: Sequence[Kept]) -> str:
    """Kept parts as quoted data for a chat, each behind a line that says where it is from."""
    out = []
    for one in kept:
        label = one.part.label
        lines = f' lines="{label.first_line + 1}-{label.last_line + 1}"' if label.last_line >= 0 else ""
        text = one.text if one.text.endswith("\n") else one.text + "\n"
        out.append(f'<context kind="{one.part.kind}" path="{label.uri}"{lines}>\n{text}</context>\n')
    return "".join(out)

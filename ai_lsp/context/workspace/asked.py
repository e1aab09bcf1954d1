"""What the workspace's process is asked about a place of an open document, and what it answers: values and rows.

A row is what `context/wire.py` carries: lists of plain values in the order of the fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ai_lsp.context.parts import Alternative, Label, PromptPart
from ai_lsp.context.place import Noted, RecentEdit


@dataclass(frozen=True, slots=True)
class Question:
    """A place of an open document that was told, and what only the server knows around it.

    `size` is the document's length in characters: where the process has a text of another one it gives no
    answer. `others` are the documents whose pages may be shown, last used first. `cuts` are the offsets at which
    pages began until now.
    """

    uri: str
    offset: int
    size: int
    others: tuple[str, ...] = ()
    edits: tuple[RecentEdit, ...] = ()
    diagnostics: tuple[Noted, ...] = ()
    cuts: tuple[int, ...] = ()

    def row(self) -> list[Any]:
        edits = [[e.path, e.line, e.removed, e.added, e.age_s] for e in self.edits]
        noted = [[n.path, n.line, n.severity, n.message, n.source] for n in self.diagnostics]
        return [self.uri, self.offset, self.size, self.others, edits, noted, self.cuts]


def question_of(row: Sequence[Any]) -> Question:
    """The question in a row."""
    uri, offset, size, others, edits, noted, cuts = row
    return Question(
        uri,
        offset,
        size,
        tuple(others),
        tuple(RecentEdit(path, line, tuple(old), tuple(new), age) for path, line, old, new, age in edits),
        tuple(Noted(*each) for each in noted),
        tuple(cuts),
    )


@dataclass(frozen=True, slots=True)
class Page:
    """Shorter texts for a stretch of the document, fullest first."""

    start: int
    end: int
    ladder: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is known around a place: the parts of other places, where the document's pages begin, and what may
    stand for them. Offsets are those of the text that was asked about."""

    parts: tuple[PromptPart, ...] = ()
    cuts: tuple[int, ...] = ()
    pages: tuple[Page, ...] = ()

    def row(self) -> list[Any]:
        pages = [[page.start, page.end, _ladder(page.ladder)] for page in self.pages]
        return [[_part_row(part) for part in self.parts], self.cuts, pages]


def gathered_of(row: Sequence[Any]) -> Gathered:
    """The answer in a row."""
    parts, cuts, pages = row
    return Gathered(
        tuple(map(_part, parts)),
        tuple(cuts),
        tuple(Page(start, end, _alternatives(ladder)) for start, end, ladder in pages),
    )


def _part_row(part: PromptPart) -> list[Any]:
    label = [part.label.uri, part.label.first_line, part.label.last_line, part.label.origin]
    return [part.kind, part.text, label, part.key, part.priority, part.stability, _ladder(part.alternatives)]


def _part(row: Sequence[Any]) -> PromptPart:
    kind, text, label, key, priority, stability, ladder = row
    shorter = _alternatives(ladder)
    return PromptPart(kind, text, Label(*label), key, priority, stability, alternatives=shorter)


def _ladder(shorter: Sequence[Alternative]) -> list[list[Any]]:
    return [[each.text, each.priority] for each in shorter]


def _alternatives(rows: Sequence[Sequence[Any]]) -> tuple[Alternative, ...]:
    return tuple(Alternative(text, priority) for text, priority in rows)

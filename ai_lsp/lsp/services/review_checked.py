"""Findings and the project's own checkers: what those say of a text, and what that makes of the findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ai_lsp.diagnostics.finding import Finding
from ai_lsp.diagnostics.lines import Lines
from ai_lsp.diagnostics.shadow.pool import Said
from ai_lsp.diagnostics.weighing import weighed
from ai_lsp.lsp.services.checking import CheckingService

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

OPEN_S, ON_DISK_S = 5.0, 30.0
"""How long the checkers may take over one text: while a person waits for nothing, and in a review of files."""


@dataclass(slots=True)
class Unheard:
    """Checkers that could not say anything in a review, with the reason and in how many files."""

    counts: dict[str, int] = field(default_factory=dict)

    def note(self, said: Said) -> None:
        """Count what one file lacks."""
        for name, why in said.unknown.items():
            sentence = f"{name} {why.value}"
            self.counts[sentence] = self.counts.get(sentence, 0) + 1

    def as_json(self) -> list[dict[str, object]]:
        """For programs."""
        return [{"why": why, "files": count} for why, count in self.counts.items()]


async def said_of(session: Session, uri: str, text: str | None = None) -> Said:
    """What the checkers say of an open document, or of a file with this text; nothing where they are not asked in
    reviews, or none knows the language."""
    checking = next((each for each in session.services if isinstance(each, CheckingService)), None)
    if checking is None or not checking.waits("review"):
        return Said()
    return await checking.said(uri, text, OPEN_S if text is None else ON_DISK_S)


def with_verdicts(findings: Sequence[Finding], said: Said, text: str, path: str) -> list[Finding]:
    """The findings of a text with what the checkers say of their lines."""
    return weighed(findings, said.reports, Lines(text), text, path) if said.reports else list(findings)


def messages_by_line(said: Said) -> Mapping[int, list[str]]:
    """What the checkers say, in sentences, by 0-based line."""
    out: dict[int, list[str]] = {}
    for report in said.reports:
        out.setdefault(report.line, []).append(f"{report.checker}: {report.message}")
    return out

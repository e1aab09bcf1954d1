"""A place where something is to be written, and what is known around it: what the sources make parts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai_lsp.text.document import DocumentSnapshot

if TYPE_CHECKING:
    from ai_lsp.context.syntax_facts import SyntaxFacts


@dataclass(frozen=True, slots=True)
class Place:
    """An offset of a document; `path` is the document's, relative to the workspace, with `/`."""

    snapshot: DocumentSnapshot
    offset: int
    path: str

    @property
    def line(self) -> int:
        """The line of the offset, 0-based."""
        return self.snapshot.line_at(self.offset)

    def near(self, lines: int) -> str:
        """The text of so many lines above and below the offset's, and of that line."""
        first = self.snapshot.line_span(max(0, self.line - lines)).start
        return self.snapshot.slice(first, self.snapshot.line_span(self.line + lines).end)


@dataclass(frozen=True, slots=True)
class OpenFile:
    """Another document of the editor; `path` is relative to the workspace."""

    path: str
    snapshot: DocumentSnapshot


@dataclass(frozen=True, slots=True)
class RecentEdit:
    """Whole lines that the user changed: those at `line` (0-based, in the text before) were `removed` and are now
    `added`, `age_s` seconds ago. Lines stand without their ends."""

    path: str
    line: int
    removed: tuple[str, ...]
    added: tuple[str, ...]
    age_s: float


@dataclass(frozen=True, slots=True)
class Noted:
    """A diagnostic of some program: `severity` as LSP counts, 1 is an error; `line` is 0-based."""

    path: str
    line: int
    severity: int
    message: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class FoundDefinition:
    """A definition in another file of the workspace. `text` is all of it, or of a large one its outline."""

    path: str
    first_line: int
    last_line: int
    name: str
    kind: str
    signature: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class RelatedFile:
    """Another file that belongs to this one: `why` is "tests" or "changes together".

    `text` are the lines `first_line..last_line` of it that matter most, or "" where only the outline does.
    """

    path: str
    why: str
    outline: str
    score: float
    text: str = ""
    first_line: int = 0
    last_line: int = -1


@dataclass(frozen=True, slots=True)
class Rules:
    """What a project tells whoever writes code in it; from folders that the user trusts only."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known around a place at some moment. What is not known is empty."""

    facts: SyntaxFacts | None = None
    others: tuple[OpenFile, ...] = ()
    edits: tuple[RecentEdit, ...] = ()
    diagnostics: tuple[Noted, ...] = ()
    definitions: tuple[FoundDefinition, ...] = ()
    related: tuple[RelatedFile, ...] = ()
    rules: tuple[Rules, ...] = ()

"""The editor's documents as the workspace's process has them, and what is known around a place of one."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ai_lsp.context import gather
from ai_lsp.context.parts import PromptPart
from ai_lsp.context.place import FoundDefinition, Known, OpenFile, Place, RelatedFile, Rules
from ai_lsp.context.sources import current_file
from ai_lsp.context.syntax import SyntaxTrees
from ai_lsp.context.syntax_facts import Parsed, SyntaxFacts, facts, facts_by_lines
from ai_lsp.context.workspace.asked import Gathered, Page, Question
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

PAGES = 18
"""Pages above the cursor for which a shorter text is kept ready."""

MOST_IMPORTS = 60
EDITS = 512
"""Edits kept per document, to bring an older tree up to date."""


@dataclass(slots=True)
class OpenDocument:
    """One document. `path` is absolute, "" where it lies in no workspace folder; `name` is that in prompts."""

    path: str
    name: str
    snapshot: DocumentSnapshot
    is_learnt: bool = False  # whether the workspace's definitions are those of the text as it is now
    edits: deque[tuple[int, Edit]] = field(default_factory=lambda: deque(maxlen=EDITS))

    def change(self, rows: Sequence[Sequence[Any]]) -> None:
        """Edits that follow one another: start, end, new text."""
        for start, end, text in rows:
            edit = Edit(Span(start, end), text)
            self.snapshot = self.snapshot.replace(edit, self.snapshot.version)
            self.edits.append((self.snapshot.serial, edit))
        self.is_learnt = False

    def edits_since(self, snapshot: DocumentSnapshot) -> Sequence[Edit] | None:
        """The edits made after a snapshot; None where they are no longer known."""
        missing = self.snapshot.serial - snapshot.serial
        if not 0 <= missing <= len(self.edits):
            return None
        return [edit for serial, edit in self.edits if serial > snapshot.serial]


class Files(Protocol):
    """What is asked of the workspace's files; paths in the answers are relative to their folders."""

    def learn(self, path: str) -> None: ...

    def around(
        self, document: OpenDocument, facts: SyntaxFacts, imports: str
    ) -> tuple[tuple[FoundDefinition, ...], tuple[RelatedFile, ...]]: ...


class OpenDocuments:
    """All that are open, by uri, and by path where they have one."""

    def __init__(self) -> None:
        self.by_uri: dict[str, OpenDocument] = {}
        self.by_path: dict[str, OpenDocument] = {}
        self.rules: tuple[Rules, ...] = ()
        self._trees = SyntaxTrees()

    def open(self, uri: str, path: str, name: str, language: str, text: str) -> None:
        """A document was told, perhaps anew."""
        self.close(uri)
        document = OpenDocument(path, name, DocumentSnapshot(uri, 0, language, text))
        self.by_uri[uri] = document
        if path:
            self.by_path[path] = document

    def extend(self, uri: str, text: str) -> None:
        """A long document goes on."""
        if (document := self.by_uri.get(uri)) is not None:
            document.change([[len(document.snapshot), len(document.snapshot), text]])

    def change(self, uri: str, rows: Sequence[Sequence[Any]]) -> None:
        """A document was edited."""
        if (document := self.by_uri.get(uri)) is not None:
            document.change(rows)

    def close(self, uri: str) -> str:
        """A document is open no more; its path, "" where it had none."""
        self._trees.forget(uri)
        document = self.by_uri.pop(uri, None)
        if document is None:
            return ""
        if self.by_path.get(document.path) is document:
            del self.by_path[document.path]
        return document.path

    def gather(self, question: Question, files: Files) -> Gathered | None:
        """What is known around a place; None where the document is not the one that was asked about."""
        document = self.by_uri.get(question.uri)
        if document is None or len(document.snapshot) != question.size:
            return None
        others = [each for uri in question.others if (each := self.by_uri.get(uri)) is not None]
        for each in others:
            if each.path and not each.is_learnt:
                each.is_learnt = True
                files.learn(each.path)
        place = Place(document.snapshot, question.offset, document.name)
        parsed = self._parsed(document)
        known = facts(parsed, place.offset) if parsed else facts_by_lines(place.snapshot, place.offset)
        imports = "\n".join(place.snapshot.slice(s.start, s.end) for s in known.imports[:MOST_IMPORTS])
        definitions, related = files.around(document, known, imports)
        parts = gather.parts(
            place,
            Known(
                known,
                tuple(OpenFile(each.name, each.snapshot) for each in others),
                question.edits,
                question.diagnostics,
                definitions,
                related,
                self.rules,
            ),
        )
        return _with_pages(parts, place, known if parsed else None, question.cuts)

    def _parsed(self, document: OpenDocument) -> Parsed | None:
        try:
            return self._trees.tree(document.snapshot, document.edits_since)
        except (ImportError, ValueError):
            return None


def _with_pages(
    parts: tuple[PromptPart, ...], place: Place, known: SyntaxFacts | None, before: Sequence[int]
) -> Gathered:
    cuts = current_file.cuts(place.snapshot, known, before)
    if known is None:
        return Gathered(parts, cuts)
    here = place.snapshot.line_span(place.line).start
    starts = [0, *(cut for cut in cuts if cut < here)][-PAGES:]
    spans = list(zip(starts, [*starts[1:], here], strict=True))
    ladders = current_file.skeletons(place.snapshot, known, spans)
    texts = [place.snapshot.slice(start, end) for start, end in spans]
    pages = [Page(*span, ladders[text]) for span, text in zip(spans, texts, strict=True) if text in ladders]
    return Gathered(parts, cuts, tuple(pages))

"""The files of the workspace's folders: which there are, what they define, and what of it matters for a place."""

from __future__ import annotations

import os
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from ai_lsp.context.languages import language_of
from ai_lsp.context.place import FoundDefinition, RelatedFile
from ai_lsp.context.syntax_facts import SyntaxFacts
from ai_lsp.context.workspace.cochange import Together, commits_of
from ai_lsp.context.workspace.open_documents import OpenDocument
from ai_lsp.context.workspace.symbols import (
    LANGUAGES,
    Reader,
    Symbol,
    SymbolTable,
    Use,
    definition_text,
    excerpt,
    family_of,
    is_test,
    outline_text,
    signature_text,
    symbols_of,
)
from ai_lsp.context.workspace_files import WorkspaceFiles, read_source
from ai_lsp.text.document import DocumentSnapshot

MOST_SYMBOLS = 400_000
MOST_OUTLINE_LINES = 40
KEPT_TEXTS = 64
MOST_DEFINITIONS = 8
FOUND_AT_ONCE = 200
"""Files that one step of looking through the folders finds."""


@dataclass(slots=True)
class Root:
    """One workspace folder."""

    files: WorkspaceFiles
    together: Together = field(default_factory=Together)
    known: set[str] = field(default_factory=set)
    """Absolute paths of all source files, for finding tests."""


class Workspace:
    """All that is known of the folders, by absolute path. Work comes in steps, so that questions come between.

    `opened` are the documents of the editor by path: their text counts, not the file's.
    """

    def __init__(self, opened: Mapping[str, OpenDocument]) -> None:
        self.table = SymbolTable(self.is_test)
        self.reader = Reader()
        self.roots: list[Root] = []
        self.waiting: deque[str] = deque()
        self._opened = opened
        self._walk: Iterator[str] | None = None
        self._snapshots: OrderedDict[str, DocumentSnapshot] = OrderedDict()

    def start(self, roots: list[str], patterns: list[str], most_files: int) -> None:
        """Other folders or rules: all is learnt anew."""
        self.table, self._snapshots = SymbolTable(self.is_test), OrderedDict()
        self.roots = [
            Root(WorkspaceFiles(root, patterns=tuple(patterns))) for root in roots if os.path.isdir(root)
        ]
        self.waiting.clear()
        self._walk = self._found(most_files)

    def history(self, folder: str, log: bytes) -> None:
        """What git says of the commits of a workspace folder."""
        for root in self.roots:
            if root.files.root == folder:
                root.together = Together(commits_of(log))

    @property
    def has_work(self) -> bool:
        """Whether there is a step to be done."""
        return self._walk is not None or bool(self.waiting)

    def step(self) -> None:
        """Find some files, or read one."""
        if self._walk is not None:
            found = list(islice(self._walk, FOUND_AT_ONCE))
            self.waiting.extend(found)
            if len(found) < FOUND_AT_ONCE:
                self._walk = None
                self.waiting = deque(sorted(self.waiting, key=lambda p: (self.is_test(p), p.count("/"))))
        elif self.waiting:
            self.learn(self.waiting.popleft())

    def _found(self, left: int) -> Iterator[str]:
        for root in self.roots:
            for found in root.files.walk(left):
                root.known.add(found.path)
                left -= 1
                yield found.path

    def changed(self, path: str) -> None:
        """A file may have another text, be new or be gone; changed ignore files drop what they now forbid."""
        root = self._root_of(path)
        if root is None:
            return
        if os.path.basename(path) in root.files.ignore_files:
            root.files.forget_rules()
            for each in [p for p in root.known if not root.files.may_read(p)]:
                root.known.discard(each)
                self._forget(each)
        elif path not in self.waiting:
            self.waiting.append(path)

    def learn(self, path: str) -> None:
        """Read one file again, if it may be read."""
        root = self._root_of(path)
        if root is None:
            return
        if root.files.may_index(path) is None:
            root.known.discard(path)
            self._forget(path)
            return
        root.known.add(path)
        row = language_of("", path)
        if row is None or row.name not in LANGUAGES or len(self.table) > MOST_SYMBOLS:
            return
        snapshot = self._snapshot(path)
        if snapshot is None:
            self._forget(path)
            return
        text = hash(snapshot.text)
        if not self.table.is_of(path, text):
            parsed = self.reader.parsed(path, snapshot.text)
            self.table.put(path, family_of(row), text, symbols_of(path, parsed) if parsed else ())

    def _forget(self, path: str) -> None:
        self.table.drop(path)
        self._snapshots.pop(path, None)

    def _snapshot(self, path: str) -> DocumentSnapshot | None:
        """A file's text as it is now; None where it may not be read."""
        if (opened := self._opened.get(path)) is not None:
            return opened.snapshot
        if (text := read_source(path)) is None:
            return None
        known = self._snapshots.pop(path, None)
        if known is None or known.text != text:
            known = DocumentSnapshot(path, 1, "", text)
        self._snapshots[path] = known
        while len(self._snapshots) > KEPT_TEXTS:
            self._snapshots.popitem(last=False)
        return known

    def _current(self, path: str) -> tuple[DocumentSnapshot, tuple[Symbol, ...]] | None:
        """A file's text and its definitions, read again where it has changed; None where it may not be shown."""
        root = self._root_of(path)
        if root is None or root.files.may_index(path) is None or (snapshot := self._snapshot(path)) is None:
            self._forget(path)
            return None
        if not self.table.is_of(path, hash(snapshot.text)):
            self.learn(path)
        return snapshot, self.table.of_file(path)

    def _root_of(self, path: str) -> Root | None:
        inside = [r for r in self.roots if path.startswith(r.files.root.rstrip("/") + "/")]
        return max(inside, key=lambda root: len(root.files.root), default=None)

    def _relative(self, path: str) -> str:
        """A path below the first workspace folder that holds it, as prompts name it."""
        for root in self.roots:
            if path.startswith(folder := root.files.root.rstrip("/") + "/"):
                return path[len(folder) :]
        return path.rpartition("/")[2]

    def is_test(self, path: str) -> bool:
        """Whether a path is that of a test, as its place in the workspace says."""
        root = self._root_of(path)
        return is_test(path[len(root.files.root) + 1 :] if root is not None else path)

    # What is asked

    def around(
        self, document: OpenDocument, facts: SyntaxFacts, imports: str
    ) -> tuple[tuple[FoundDefinition, ...], tuple[RelatedFile, ...]]:
        """Definitions of what is used at a place of a document, and files that belong to it."""
        if not document.path:
            return (), ()
        row = language_of(document.snapshot.language_id, document.path)
        use = Use(document.path, family_of(row) if row else "", facts.names, imports)
        symbol = facts.enclosing[-1].name if facts.enclosing else ""
        return tuple(self._definitions(use)), tuple(self._related(document.path, symbol))

    def _definitions(self, use: Use) -> Iterator[FoundDefinition]:
        left = MOST_DEFINITIONS
        for symbol, score in self.table.find(use, 2 * MOST_DEFINITIONS):
            if (current := self._current(symbol.path)) is None:
                continue
            snapshot, symbols = current
            now = next((s for s in symbols if s.name == symbol.name and s.kind == symbol.kind), None)
            now = symbol if symbol in symbols else now
            if now is None:
                continue
            signature, text = signature_text(snapshot, now), definition_text(snapshot, symbols, now)
            lines, path = (now.first_line, now.last_line), self._relative(now.path)
            yield FoundDefinition(path, *lines, now.name, now.kind, signature, text, round(score, 4))
            left -= 1
            if not left:
                return

    def _related(self, path: str, symbol: str) -> Iterator[RelatedFile]:
        root = self._root_of(path)
        if root is None:
            return
        tests = [(each, 1.0) for each in _counterparts(path, root.known, self.is_test(path))[:2]]
        relative = os.path.relpath(path, root.files.root).replace(os.sep, "/")
        together = [
            (os.path.join(root.files.root, other), share) for other, share in root.together.with_(relative)[:12]
        ]
        shown = {each for each, _ in tests}
        for other, share in [*tests, *(one for one in together if one[0] in root.known and one[0] not in shown)][
            :4
        ]:
            if (current := self._current(other)) is None:
                continue
            why = "tests" if other in shown else "changes together"
            snapshot, symbols = current
            outline = outline_text(snapshot, symbols, 0, snapshot.line_count, MOST_OUTLINE_LINES)
            text, first, last = excerpt(snapshot, symbols, symbol) if why == "tests" and symbol else ("", 0, -1)
            yield RelatedFile(self._relative(other), why, outline, round(share, 4), text, first, last)


def _counterparts(path: str, known: set[str], is_test: bool) -> list[str]:
    """The tests of a file, or what a test file tests: by the names that languages give them, nearest first."""
    folder, _, name = path.rpartition("/")
    stem, _, extension = name.partition(".")
    extension = extension.removeprefix("test.").removeprefix("spec.")
    plain = stem.removeprefix("test_").removesuffix("_test").removesuffix("Test").removesuffix("Tests")
    wanted = (
        {f"{plain}.{extension}"}
        if is_test
        else {
            f"test_{stem}.{extension}", f"{stem}_test.{extension}", f"{stem}.test.{extension}",
            f"{stem}.spec.{extension}", f"{stem}Test.{extension}", f"{stem}Tests.{extension}",
            f"{stem}_spec.{extension}",
        }
    )  # fmt: skip
    found = [p for p in known if p.rpartition("/")[2] in wanted and p != path]
    return sorted(found, key=lambda p: (-len(os.path.commonpath([p, folder])), p))

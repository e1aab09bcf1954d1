"""The process that knows the workspace: reads files and history, and says what matters for a place.

    python -m ai_lsp.context.workspace.worker

Messages over stdin and stdout, as context/wire.py writes them:
["start", roots, patterns, most_files], ["text", path, text], ["closed", path], ["files", [path…]],
["ask", number, question] → ["answer", number, answer]; ["status", state, files, symbols] on its own.
Paths are absolute. It ends with its input.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from ai_lsp.context import git, wire
from ai_lsp.context.languages import language_of
from ai_lsp.context.workspace.cochange import COMMAND, Together, commits_of
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
GIT_S = 20.0


@dataclass(slots=True)
class Root:
    """One workspace folder."""

    files: WorkspaceFiles
    together: Together = field(default_factory=Together)
    known: set[str] = field(default_factory=set)
    """Absolute paths of all source files, for finding tests."""


class Workspace:
    """All that is known of the folders, by absolute path."""

    def __init__(self) -> None:
        self.table = SymbolTable(self.is_test)
        self.reader = Reader()
        self.roots: list[Root] = []
        self.waiting: deque[str] = deque()
        self.texts: dict[str, str] = {}
        """Open documents: their text counts, not the file's."""
        self._snapshots: OrderedDict[str, DocumentSnapshot] = OrderedDict()

    def start(self, roots: list[str], patterns: list[str], most_files: int) -> None:
        """Other folders or rules: all is learnt anew, history first, since it is quick."""
        self.table, self._snapshots = SymbolTable(self.is_test), OrderedDict()
        self.roots = [
            Root(WorkspaceFiles(root, patterns=tuple(patterns))) for root in roots if os.path.isdir(root)
        ]
        self.waiting.clear()
        left = most_files
        for root in self.roots:
            for found in root.files.walk(left):
                root.known.add(found.path)
                self.waiting.append(found.path)
                left -= 1
            if (log := git.read(root.files.root, COMMAND, limit_s=GIT_S)) is not None:
                root.together = Together(commits_of(log))
        self.waiting = deque(sorted(self.waiting, key=lambda path: (self.is_test(path), path.count("/"))))

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
        text = self.texts.get(path)
        if text is None:
            text = read_source(path)
        if text is None:
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

    def is_test(self, path: str) -> bool:
        """Whether a path is that of a test, as its place in the workspace says."""
        root = self._root_of(path)
        return is_test(path[len(root.files.root) + 1 :] if root is not None else path)

    # What is asked

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Definitions and related files for a place."""
        path = str(question.get("path", ""))
        row = language_of(str(question.get("language", "")), path)
        names = tuple(map(str, question.get("names") or ()))
        use = Use(path, family_of(row) if row else "", names, str(question.get("imports", "")))
        most = int(question.get("most", 8))
        return {
            "definitions": list(self._definitions(use, most)),
            "related": list(self._related(path, str(question.get("symbol", "")))),
        }

    def _definitions(self, use: Use, most: int) -> Iterator[list[Any]]:
        left = most
        for symbol, score in self.table.find(use, 2 * most):
            if (current := self._current(symbol.path)) is None:
                continue
            snapshot, symbols = current
            now = next((s for s in symbols if s.name == symbol.name and s.kind == symbol.kind), None)
            now = symbol if symbol in symbols else now
            if now is None:
                continue
            signature, text = signature_text(snapshot, now), definition_text(snapshot, symbols, now)
            yield [now.path, now.first_line, now.last_line, now.name, now.kind, signature, text, round(score, 4)]
            left -= 1
            if not left:
                return

    def _related(self, path: str, symbol: str) -> Iterator[list[Any]]:
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
            yield [other, why, outline, round(share, 4), text, first, last]


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


def main() -> int:
    """Serve until the end of the input."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(10)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # stray prints go to stderr
    inbox: queue.Queue[wire.Message | None] = queue.Queue()
    threading.Thread(target=_read_into, args=(inbox,), name="wire", daemon=True).start()
    workspace, told = Workspace(), ""
    while True:
        try:
            message = inbox.get(block=not workspace.waiting)
        except queue.Empty:
            workspace.learn(workspace.waiting.popleft())
        else:
            if message is None:
                return 0
            if (answer := _handle(workspace, message)) is not None:
                _send(out, answer)
        state = "indexing" if workspace.waiting else "ready"
        if state != told:
            told = state
            _send(out, ["status", state, sum(len(r.known) for r in workspace.roots), len(workspace.table)])


def _read_into(inbox: queue.Queue[wire.Message | None]) -> None:
    try:
        while (message := wire.read(sys.stdin.buffer)) is not None:
            inbox.put(message)
    except OSError:
        pass
    inbox.put(None)


def _send(out: IO[bytes], message: wire.Message) -> None:
    out.write(wire.pack(message))
    out.flush()


def _handle(workspace: Workspace, message: wire.Message) -> wire.Message | None:
    match message:
        case ["start", list(roots), list(patterns), int(most)]:
            workspace.start(roots, patterns, most)
        case ["text", str(path), str(text)]:
            workspace.texts[path] = text
            workspace.learn(path)
        case ["closed", str(path)]:
            workspace.texts.pop(path, None)
            workspace.changed(path)
        case ["files", list(paths)]:
            for path in paths:
                workspace.changed(str(path))
        case ["ask", int(number), dict(question)]:
            return ["answer", number, workspace.ask(question)]
    return None


if __name__ == "__main__":
    sys.exit(main())

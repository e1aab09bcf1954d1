"""Replays a commit the way an editor would tell it: open files, one change per step, a question at the cursor."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from ai_lsp.completion.local.engine import Engine
from ai_lsp.completion.local.lexing import FileEncoder, family
from ai_lsp.completion.local.shards import Shard, SourceFile, build
from ai_lsp.text.edit import LineEdit
from eval.lines.cases import LineCase
from eval.lines.repository import Commit, Repository, language_id
from eval.lines.score import SHORTEST, Typed


class Asked(Protocol):
    """An engine under test."""

    def commit(self, commit: Commit) -> None:
        """The workspace is now that commit's parent; every document is closed."""

    def line(self, case: LineCase) -> None:
        """The next questions are about this line."""

    def ask(self, col: int) -> tuple[str | None, float]:
        """(first line of what is suggested after `col` characters of the line, confidence)."""

    def close(self) -> None:
        """The repository is done."""


def changed_lines(old: Sequence[str], new: Sequence[str]) -> tuple[int, int, list[str]] | None:
    """(first line, number of old lines, new lines) of the smallest change; None where nothing differs."""
    a = 0
    while a < len(old) and a < len(new) and old[a] == new[a]:
        a += 1
    if a == len(old) == len(new):
        return None
    b = 0
    while b < len(old) - a and b < len(new) - a and old[-1 - b] == new[-1 - b]:
        b += 1
    return a, len(old) - a - b, list(new[a : len(new) - b])


def as_edit(old: Sequence[str], at: int, count: int, new: Sequence[str]) -> LineEdit:
    """Lines [at, at + count) of `old` become `new`, as one change that a person could make."""
    if count == 0:
        if at < len(old):
            return LineEdit(at, 0, at, 0, "\n".join(new) + "\n")
        last = len(old) - 1
        return LineEdit(last, len(old[last]), last, len(old[last]), "\n" + "\n".join(new))
    end = at + count - 1
    if new:
        return LineEdit(at, 0, end, len(old[end]), "\n".join(new))
    if at + count < len(old):
        return LineEdit(at, 0, at + count, 0, "")
    if at:
        return LineEdit(at - 1, len(old[at - 1]), end, len(old[end]), "")
    return LineEdit(0, 0, end, len(old[end]), "")


class InProcess:
    """The predictor's engine without its process: fast, for tuning and fitting."""

    def __init__(self, repository: Repository, threshold: float, hide_words: bool = False) -> None:
        self.repository, self.threshold = repository, threshold
        self.hide_words = hide_words
        self.engine = Engine()
        self._at: str | None = None
        self._open: dict[str, list[str]] = {}

    def commit(self, commit: Commit) -> None:
        for path in self._open:
            self.engine.closed(path)
        self._open.clear()
        if self._at is None:
            moved: dict[str, str | None] = dict(self.repository.tree(commit.parent))
        else:
            moved = self.repository.changed(self._at, commit.parent)
        self._at = commit.parent
        self._index(moved)
        self._parent = commit.parent

    def _index(self, moved: dict[str, str | None]) -> None:
        by_family: dict[str, list[tuple[str, str]]] = {}
        for path, sha in moved.items():
            self.engine.forget(path)
            text = self.repository.text(sha) if sha else None
            if text is not None:
                by_family.setdefault(family(path), []).append((path, text))
        for some in by_family.values():
            encoder = FileEncoder()
            encoded = [encoder.encode(text) for _, text in some]
            files = [SourceFile(path, 0, 0) for path, _ in some]
            self.engine.mount(Shard(build(files, encoded, encoder.words())))

    def line(self, case: LineCase) -> None:
        self.case = case
        for path, lines in case.edited.items():
            self._become(path, lines)
        self._ensure(case.path)

    def prepare(self, col: int) -> tuple[str, int]:
        """Brings the document to the state of the question; returns (uri, line)."""
        case = self.case
        self._become(case.path, [*case.before, case.line[:col], *case.after])
        return case.path, len(case.before)

    def ask(self, col: int) -> tuple[str | None, float]:
        uri, line = self.prepare(col)
        found = self.engine.predict(uri, line, col, self.threshold, hide_words=self.hide_words)
        return (found.text.split("\n", 1)[0], found.confidence) if found else (None, 0.0)

    def close(self) -> None:
        self.repository.close()

    def _ensure(self, path: str) -> None:
        if path not in self._open:
            text = self.repository.text(f"{self._parent}:{path}") or ""
            self._open[path] = text.split("\n")
            self.engine.opened(path, path, language_id(path), text)
            for _ in self.engine.reading(path):
                pass

    def _become(self, path: str, lines: list[str]) -> None:
        self._ensure(path)
        old = self._open[path]
        change = changed_lines(old, lines)
        if change is not None:
            self.engine.changed(path, [as_edit(old, *change)])
            self._open[path] = lines


def type_line(engine: Asked, case: LineCase) -> Typed:
    """Types a line key by key and takes every right suggestion with one key."""
    line = case.line.rstrip()
    col = case.indent
    keys = shown = taken = 0
    ghost: str | None = None
    while col < len(line):
        text, _ = engine.ask(col)
        text = text.rstrip() if text else None
        if text and len(text) >= SHORTEST:
            shown += text != ghost
            if line.startswith(text, col):
                taken += 1
                keys += 1
                col += len(text)
                ghost = None
                continue
            ghost = text
        else:
            ghost = None
        if ghost:
            ghost = ghost[1:] if ghost[0] == line[col] else None
        col += 1
        keys += 1
    return Typed(keys, shown, taken, len(line) - case.indent)


def timed(engine: Asked, col: int) -> tuple[str | None, float, float]:
    """An answer with its confidence and how many milliseconds it took."""
    began = time.perf_counter()
    text, confidence = engine.ask(col)
    return text or None, confidence, (time.perf_counter() - began) * 1e3

"""Replays a commit's hunks as the edits of a user, and asks for the next one: the engine in this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import unquote

from ai_lsp.edits.local.engine import Engine
from ai_lsp.edits.local.index import Index
from ai_lsp.edits.local.proposal import Change, Proposal
from ai_lsp.text.edit import LineEdit
from eval.lines.replay import as_edit
from eval.lines.repository import Commit, Hunk, Repository, language_id
from eval.next_edit.cases import Workspace
from eval.next_edit.score import Shown

_LIMIT_S = 5.0  # of one question: a busy machine must give the same answers; the product allows less
_STEP_S = 5.0  # between two edits, as the engine is told


class Asked(Protocol):
    """An engine under test."""

    def commit(self, commit: Commit) -> None:
        """The workspace is now that commit's parent, and the files that it changes are open."""

    def applied(self, workspace: Workspace, hunk: Hunk) -> None:
        """The user makes this edit."""

    def ask(self) -> tuple[Shown | None, Shown | None]:
        """The best edit and the best place, None for silence; what is shown decides a threshold."""

    def close(self) -> None:
        """The repository is done."""


class InProcess:
    """The engine without its process."""

    def __init__(self, repository: Repository, limit_s: float = _LIMIT_S) -> None:
        self.repository = repository
        self._texts: dict[str, str] = {}
        self.engine = Engine(Index(self._texts.get), limit_s)
        self._at: str | None = None

    def commit(self, commit: Commit) -> None:
        for uri in list(self.engine.index.open):
            self.engine.closed(uri)
        if self._at is None:
            moved: dict[str, str | None] = dict(self.repository.tree(commit.parent))
        else:
            moved = self.repository.changed(self._at, commit.parent)
        self._at = commit.parent
        for path, sha in moved.items():
            name = "/" + path
            self._texts.pop(name, None)
            self.engine.index.forget(name)
            text = self.repository.text(sha) if sha else None
            if text is not None:
                self._texts[name] = text
                self.engine.index.add(name, text)
        self._changes: list[Change] = []
        self.engine.edited([])
        for path in dict.fromkeys(h.path for h in commit.hunks):
            text = self._texts.get("/" + path, "")
            self.engine.opened(uri_of(path), "/" + path, language_id(path), text)
            self.engine.warm(uri_of(path))

    def applied(self, workspace: Workspace, hunk: Hunk) -> None:
        uri = uri_of(hunk.path)
        before = list(workspace.lines(hunk.path))
        at = workspace.apply(hunk)
        self.engine.changed(uri, [as_edit(before, at, len(hunk.old), hunk.new)])
        self._changes = [
            Change(c.uri, c.at, c.old, c.new, c.age_s + _STEP_S) for c in self._changes
        ] + [Change(uri, at, tuple(hunk.old), tuple(hunk.new), 0.0)]  # fmt: skip
        self.engine.edited(self._changes)

    def ask(self) -> tuple[Shown | None, Shown | None]:
        engine, is_late = self.engine, self.engine.late()
        stage = engine.stage()
        if stage is None:
            return None, None
        edits = engine.rated(stage, is_late)
        places = engine.rated_places(stage, edits, is_late)
        edit = jump = None
        if edits:
            best = engine.proposal(edits[0][1], edits[0][0])
            edit = as_shown(best, engine.index.lines(edits[0][1].name))
        if places:
            jump = as_shown(engine.jump(places[0][1], places[0][0]), [])
        return edit, jump

    def close(self) -> None:
        self.repository.close()


def uri_of(path: str) -> str:
    """The uri of a path of the repository."""
    return f"file:///{path}"


def path_of(uri: str) -> str:
    """The path of a uri; those of files that are not open are quoted."""
    return unquote(uri.removeprefix("file:///"))


def as_shown(one: Proposal, lines: Sequence[str]) -> Shown:
    """A proposal as whole lines."""
    edit = LineEdit(one.start_line, one.start_col, one.end_line, one.end_col, one.new_text)
    path = path_of(one.uri)
    if one.kind == "jump":
        return Shown(path, one.start_line, [], [], True, one.confidence)
    old = list(lines[edit.start_line : edit.end_line + 1])
    text = old[0][: edit.start_col] + edit.text + old[-1][edit.end_col :]
    return Shown(path, edit.start_line, old, text.replace("\r\n", "\n").split("\n"), False, one.confidence)

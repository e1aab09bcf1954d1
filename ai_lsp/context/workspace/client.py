"""The language server's side of the workspace's process: starts it, tells it what is open, asks it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from ai_lsp.context import wire
from ai_lsp.context.place import Rules
from ai_lsp.context.worker_process import WorkerProcess
from ai_lsp.context.workspace.asked import Gathered, Question, gathered_of
from ai_lsp.text.edit import Edit

__all__ = ["Gathered", "Question", "WorkspaceClient"]

PIECE = 100_000
"""Characters of a document that are told at once: more would stop the loop for a millisecond."""


class WorkspaceClient:
    """One process, started with the first `start`, started again should it die, ended by `aclose`.

    `began` is called with each process that has started: it knows no documents.
    """

    def __init__(self, began: Callable[[], None] = lambda: None) -> None:
        self._scope: wire.Message = []
        self._rules: wire.Message = ["rules", []]
        self._began = began
        self._worker = WorkerProcess(
            "ai_lsp.context.workspace.worker", "workspace", self._told, self._received, self._ended
        )
        self.state = "off"
        self.files = self.symbols = 0

    @property
    def is_there(self) -> bool:
        """Whether there is a process to tell something."""
        return self._worker.process is not None

    def start(self, roots: Sequence[str], patterns: Sequence[str], most_files: int) -> None:
        """Start the process, or tell the running one of other folders or rules of what may be read."""
        scope = ["start", list(roots), list(patterns), most_files]
        if self._worker.is_kept:
            if scope != self._scope:
                self._scope = scope
                self._worker.send(scope)
        else:
            self._scope, self.state = scope, "indexing"
            self._worker.start()

    def rules(self, rules: Sequence[Rules]) -> None:
        """What the project asks of whoever writes code in it."""
        self._rules = ["rules", [[each.path, each.text] for each in rules]]
        self._worker.send(self._rules)

    async def opened(self, uri: str, path: str, name: str, language_id: str, text: str) -> None:
        """A document with all its text, which counts in place of the file's at `path`, absolute, "" for none.
        The loop goes on between two pieces of a long one."""
        self._worker.send(["open", uri, path, name, language_id, text[:PIECE]])
        for at in range(PIECE, len(text), PIECE):
            await asyncio.sleep(0)
            self._worker.send(["more", uri, text[at : at + PIECE]])

    def changed(self, uri: str, edits: Sequence[Edit]) -> None:
        """Edits of a document that was told, following one another."""
        self._worker.send(["edit", uri, [[e.span.start, e.span.end, e.new_text] for e in edits]])

    def closed(self, uri: str) -> None:
        """A document was closed, or may not be read any more: the file counts again, by its own rules."""
        self._worker.send(["close", uri])

    def files_changed(self, paths: Sequence[str]) -> None:
        """Files changed on disk."""
        self._worker.send(["files", list(paths)])

    async def gather(self, question: Question, limit_s: float) -> Gathered | None:
        """What is known around a place; None where the process is not there, late, or has another text."""
        found = await self._worker.ask("gather", [question.row()], limit_s)
        return None if found is None else gathered_of(found)

    async def aclose(self) -> None:
        """End the process."""
        await self._worker.aclose()
        self.state = "off"

    def _told(self) -> list[wire.Message]:
        self._began()
        return [self._scope, self._rules]

    def _received(self, message: wire.Message) -> None:
        match message:
            case ["status", str(state), int(files), int(symbols)]:
                self.state, self.files, self.symbols = state, files, symbols

    def _ended(self, problem: str) -> None:
        self.state = "failed"

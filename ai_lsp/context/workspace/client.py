"""The language server's side of the workspace's process: starts it, tells it what is open, asks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ai_lsp.context import wire
from ai_lsp.context.place import FoundDefinition, RelatedFile
from ai_lsp.context.worker_process import WorkerProcess

LARGEST_TEXT = 400_000
"""Characters of an open document that is told."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is wanted for a place; `path` is absolute, `symbol` the name of what is being written."""

    path: str
    language: str
    names: tuple[str, ...]
    imports: str = ""
    symbol: str = ""
    most: int = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What the workspace knows; paths are absolute."""

    definitions: tuple[FoundDefinition, ...] = ()
    related: tuple[RelatedFile, ...] = ()


NOTHING = Answer()


class WorkspaceClient:
    """One process, started with the first `start`, started again should it die, ended by `aclose`."""

    def __init__(self) -> None:
        self._scope: wire.Message = []
        self._texts: dict[str, str] = {}
        self._worker = WorkerProcess(
            "ai_lsp.context.workspace.worker", "workspace", self._told, self._received, self._ended
        )
        self.state = "off"
        self.files = self.symbols = 0

    def start(self, roots: Sequence[str], patterns: Sequence[str], most_files: int) -> None:
        """Start the process, or tell the running one of other folders or rules."""
        scope = ["start", list(roots), list(patterns), most_files]
        if self._worker.is_kept:
            if scope != self._scope:
                self._scope = scope
                self._worker.send(scope)
        else:
            self._scope, self.state = scope, "indexing"
            self._worker.start()

    def text(self, path: str, text: str) -> None:
        """The present text of an open document, which counts in place of the file's."""
        if self._texts.get(path) != text and len(text) <= LARGEST_TEXT:
            self._texts[path] = text
            self._worker.send(["text", path, text])

    def closed(self, path: str) -> None:
        """A document was closed, or may not be read any more: the file counts again, by its own rules."""
        if self._texts.pop(path, None) is not None:
            self._worker.send(["closed", path])

    def files_changed(self, paths: Sequence[str]) -> None:
        """Files changed on disk."""
        self._worker.send(["files", list(paths)])

    async def ask(self, question: Question, limit_s: float) -> Answer:
        """What the workspace knows about a place; NOTHING where it is not ready, or late."""
        asked = {name: getattr(question, name) for name in Question.__slots__}
        found = await self._worker.ask("ask", [asked], limit_s)
        try:
            return Answer(
                tuple(FoundDefinition(*row) for row in found["definitions"]),
                tuple(RelatedFile(*row) for row in found["related"]),
            )
        except (TypeError, KeyError):
            return NOTHING

    async def aclose(self) -> None:
        """End the process."""
        await self._worker.aclose()
        self.state = "off"

    def _told(self) -> list[wire.Message]:
        return [self._scope, *(["text", path, text] for path, text in self._texts.items())]

    def _received(self, message: wire.Message) -> None:
        match message:
            case ["status", str(state), int(files), int(symbols)]:
                self.state, self.files, self.symbols = state, files, symbols

    def _ended(self, problem: str) -> None:
        self.state = "failed"

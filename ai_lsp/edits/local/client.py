"""The language server's side of the embedded next-edit engine: what its worker is told and asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ai_lsp.context import wire
from ai_lsp.context.settings import IndexSettings
from ai_lsp.context.worker_process import WorkerProcess
from ai_lsp.edits.local.proposal import NextEditStatus, Proposal
from ai_lsp.text.edit import LineEdit
from ai_lsp.text.history import HistoryEdit

__all__ = ["LocalNextEdits", "NextEditStatus", "Proposal"]

LEAST_CONFIDENCE = 0.6
LONGEST_CHANGE = 20_000
"""Characters of one edit; a longer one is no example, and is not sent."""


class LocalNextEdits:
    """One worker process and what must be told to its successor should it die.

    Whoever calls has asked whether a document may be read: what is told here is learned from.
    """

    def __init__(self, text_of: Callable[[str], str | None] | None = None) -> None:
        """`text_of`: the present text of an open document, asked when a new worker must be told; without it a
        restart forgets open documents."""
        self._text_of = text_of
        self._scope: wire.Message = []
        self._documents: dict[str, tuple[str | None, str]] = {}
        self._edited: wire.Message = ["edited", []]
        self._status = NextEditStatus("off", 0, "")
        self._worker = WorkerProcess(
            "ai_lsp.edits.local.worker", "local-next-edits", self._told, self._received, self._ended
        )

    @property
    def status(self) -> NextEditStatus:
        """Where the engine stands."""
        return self._status

    async def start(
        self,
        roots: Sequence[str],
        *,
        patterns: Sequence[str] = (),
        most_files: int = IndexSettings().max_files,
        keep: bool = True,
    ) -> None:
        """Starts the worker, or gives the running one other workspace folders (absolute paths).

        `patterns` in .gitignore's syntax name files that are not looked at, and at most `most_files` are. Nothing
        outlives the session whatever `keep` says: this index is rebuilt in seconds.
        """
        self._scope = ["start", list(roots), list(patterns), most_files]
        if self._worker.is_kept:
            self._worker.send(self._scope)
        else:
            self._status = NextEditStatus("starting", 0, "")
            self._worker.start()

    def opened(self, uri: str, path: str | None, language_id: str, text: str) -> None:
        """A document was opened with this text."""
        self._documents[uri] = (path, language_id)
        self._worker.send(["open", uri, path, language_id, text])

    def changed(self, uri: str, edits: Sequence[LineEdit]) -> None:
        """A document was changed; edits apply one after another."""
        rows = [[e.start_line, e.start_col, e.end_line, e.end_col, e.text] for e in edits]
        self._worker.send(["change", uri, rows])

    def closed(self, uri: str) -> None:
        """A document was closed; its file counts again."""
        self._documents.pop(uri, None)
        self._worker.send(["close", uri])

    def files_changed(self, changes: Sequence[tuple[str, int]]) -> None:
        """Files changed on disk: (absolute path, LSP FileChangeType)."""
        self._worker.send(["files", [[path, kind] for path, kind in changes]])

    def edited(self, edits: Sequence[HistoryEdit], now: float) -> None:
        """The recent edits that stand, newest last (`History.standing(16)`), in place of those told before. `now`
        is of the clock that the history was given."""
        rows = []
        for edit in edits:
            if len(edit.removed) + len(edit.added) <= LONGEST_CHANGE:
                hunk = edit.lines
                rows.append([edit.uri, hunk.start, list(hunk.old), list(hunk.new), round(now - edit.ended, 1)])
        message: wire.Message = ["edited", rows]
        if message != self._edited:
            self._edited = message
            self._worker.send(message)

    async def suggest(
        self,
        uri: str,
        line: int,
        col: int,
        *,
        max: int = 1,
        min_confidence: float = LEAST_CONFIDENCE,
        timeout_s: float = 0.3,
    ) -> list[Proposal]:
        """What is due after the recent edits, with the cursor at (line, col in code points), the surest first;
        nothing when nothing is sure enough or in time. Other files than `uri` are possible."""
        found = await self._worker.ask("suggest", [uri, line, col, max, float(min_confidence)], timeout_s)
        return [Proposal(*row) for row in found or []]

    async def aclose(self) -> None:
        """Ends the worker and waits for it."""
        await self._worker.aclose()
        self._status = NextEditStatus("off", 0, "")

    def _told(self) -> list[wire.Message]:
        """What a new worker must hear first."""
        self._status = NextEditStatus("starting", 0, "")
        out = [self._scope]
        for uri, (path, language) in self._documents.items():
            text = self._text_of(uri) if self._text_of is not None else None
            if text is not None:
                out.append(["open", uri, path, language, text])
        return [*out, self._edited]

    def _ended(self, problem: str) -> None:
        self._status = NextEditStatus("failed", 0, problem)

    def _received(self, message: wire.Message) -> None:
        match message:
            case ["status", "indexing" | "ready" as state, int(files), str(problem)]:
                self._status = NextEditStatus(state, files, problem)

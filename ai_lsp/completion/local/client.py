"""The language server's side of the embedded predictor: what its worker is told and asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import platformdirs

from ai_lsp.completion.local.edits import LocalPrediction, LocalStatus
from ai_lsp.context import wire
from ai_lsp.context.settings import IndexSettings
from ai_lsp.context.worker_process import WorkerProcess
from ai_lsp.text.edit import LineEdit

__all__ = ["LocalPrediction", "LocalPredictor", "LocalStatus"]


class LocalPredictor:
    """One worker process and what must be told to its successor should it die."""

    def __init__(self, cache_dir: Path | None = None, text_of: Callable[[str], str | None] | None = None) -> None:
        """`cache_dir`: where indexes are kept, by default the user's cache. `text_of`: the present text of an
        open document, asked when a new worker must be told; without it a restart forgets open documents."""
        self._base = cache_dir if cache_dir is not None else Path(platformdirs.user_cache_dir("ai-lsp")) / "local"
        self._text_of = text_of
        self._scope: wire.Message = []
        self._documents: dict[str, tuple[str | None, str]] = {}
        self._status = LocalStatus("off", 0, 0, "")
        self._worker = WorkerProcess(
            "ai_lsp.completion.local.worker", "local-predictor", self._told, self._received, self._ended
        )

    @property
    def status(self) -> LocalStatus:
        """Where the predictor stands."""
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

        `patterns` in .gitignore's syntax name files that are not learned from, at most `most_files` files are,
        and only with `keep` does the index outlive the session on disk.
        """
        self._scope = ["start", str(self._base) if keep else "", list(roots), list(patterns), most_files]
        if self._worker.is_kept:
            self._worker.send(self._scope)
        else:
            self._status = LocalStatus("starting", 0, 0, "")
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

    async def predict(
        self,
        uri: str,
        line: int,
        col: int,
        *,
        min_confidence: float,
        max_lines: int = 1,
        timeout_s: float = 0.2,
        hide_words: bool = False,
    ) -> LocalPrediction | None:
        """What would be typed at (line, col in code points); None when nothing is sure enough or in time.

        `hide_words`: not the mere rest of a word that the open file holds, which any word menu would give.
        """
        question = [uri, line, col, min_confidence, max_lines, hide_words]
        found = await self._worker.ask("predict", question, timeout_s)
        return None if found is None else LocalPrediction(*found)

    async def aclose(self) -> None:
        """Ends the worker and waits for it."""
        await self._worker.aclose()
        self._status = LocalStatus("off", 0, 0, "")

    def _told(self) -> list[wire.Message]:
        """What a new worker must hear first."""
        self._status = LocalStatus("starting", 0, 0, "")
        out = [self._scope]
        for uri, (path, language) in self._documents.items():
            text = self._text_of(uri) if self._text_of is not None else None
            if text is not None:
                out.append(["open", uri, path, language, text])
        return out

    def _ended(self, problem: str) -> None:
        self._status = LocalStatus("failed", 0, 0, problem)

    def _received(self, message: wire.Message) -> None:
        match message:
            case ["status", "indexing" | "ready" as state, int(files), int(tokens), str(problem)]:
                self._status = LocalStatus(state, files, tokens, problem)

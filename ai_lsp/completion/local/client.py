"""The language server's side of the embedded predictor: starts its process, feeds it, asks it, restarts it.

Nothing here blocks the event loop, and nothing heavy is imported. Messages keep their order, so a prediction sees
every change sent before it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import platformdirs

from ai_lsp.completion.local import wire
from ai_lsp.completion.local.edits import LineEdit, LocalPrediction, LocalStatus
from ai_lsp.context.settings import IndexSettings

__all__ = ["LineEdit", "LocalPrediction", "LocalPredictor", "LocalStatus"]

log = logging.getLogger(__name__)

_PAUSES_S = (0.1, 0.5, 2.0, 10.0, 60.0)  # before each next start after a death
_HEALTHY_S = 30.0  # a worker that lived so long starts the pauses anew
_BACKLOG = 128 << 20  # unsent bytes at which a worker counts as stuck


class LocalPredictor:
    """One worker process and what must be told to its successor should it die."""

    def __init__(self, cache_dir: Path | None = None, text_of: Callable[[str], str | None] | None = None) -> None:
        """`cache_dir`: where indexes are kept, by default the user's cache. `text_of`: the present text of an
        open document, asked when a new worker must be told; without it a restart forgets open documents."""
        self._base = cache_dir if cache_dir is not None else Path(platformdirs.user_cache_dir("ai-lsp")) / "local"
        self._text_of = text_of
        self._scope: wire.Message | None = None
        self._documents: dict[str, tuple[str | None, str]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._answers: dict[int, asyncio.Future[list[Any] | None]] = {}
        self._number = 0
        self._status = LocalStatus("off", 0, 0, "")

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
        if self._keeper is None or self._keeper.done():
            self._status = LocalStatus("starting", 0, 0, "")
            self._keeper = asyncio.create_task(self._keep(), name="local-predictor")
        else:
            self._send(self._scope)

    def opened(self, uri: str, path: str | None, language_id: str, text: str) -> None:
        """A document was opened with this text."""
        self._documents[uri] = (path, language_id)
        self._send(["open", uri, path, language_id, text])

    def changed(self, uri: str, edits: Sequence[LineEdit]) -> None:
        """A document was changed; edits apply one after another."""
        rows = [[e.start_line, e.start_col, e.end_line, e.end_col, e.text] for e in edits]
        self._send(["change", uri, rows])

    def closed(self, uri: str) -> None:
        """A document was closed; its file counts again."""
        self._documents.pop(uri, None)
        self._send(["close", uri])

    def files_changed(self, changes: Sequence[tuple[str, int]]) -> None:
        """Files changed on disk: (absolute path, LSP FileChangeType)."""
        self._send(["files", [[path, kind] for path, kind in changes]])

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
        if self._process is None:
            return None
        self._number += 1
        number = self._number
        future: asyncio.Future[list[Any] | None] = asyncio.get_running_loop().create_future()
        self._answers[number] = future
        self._send(["predict", number, uri, line, col, min_confidence, max_lines, hide_words])
        try:
            found = await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            self._send(["drop", number])
            return None
        except asyncio.CancelledError:
            self._send(["drop", number])
            raise
        finally:
            self._answers.pop(number, None)
        return None if found is None else LocalPrediction(*found)

    async def aclose(self) -> None:
        """Ends the worker and waits for it."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
        self._status = LocalStatus("off", 0, 0, "")

    # ---- the process ------------------------------------------------------------------------
    def _send(self, message: wire.Message) -> None:
        """Hands a message to the loop's own buffer; without a worker it is dropped (a new one is told anew)."""
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return
        process.stdin.write(wire.pack(message))
        if process.stdin.transport.get_write_buffer_size() > _BACKLOG:
            process.kill()

    async def _keep(self) -> None:
        """Keeps one worker alive."""
        loop = asyncio.get_running_loop()
        deaths = 0
        while True:
            began = loop.time()
            problem = await self._live()
            if loop.time() - began > _HEALTHY_S:
                deaths = 0
            pause = _PAUSES_S[min(deaths, len(_PAUSES_S) - 1)]
            deaths += 1
            log.warning("the embedded predictor ended (%s); next start in %.1f s", problem, pause)
            self._status = LocalStatus("failed", 0, 0, problem)
            await asyncio.sleep(pause)

    async def _live(self) -> str:
        """One worker's life; returns why it ended."""
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "ai_lsp.completion.local.worker",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        except OSError as error:
            return f"could not start: {error.strerror}"
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdin is not None
        complaints = asyncio.create_task(_last_line(process.stderr), name="local-predictor-stderr")
        try:
            self._process = process
            self._status = LocalStatus("starting", 0, 0, "")
            assert self._scope is not None
            self._send(self._scope)
            self._tell_documents()
            await self._listen(process.stdout)
            await process.wait()
            return await complaints or f"exit status {process.returncode}"
        finally:
            self._process = None
            for future in self._answers.values():
                if not future.done():
                    future.set_result(None)
            process.stdin.close()
            if process.returncode is None:
                process.kill()
                await asyncio.shield(process.wait())
            complaints.cancel()

    def _tell_documents(self) -> None:
        for uri, (path, language) in self._documents.items():
            text = self._text_of(uri) if self._text_of is not None else None
            if text is not None:
                self._send(["open", uri, path, language, text])

    async def _listen(self, stdout: asyncio.StreamReader) -> None:
        try:
            while True:
                (size,) = wire.LENGTH.unpack(await stdout.readexactly(wire.LENGTH.size))
                if size > wire.LARGEST:
                    return
                self._received(wire.unpack(await stdout.readexactly(size)))
        except (asyncio.IncompleteReadError, wire.BrokenWireError, ConnectionError):
            return

    def _received(self, message: wire.Message) -> None:
        match message:
            case ["answer", int(number), answer]:
                future = self._answers.get(number)
                if future is not None and not future.done():
                    future.set_result(answer)
            case ["status", "indexing" | "ready" as state, int(files), int(tokens), str(problem)]:
                self._status = LocalStatus(state, files, tokens, problem)


async def _last_line(stream: asyncio.StreamReader) -> str:
    """The last line written to a stream, read to its end."""
    last = b""
    while part := await stream.read(4096):
        last = (last + part)[-2000:]
    lines = last.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""

"""Keeps what prompts were made of, when the user wants it: on this machine, without secrets, pruned."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from ai_lsp import __version__
from ai_lsp.context.ledger import ledger_file
from ai_lsp.context.recording import LARGEST_DOCUMENT, Recordable, Writer
from ai_lsp.context.settings import RecordingSettings

if TYPE_CHECKING:
    from ai_lsp.context.screening import Disguise

log = logging.getLogger(__name__)

MOST_WAITING = 64
"""Prompts that wait to be written; more are passed over."""

LARGEST_FILE = 8_000_000
"""Bytes; then a new recording is begun."""


def recordings_folder() -> Path:
    """Where recordings are, or would be: beside the ledger."""
    return ledger_file().parent / "recordings"


class Recorder:
    """One thread that screens and writes. `use` may be called at any time."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._settings = RecordingSettings()
        self._thread: ThreadPoolExecutor | None = None
        self._waiting = 0
        self._path: Path | None = None
        self._writer = Writer(__version__)
        self._files = 0
        self._has_failed = False

    def use(self, settings: RecordingSettings) -> None:
        """The settings in force; old recordings are pruned."""
        self._settings = settings
        if settings.enabled:
            self._run(lambda: prune(recordings_folder(), settings, self._clock()))

    @property
    def is_on(self) -> bool:
        """Whether prompts are kept."""
        return self._settings.enabled

    def record(self, prompt: Recordable, disguise: Disguise | None) -> None:
        """Keep a prompt's inputs; never waits. Without `disguise` nothing is known of secrets: not kept."""
        if not self._settings.enabled or disguise is None or self._waiting >= MOST_WAITING:
            return
        if prompt.size <= LARGEST_DOCUMENT:
            self._waiting += 1
            self._run(lambda: self._write(prompt, disguise))

    def close(self) -> None:
        """Wait until all is written. Blocks on the disk."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown()

    def _run(self, work: Callable[[], object]) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "recorder")
        self._thread.submit(work)

    def _write(self, prompt: Recordable, disguise: Disguise) -> None:
        self._waiting -= 1
        hide = _Hiding(disguise)
        kept = prompt.hidden(hide)
        if kept is None:
            return
        try:
            path = self._file()
            lines = self._writer.lines(kept, self._clock(), len(hide.placeholders))
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
            with os.fdopen(handle, "ab") as file:
                file.write("".join(line + "\n" for line in lines).encode("utf-8", "surrogatepass"))
        except OSError as error:
            if not self._has_failed:
                log.warning("prompts cannot be recorded: %s", error.strerror or error)
            self._has_failed = True

    def _file(self) -> Path:
        """The recording to append to. A new one knows nothing of what the last one holds."""
        if self._path is None or not self._path.exists() or self._path.stat().st_size > LARGEST_FILE:
            folder = recordings_folder()
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            prune(folder, self._settings, self._clock())
            stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(self._clock()))
            self._files += 1
            self._path = folder / f"{stamp}-{os.getpid()}-{self._files}.jsonl"
            self._writer = Writer(__version__)
        return self._path


class _Hiding:
    """Puts placeholders in place of secrets and remembers which."""

    def __init__(self, disguise: Disguise) -> None:
        self._disguise = disguise
        self.placeholders: dict[str, str] = {}

    @property
    def used(self) -> bool:
        return bool(self.placeholders)

    def __call__(self, text: str) -> tuple[str, Sequence[tuple[int, int, int]]]:
        disguise = self._disguise
        found = disguise.scanner.find(text)
        if not found:
            return text, ()
        sizes = [(f.start, f.end, len(disguise.placeholder(text[f.start : f.end], f.kind))) for f in found]
        return disguise.hide(text, found, self.placeholders), sizes


def prune(folder: Path, settings: RecordingSettings, now: float) -> None:
    """Remove recordings that are too old, and the oldest ones while all together are too large."""
    found = []
    for path in folder.glob("*.jsonl"):
        with contextlib.suppress(OSError):
            about = path.lstat()
            found.append((about.st_mtime, about.st_size, path))
    found.sort(reverse=True)
    total = 0
    for at, size, path in found:
        total += size
        if now - at > settings.days * 86_400 or total > settings.max_mb * 1_000_000:
            with contextlib.suppress(OSError):
                path.unlink()

"""Texts shown in the user's editor that are no files of theirs: in a private folder, gone with the session."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from pathlib import Path


class Scratch:
    """A folder that only the user may read, made when first needed."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._numbers = itertools.count(1)

    async def write(self, name: str, text: str) -> str:
        """A new file whose name ends in `name`; returns its uri."""
        return await asyncio.to_thread(self._write, f"{next(self._numbers)}-{name}", text)

    def _write(self, name: str, text: str) -> str:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="ai-lsp-"))
        path = self._folder / name
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return path.as_uri()

    async def aclose(self) -> None:
        """Remove the folder."""
        if self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

"""The server's side of the reviewer's process: started when needed, every task bounded, a stuck one ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any

log = logging.getLogger(__name__)

TEXT_LIMIT_S = 20.0
"""Seconds for one file; what takes longer is given up and its process ended."""

FILES_LIMIT_S = 60.0
"""Seconds between two files of a larger review."""

_LINE_BYTES = 64 << 20


class ReviewFailed(Exception):
    """A review ended without an answer; the message says why in a sentence."""


class Reviewer:
    """One process that reviews, a task after another. `command` is replaced in tests."""

    def __init__(
        self, command: tuple[str, ...] = (sys.executable, "-P", "-m", "ai_lsp.diagnostics.worker")
    ) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._last_id = 0
        self._ended: list[asyncio.subprocess.Process] = []  # killed, and to be waited for at the end

    async def text(
        self, task: Mapping[str, Any], limit_s: float = TEXT_LIMIT_S, *, is_urgent_told: bool = False
    ) -> dict[str, Any]:
        """The `findings` of one text, its `changed` lines, and, where wanted, those of dangerous code and of hot
        spots as `urgent`. Raises ReviewFailed."""
        async for answer in self._ask({"op": "text", "task": task, "urgent": is_urgent_told}, limit_s):
            return answer
        return {}

    async def files(
        self, request: Mapping[str, Any], limit_s: float = FILES_LIMIT_S
    ) -> AsyncIterator[dict[str, Any]]:
        """An answer for each file as it is done, the first with `total`. Raises ReviewFailed."""
        async for answer in self._ask({"op": "files", **request}, limit_s):
            yield answer

    async def aclose(self) -> None:
        """End the process."""
        self._end()
        ended, self._ended = self._ended, []
        for process in ended:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2.0):
                    await process.wait()

    async def _ask(self, request: Mapping[str, Any], limit_s: float) -> AsyncIterator[dict[str, Any]]:
        async with self._turn:
            self._last_id += 1
            id = self._last_id
            is_over = False
            try:
                process = await self._running()
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(json.dumps({"id": id, **request}).encode("ascii") + b"\n")
                while not is_over:
                    async with asyncio.timeout(limit_s):
                        await process.stdin.drain()
                        line = await process.stdout.readline()
                    answer = _read(line, id)
                    is_over = bool(answer.get("done") or answer.get("failed"))
                    if answer.get("failed"):
                        raise ReviewFailed(str(answer["failed"]))
                    yield answer
            except TimeoutError:
                raise ReviewFailed(f"the review took longer than {limit_s:g} s and was given up") from None
            except (OSError, ValueError) as error:
                raise ReviewFailed(f"the reviewer's process failed: {error}") from error
            finally:
                if not is_over:  # whoever asks next must not read the rest of this answer
                    self._end()

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=_LINE_BYTES,
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        self._ended = [*(p for p in self._ended if p.returncode is None), process]
        if process.stdin is not None:
            process.stdin.close()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


def _read(line: bytes, id: int) -> dict[str, Any]:
    if not line:
        raise ReviewFailed("the reviewer's process ended before it answered")
    answer = json.loads(line)
    if not isinstance(answer, dict) or answer.get("id") != id:
        raise ReviewFailed("the reviewer's process answered something else")
    return answer

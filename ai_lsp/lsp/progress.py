"""Work that goes on while the user does: a `$/progress` bar each where the client draws them, and its button."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from ai_lsp.lsp.protocol import ClientRefused

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

log = logging.getLogger(__name__)

PATIENCE_S = 5.0
"""How long a client may take to say whether it will draw a bar; the work does not wait for that."""


class Progress:
    """One bar. Works the same, unseen, where the client draws none."""

    def __init__(self, session: Session, token: str, title: str) -> None:
        self.token = token
        self._session = session
        self._title = title
        self._text = ""
        self._is_shown = False
        self._is_over = False

    async def begin(self) -> None:
        """Ask the client for the bar and draw it with what was reported meanwhile."""
        if not self._session.features.can_show_progress:
            return
        create = self._session.client.request
        try:
            await create("window/workDoneProgress/create", {"token": self.token}, timeout_s=PATIENCE_S)
        except (ClientRefused, TimeoutError):
            return
        if not self._is_over:
            self._is_shown = True
            self._send({"kind": "begin", "title": self._title, "cancellable": True, "message": self._text})

    def report(self, text: str, percentage: int | None = None) -> None:
        """Say how far the work is; `percentage` from 0 to 100 where it is known."""
        self._text = text
        if self._is_shown and not self._is_over:
            share = {} if percentage is None else {"percentage": percentage}
            self._send({"kind": "report", "cancellable": True, "message": text, **share})

    def end(self, text: str = "") -> None:
        """Take the bar away."""
        if self._is_shown and not self._is_over:
            self._send({"kind": "end", "message": text or self._text})
        self._is_over = True

    def _send(self, value: dict[str, Any]) -> None:
        self._session.client.notify("$/progress", {"token": self.token, "value": value})


Work = Callable[[Progress], Awaitable[str]]
"""Goes on under a bar and returns the words it ends with, "" for its last report."""


class Works:
    """The works under way in a session, each of which the user can cancel."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._numbers = itertools.count(1)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, title: str, work: Work) -> asyncio.Task[None]:
        """Start a work and return at once: what commands do, for some editors stand still until they return."""
        progress = Progress(self._session, f"ai-lsp/{next(self._numbers)}", title)
        task = self._session.spawn(title, self._run(progress, work))
        self._tasks[progress.token] = task
        task.add_done_callback(lambda _: self._ended(progress.token))
        self._session.touched()
        return task

    def _ended(self, token: str) -> None:
        self._tasks.pop(token, None)
        self._session.touched()

    @property
    def is_any(self) -> bool:
        """Whether something is under way."""
        return bool(self._tasks)

    def cancel(self, token: Any) -> None:
        """The user has pressed the bar's button; tokens of others are passed over."""
        if isinstance(token, str) and (task := self._tasks.get(token)) is not None:
            task.cancel()

    async def _run(self, progress: Progress, work: Work) -> None:
        opening = self._session.spawn("open a progress bar", progress.begin())
        try:
            progress.end(await work(progress))
        except asyncio.CancelledError:
            progress.end("cancelled")
            raise
        except Exception as error:  # the edge: the user waits for a word
            log.error("%s failed", progress.token, exc_info=error)
            progress.end("failed")
            self._session.say("ai-lsp: this did not work; the server's log says why.")
        finally:
            opening.cancel()

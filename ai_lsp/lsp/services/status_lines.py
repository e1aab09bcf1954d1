"""Status lines: clients that show one are told how the server is, and why it is off in a file, when that changes.

`aiLsp/didChangeStatus` `{state, reason, uri?}`: with `uri` it is about that document alone (`off` or `idle`),
without one about the server (`learning`, `idle`, `thinking`, `failing`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ai_lsp.completion.gate import about_file
from ai_lsp.completion.query import Query, Reason
from ai_lsp.lsp import status
from ai_lsp.lsp.services.service import Service
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

THINKING_S = 0.15
"""Seconds from which on an answer that is waited for is told: what comes at once would only flicker."""

LOOK_S = 0.05
"""Seconds from a change to the look at it: several are one."""

LEARNING_S = 0.5
"""Seconds between two looks while the workspace is learnt."""

State = tuple[str, str]


class StatusLines(Service):
    """Looks at the session a moment after something happened, and tells what is new."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._server: State = ("", "")
        self._off: dict[str, State] = {}
        self._to_look_at: set[str] = set()
        self._busy_since: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_over = False
        session.touched = self.touched

    def touched(self) -> None:
        """Something began or ended."""
        if self._busy_since is None and self._is_busy:
            self._busy_since = self.session.clock()
        self._look_in(LOOK_S)

    @property
    def _is_busy(self) -> bool:
        return self.session.is_busy or self.session.works.is_any

    def _look_in(self, seconds: float) -> None:
        if self._timer is None and self.session.features.shows_status and not self._is_over:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    # What happens

    def opened(self, document: DocumentSnapshot) -> None:
        self._off.pop(document.uri, None)
        self._to_look_at.add(document.uri)
        self._look_in(LOOK_S)

    def changed(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> None:
        self._to_look_at.add(after.uri)
        self._look_in(LOOK_S)

    def closed(self, uri: str) -> None:
        self._off.pop(uri, None)
        self._to_look_at.discard(uri)

    def settings_changed(self) -> None:
        self._to_look_at.update(document.uri for document in self.session.documents.all())
        self._look_in(LOOK_S)

    async def aclose(self) -> None:
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()

    # What is told

    def _look(self) -> None:
        self._timer = None
        if not self.session.is_started:
            self._look_in(LEARNING_S)
            return
        self._tell_server()
        self._to_look_at.update(self._snoozed())
        for uri in sorted(self._to_look_at):
            self._tell_document(uri)

    def _tell_server(self) -> None:
        facts = status.status(self.session)
        problem = next((p for route in facts["routes"].values() if (p := route.get("problem"))), "")
        now = self.session.clock()
        if not self._is_busy:
            self._busy_since = None
        elif self._busy_since is None:
            self._busy_since = now
        waited = now - self._busy_since if self._busy_since is not None else 0.0
        if problem:
            state = ("failing", str(problem))
        elif waited >= THINKING_S:
            state = ("thinking", "")
        elif facts["local"]["state"] == "failed":
            state = ("failing", str(facts["local"]["problem"]))
        elif not facts["ready"]:
            state = ("learning", f"{facts['local']['files']} files so far")
        else:
            state = ("idle", "")
        if state != self._server:
            self._server = state
            self.session.client.notify("aiLsp/didChangeStatus", {"state": state[0], "reason": state[1]})
        if state[0] == "learning":
            self._look_in(LEARNING_S)
        elif self._busy_since is not None and waited < THINKING_S:
            self._look_in(THINKING_S - waited)

    def _snoozed(self) -> list[str]:
        """Documents whose snooze may have ended: nothing else tells of that."""
        return [uri for uri, (_, reason) in self._off.items() if reason == Reason.SNOOZED.value]

    def _tell_document(self, uri: str) -> None:
        document = self.session.documents.get(uri)
        if document is None:
            self._to_look_at.discard(uri)
            return
        if not self.session.is_checked(uri):
            self._look_in(LOOK_S)
            return
        self._to_look_at.discard(uri)
        query = Query(document, 0, path=self.session.relative(uri))
        settings, moment = self.session.settings, self.session.moment(query)
        refused = about_file(
            query,
            settings.completion,
            is_off=not settings.routes.completion,
            is_ignored=self.session.is_ignored(uri),
            moment=moment,
        )
        reason = refused.reason.value if refused else Reason.SNOOZED.value if moment.snoozed_s > 0 else ""
        state = ("off" if reason else "idle", reason)
        if state != self._off.get(uri, ("idle", "")):
            self._off[uri] = state
            told = {"uri": uri, "state": state[0], "reason": reason}
            self.session.client.notify("aiLsp/didChangeStatus", told)

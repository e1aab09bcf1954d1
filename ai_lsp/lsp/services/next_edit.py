"""The next edit: `aiLsp/nextEdit` for clients that draw it, `ai-lsp.nextEdit` for those that do not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ai_lsp.edits.next_values import NextDeclined, NextQuery, NextReason, Offer
from ai_lsp.lsp import from_lsp
from ai_lsp.lsp.deliver import INFO, Consent, Ending, deliver, show
from ai_lsp.lsp.protocol import Request, Route
from ai_lsp.lsp.services import next_edit_wire as wire
from ai_lsp.lsp.services.next_edit_asking import NextEdits, Outcome
from ai_lsp.lsp.services.next_edit_hints import Hints
from ai_lsp.lsp.services.service import Command, Service
from ai_lsp.text.change import FileChange, WorkspaceChange
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

log = logging.getLogger(__name__)

Encode = Callable[[tuple[Offer, ...], DocumentSnapshot], Any]


class NextEditService(Service):
    """The handlers of the next edit; what it knows from one to the next is in `next_edits`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.next_edits = NextEdits(session)
        self.hints = Hints(session, self.next_edits)
        self.next_edits.on_news = self.hints.changed
        session.due = lambda query: self.next_edits.due(query) if self.hints.as_ghost_text else None
        self._in_flight: dict[str, tuple[Request, Any]] = {}

    def methods(self) -> Mapping[str, Route]:
        return {
            "aiLsp/nextEdit": Route(self.next_edit, _nothing),
            "textDocument/inlayHint": Route(self.inlay_hint, list),
        }

    def commands(self) -> Mapping[str, Command]:
        return {"ai-lsp.nextEdit": self.next_edit_command}

    # aiLsp/nextEdit

    def next_edit(self, params: Any, request: Request | None) -> Any:
        """At most as many suggestions as asked for; the list is empty where there is none."""

        def encode(offers: tuple[Offer, ...], asked: DocumentSnapshot) -> Any:
            return {"suggestions": [wire.suggestion(offer) for offer in offers[: wire.wanted(params)]]}

        return self.answer(params, request, encode, _nothing())

    def answer(self, params: Any, request: Request | None, encode: Encode, nothing: Any) -> Any:
        """Take the snapshot now and ask later. A newer request of a document ends the older one with `nothing`,
        which is also the answer to params that cannot be read: these requests never fail."""
        self.hints.asked_for()
        try:
            query = self._query(params)
        except from_lsp.InvalidParams as error:
            log.warning("a request for the next edit cannot be read: %s", error)
            return nothing
        if query is None:
            return nothing
        if (older := self._in_flight.pop(query.uri, None)) is not None:
            older[0].answer(older[1])
            older[0].stop()
        if request is not None:
            self._in_flight[query.uri] = (request, nothing)
        return self._answer(query, request, encode, nothing)

    def _query(self, params: Any) -> NextQuery | None:
        """What is asked about the text as it is now; None where that is not the text the client means."""
        uri = from_lsp.document_uri(params)
        snapshot, version = self.session.documents.get(uri), from_lsp.version_of(params, -1)
        if snapshot is not None and version in (-1, snapshot.version):
            return wire.next_query(params, snapshot, self.session.relative(uri))
        reason = NextReason.UNKNOWN_DOCUMENT if snapshot is None else NextReason.UNKNOWN_VERSION
        self.next_edits.last = Outcome(uri, NextDeclined(reason), self.session.clock(), 0.0)
        return None

    async def _answer(self, query: NextQuery, request: Request | None, encode: Encode, nothing: Any) -> Any:
        try:
            answer = await self.next_edits.suggest(query)
        finally:
            if (known := self._in_flight.get(query.uri)) is not None and known[0] is request:
                del self._in_flight[query.uri]
        return nothing if isinstance(answer, NextDeclined) else encode(answer, query.snapshot)

    # ai-lsp.nextEdit

    def next_edit_command(self, arguments: list[Any]) -> None:
        """Jump to the next edit; where the cursor is there already, apply it. With an offer's id, apply that one.
        Returns at once."""
        offer = self.next_edits.offer(str(arguments[0])) if arguments else None
        self.session.spawn("next edit", self._jump_or_apply() if offer is None else self._apply(offer))

    async def _jump_or_apply(self) -> None:
        cursor = self.next_edits.cursor
        snapshot = self.session.documents.get(cursor.uri) if cursor is not None else None
        if cursor is None or snapshot is None:
            self._say("ai-lsp: edit something first; the next edit goes by that")
            return
        query = NextQuery(snapshot, min(cursor.offset, len(snapshot)), self.session.relative(cursor.uri))
        answer = await self.next_edits.suggest(query)
        if isinstance(answer, NextDeclined):
            self._say(f"ai-lsp: no next edit. {str(answer)[:1].upper()}{str(answer)[1:]}")
            return
        offer = answer[0]
        proposal = offer.proposal
        is_here = proposal.uri == query.uri and proposal.line == snapshot.line_at(query.offset)
        if is_here and proposal.kind == "edit":
            await self._apply(offer)
        else:
            await self._jump(offer)

    async def _jump(self, offer: Offer) -> None:
        proposal, span = offer.proposal, offer.proposal.edit.span
        if await show(self.session, proposal.uri, proposal.snapshot, span):
            self.next_edits.moved_to(proposal.uri, span.start)
            if proposal.kind == "jump":
                self.next_edits.accept(offer.id)
            self.hints.changed(pause_s=0.0)  # what is due is seen from another place now
        else:
            place = f"{self.session.relative(proposal.uri)}:{proposal.line + 1}"
            self._say(f"ai-lsp: the next edit is at {place}")

    async def _apply(self, offer: Offer) -> None:
        proposal = offer.proposal
        file = FileChange(proposal.snapshot, (proposal.edit,), is_open=proposal.is_open)
        done = await deliver(self.session, WorkspaceChange("Next edit", (file,)), Consent.GIVEN)
        if done.ending is Ending.APPLIED:
            self.next_edits.accept(offer.id)
            self.hints.changed(pause_s=0.0)  # nobody types: what follows is wanted now
        elif done.detail:
            self._say(f"ai-lsp: {done.detail}")

    def _say(self, text: str) -> None:
        self.session.say(text, INFO)

    # Hooks

    def code_actions(
        self, document: DocumentSnapshot, span: Span, context: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        return self.hints.actions(document, span, context)

    def inlay_hint(self, params: Any, request: Request | None) -> Any:
        """The hint of the next edit, for clients that were told to show it so."""
        document = self.session.documents.get(from_lsp.document_uri(params))
        return [] if document is None else self.hints.inlay(document)

    def accepted(self, id: str) -> bool:
        return self.next_edits.accept(id)

    def rejected(self, id: str) -> bool:
        return self.next_edits.reject(id)

    def why(self) -> tuple[float, str] | None:
        return self.next_edits.why()

    def opened(self, document: DocumentSnapshot) -> None:
        self.next_edits.opened(document)

    def changed(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> None:
        self.next_edits.changed(before, edits, after)
        self.hints.changed()

    def files_changed(self, paths: Sequence[tuple[str, int]]) -> None:
        self.next_edits.engine.files_changed(paths)
        changed = {path for path, _ in paths}

        def is_gone(uri: str) -> bool:
            path = from_lsp.path_of(uri) or ""
            return path in changed or any(path.startswith(f"{folder}/") for folder in changed)

        self.next_edits.files_changed(is_gone)

    def settings_changed(self) -> None:
        self.next_edits.engine.settings_changed()
        self.next_edits.taste.settings_changed()
        self.hints.settings_changed()

    async def aclose(self) -> None:
        await self.next_edits.engine.aclose()
        await self.next_edits.taste.aclose()

    def closed(self, uri: str) -> None:
        self.next_edits.closed(uri)
        self.hints.closed(uri)
        if (older := self._in_flight.pop(uri, None)) is not None:
            older[0].answer(older[1])
            older[0].stop()


def _nothing() -> Any:
    return {"suggestions": []}

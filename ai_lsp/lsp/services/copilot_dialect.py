"""The Copilot dialect: what existing plugins for that server ask of it, answered so that they work unchanged.

What each client sends and needs stands in tests/server/test_copilot_dialect.py. No sign-in exists here: whoever
asks is signed in already.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ai_lsp import __version__
from ai_lsp.completion.query import Query, Suggestion
from ai_lsp.edits.next_values import Offer
from ai_lsp.lsp import from_lsp, shown, status, to_lsp
from ai_lsp.lsp.protocol import Request, Route
from ai_lsp.lsp.services import next_edit_wire as wire
from ai_lsp.lsp.services.next_edit import NextEditService
from ai_lsp.lsp.services.service import Service
from ai_lsp.text.document import DocumentSnapshot

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

USER = "ai-lsp"
"""copilot.lua asks for nothing until `checkStatus` has named a user."""

STATUS_EVERY_S = 1.0

Answer = Mapping[str, Any] | str

ANSWERS: Mapping[str, Answer] = {
    "checkStatus": {"status": "OK", "user": USER},
    "signIn": {"status": "AlreadySignedIn", "user": USER},
    "signInInitiate": {"status": "AlreadySignedIn", "user": USER},
    "signInWithGithubToken": {"status": "AlreadySignedIn", "user": USER},
    "signInConfirm": {"status": "OK", "user": USER},
    "signOut": {"status": "NotSignedIn"},
    "getVersion": {
        "version": __version__,
        "buildType": "prod",
        "runtimeVersion": f"python/{platform.python_version()}",
    },
    "notifyShown": "OK",
}
"""Requests whose answer is always the same."""


class CopilotDialect(Service):
    """Everything that clients of the Copilot language server send and LSP does not have."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._has_plugin = False
        self._status: tuple[str, str] | None = None
        self._looked_at = 0.0

    def methods(self) -> Mapping[str, Route]:
        routes = {name: Route(_always(answer)) for name, answer in ANSWERS.items()}
        return routes | {
            "setEditorInfo": Route(self.set_editor_info),
            "textDocument/copilotInlineEdit": Route(self.inline_edit, _no_edits),
            "textDocument/didFocus": Route(self.did_focus),
            "textDocument/didShowCompletion": Route(_always(None)),
            "textDocument/didShowInlineEdit": Route(_always(None)),
            "textDocument/didPartiallyAcceptCompletion": Route(self.did_partially_accept),
            "getCompletions": Route(self.get_completions, _no_completions),
            "getCompletionsCycling": Route(self.get_completions_cycling, _no_completions),
            "notifyAccepted": Route(self.notify_accepted),
            "notifyRejected": Route(self.notify_rejected),
            "notifyNextEditRejected": Route(self.notify_rejected),
        }

    # The next edit

    def inline_edit(self, params: Any, request: Request | None) -> Any:
        """One edit of the document asked about, never null and never an error."""

        def encode(offers: tuple[Offer, ...], asked: DocumentSnapshot) -> Any:
            fitting = (o for o in offers if o.proposal.kind == "edit" and o.proposal.snapshot is asked)
            return {"edits": [_inline_edit(offer, params) for offer in fitting][:1]}

        return self._next_edit().answer(params, request, encode, _no_edits())

    def did_focus(self, params: Any, request: Request | None) -> None:
        """`{textDocument: {uri}}`, or `{}` where nothing has the focus."""
        try:
            uri = from_lsp.document_uri(params)
        except from_lsp.InvalidParams:
            return
        if self.session.documents.get(uri) is not None:
            self._next_edit().next_edits.focused(uri)

    def _next_edit(self) -> NextEditService:
        return next(each for each in self.session.services if isinstance(each, NextEditService))

    # Completions as they were asked for before LSP had a method

    def get_completions(self, params: Any, request: Request | None) -> Any:
        return self._completions(params, request, is_invoked=False)

    def get_completions_cycling(self, params: Any, request: Request | None) -> Any:
        return self._completions(params, request, is_invoked=True)

    def _completions(self, params: Any, request: Request | None, *, is_invoked: bool) -> Any:
        """`{doc: {uri, version, position}}`; the newer clients send `textDocument` and `position` beside it."""
        raw = from_lsp.mapping(params)
        doc = raw.get("doc") if isinstance(raw.get("doc"), Mapping) else raw.get("textDocument")
        doc = from_lsp.mapping(doc, "doc")
        snapshot = self.session.documents.get(str(doc.get("uri")))
        version = doc.get("version")
        # copilot.lua sends Neovim's changedtick, which runs ahead of `didOpen`'s version until the first change.
        if snapshot is None or (isinstance(version, int) and version < snapshot.version):
            return _no_completions()
        offset = from_lsp.offset_at(snapshot, doc.get("position") or raw.get("position"))
        query = Query(snapshot, offset, is_invoked, None, self.session.relative(snapshot.uri))
        return self._complete(query, self.session.suggest(query, request))

    async def _complete(self, query: Query, work: Callable[[], Any]) -> Any:
        found = await work()
        return {"completions": [_completion(found)]} if found is not None else _no_completions()

    def did_partially_accept(self, params: Any, request: Request | None) -> None:
        """`{item, acceptedLength}`: UTF-16 units from the start of `insertText`; the item's command names it."""
        raw = from_lsp.mapping(params)
        item, length = raw.get("item"), raw.get("acceptedLength")
        command = item.get("command") if isinstance(item, Mapping) else None
        arguments = command.get("arguments") if isinstance(command, Mapping) else None
        if isinstance(arguments, list) and arguments and isinstance(length, int):
            self.session.shown.partial(str(arguments[0]), length)

    def notify_accepted(self, params: Any, request: Request | None) -> str:
        raw = from_lsp.mapping(params)
        shown.accept(self.session, str(raw.get("uuid", "")))
        return "OK"

    def notify_rejected(self, params: Any, request: Request | None) -> str:
        """`{uuids: […]}`, or `{uuid}` for the next edit."""
        raw = from_lsp.mapping(params)
        several = raw.get("uuids")
        for id in several if isinstance(several, list) else [raw.get("uuid")]:
            shown.reject(self.session, str(id))
        return "OK"

    # Who is there, and how the server is

    def set_editor_info(self, params: Any, request: Request | None) -> str:
        self._has_plugin = True
        self._tell_status()
        return "OK"

    def settings_changed(self) -> None:
        self._tell_status()

    def changed(self, before: DocumentSnapshot, edits: Any, after: DocumentSnapshot) -> None:
        now = self.session.clock()
        if now - self._looked_at >= STATUS_EVERY_S:
            self._looked_at = now
            self._tell_status()

    def _tell_status(self) -> None:
        """Only plugins of the dialect know these notifications; they are sent where something has changed."""
        if not (self._has_plugin or self.session.features.plugin):
            return
        facts = status.status(self.session)
        message = str(facts["inactive"] or "")
        failing = any(route.get("problem") for route in facts["routes"].values())
        kind = "Warning" if failing else "Inactive" if message else "Normal"
        if (kind, message) == self._status:
            return
        self._status = (kind, message)
        state = {"busy": False, "kind": kind, "message": message}
        self.session.client.notify("didChangeStatus", state)
        self.session.client.notify("statusNotification", state | {"status": kind})


def _always(answer: Answer | None) -> Callable[[Any, Request | None], Any]:
    return lambda params, request: answer


def _no_edits() -> Any:
    return {"edits": []}


def _no_completions() -> Any:
    return {"completions": []}


def _inline_edit(offer: Offer, params: Any) -> dict[str, Any]:
    """An edit as the three clients of the dialect take it. Lines end in `\\n`: copilot.el inserts the text as it
    is, and Neovim writes the file's own line ends by itself."""
    proposal = wire.whole_lines(offer.proposal)
    span = proposal.edit.span
    document = params["textDocument"]
    return {
        "text": proposal.edit.new_text.replace("\r\n", "\n"),
        "range": to_lsp.lsp_range(proposal.snapshot, span.start, span.end),
        "textDocument": {"uri": document["uri"], "version": document.get("version", proposal.snapshot.version)},
        "command": wire.command(offer),
    }


def _completion(found: Suggestion) -> dict[str, Any]:
    """A completion whose text is the whole line: copilot.vim up to 1.26 discards others."""
    item = to_lsp.inline_items(found, whole_line=True)["items"][0]
    return {
        "uuid": found.id,
        "text": item["insertText"],
        "displayText": found.text,
        "position": to_lsp.position(found.snapshot, found.offset),
        "range": item["range"],
        "docVersion": found.snapshot.version,
    }

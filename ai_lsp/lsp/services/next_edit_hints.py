"""The next edit in editors that cannot draw one: a hint where it is, and a quick fix that makes it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ai_lsp.edits.next_values import NextDeclined, NextQuery, Offer, Proposal
from ai_lsp.edits.staging import moved
from ai_lsp.lsp.actions import QUICK_FIX, command_action
from ai_lsp.lsp.services.next_edit_asking import NextEdits
from ai_lsp.lsp.to_lsp import lsp_range, position
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Span

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

OWNER = "next-edit"
CODE = "next-edit"
COMMAND = "ai-lsp.nextEdit"

PAUSE_S = 0.4
"""After the last change; a hint that comes and goes while one types would be worse than none."""

FAR = 20
"""Lines from the cursor beyond which a hint is said to be there at the cursor too: it may be off the screen."""

HINT = 4
LONGEST = 60
INLAY: Mapping[str, Any] = {
    "id": "ai-lsp.inlay",
    "method": "textDocument/inlayHint",
    "registerOptions": {"documentSelector": [{"pattern": "**"}]},
}

HINTED: Mapping[str, str] = {
    "helix": "no next edit and no ghost text of a server (25.07)",
    "Eglot": "no request beyond LSP 3.17 (1.17)",
    "emacs": "lsp-mode 10.0 has ghost text and no next edit",
    "Zed": "predictions come from its own providers only (zed issue 27392)",
    "Kate": "no inline completion",
    "Sublime Text LSP": "no inline completion",
}
"""Clients that get a hint of their own accord, and what they lack; for others it is a setting."""


class Hints:
    """What stands as a hint at the moment, and when the next one is looked for."""

    def __init__(self, session: Session, next_edits: NextEdits) -> None:
        self._session = session
        self._next_edits = next_edits
        self._standing: Offer | None = None
        self._where = ""  # the document in which the hint stands
        self._looking: asyncio.Task[Any] | None = None
        self._draws = False
        self._has_inlay = False

    @property
    def kind(self) -> str:
        """ "diagnostic", "inlay" or "off", as the user or the client's abilities say."""
        wanted, features = self._session.settings.next_edit.hints, self._session.features
        if wanted != "auto":
            return wanted
        return (
            "diagnostic" if features.name in HINTED and not (self._draws or features.draws_next_edit) else "off"
        )

    @property
    def as_ghost_text(self) -> bool:
        """Whether what stands at the cursor goes out as ghost text: not where the client draws it anyway."""
        return not (self._draws or self._session.features.draws_next_edit)

    def asked_for(self) -> None:
        """The client asks for the next edit itself, and so draws it."""
        if not self._draws:
            self._draws = True
            self.clear()

    def settings_changed(self) -> None:
        """Inlay hints are registered when they are wanted: a client that must ask asks at every key."""
        if self.kind == "inlay" and not self._has_inlay:
            self._has_inlay = True
            ask = self._session.client.ask("client/registerCapability", {"registrations": [INLAY]}, 5.0)
            self._session.spawn("register inlay hints", ask)
        if self.kind == "off":
            self.clear()

    def changed(self, *, pause_s: float = PAUSE_S) -> None:
        """A document changed: a hint that is true no more goes at once, and after a pause one looks again."""
        document = self._session.documents.get(self._where)
        is_in_it = document is not None and self._standing is not None and self._standing.proposal.is_open
        if is_in_it and document is not None and self.standing(document) is None:
            self.clear()
        if self._looking is not None:
            self._looking.cancel()
        if self.kind != "off" or self.as_ghost_text:
            self._looking = self._session.spawn("hint at the next edit", self._look(pause_s))

    def closed(self, uri: str) -> None:
        """A document was closed, and its diagnostics with it."""
        if uri == self._where:
            self._standing, self._where = None, ""

    def clear(self) -> None:
        """Take the hint away."""
        if self._where:
            self._session.published.publish(OWNER, self._where, [])
        self._standing, self._where = None, ""

    async def _look(self, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        cursor = self._next_edits.cursor
        document = self._session.documents.get(cursor.uri) if cursor is not None else None
        if cursor is None or document is None:
            return
        query = NextQuery(document, min(cursor.offset, len(document)), self._session.relative(cursor.uri))
        # A model is not asked for what may never be seen.
        is_seen = self.kind != "off"
        answer = await self._next_edits.suggest(query, is_asked=False, may_ask_model=is_seen)
        if isinstance(answer, NextDeclined):
            self.clear()
        elif is_seen:
            self._show(answer[0], document, query.offset)

    def _show(self, offer: Offer, document: DocumentSnapshot, offset: int) -> None:
        """Hint at the place itself, or on the cursor's line where it is in another file."""
        uri = offer.proposal.uri if offer.proposal.is_open else document.uri
        if self._where not in ("", uri):
            self.clear()
        self._standing, self._where = offer, uri
        if self.kind == "inlay":
            self._session.spawn(
                "refresh inlay hints", self._session.client.ask("workspace/inlayHint/refresh", None, 5.0)
            )
            return
        now = self._session.documents.get(uri)
        if now is None:
            return
        there = now.line_at(offer.proposal.edit.span.start if offer.proposal.is_open else offset)
        hints = [_diagnostic(now, there, self.sentence(offer.proposal))]
        if uri == document.uri and abs(there - (here := now.line_at(min(offset, len(now))))) > FAR:
            hints.append(_diagnostic(now, here, f"Next edit in line {there + 1}: {_in_short(offer.proposal)}"))
        self._session.published.publish(OWNER, uri, hints, now.version)

    def sentence(self, proposal: Proposal) -> str:
        """What the hint says: the change in short, or where to go."""
        if not proposal.is_open:
            return (
                f"Next edit in {self._session.relative(proposal.uri)}:{proposal.line + 1}: {_in_short(proposal)}"
            )
        return f"Next edit: {_in_short(proposal)}"

    def standing(self, document: DocumentSnapshot) -> Proposal | None:
        """The hinted change in terms of a document as it is now; None where none stands in it."""
        if self._standing is None or self._where != document.uri:
            return None
        proposal = self._standing.proposal
        if not proposal.is_open:
            return proposal
        later = self._session.edits_since(proposal.snapshot)
        now = (
            None if later is None else moved(proposal, proposal.snapshot, later, document) if later else proposal
        )
        return now if isinstance(now, Proposal) else None

    def actions(
        self, document: DocumentSnapshot, span: Span, context: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        """The quick fix, on the lines of the hint."""
        if self.kind == "off" or (proposal := self.standing(document)) is None or self._standing is None:
            return ()
        sent = context.get("diagnostics")
        sent = [d for d in sent if isinstance(d, Mapping)] if isinstance(sent, list) else []
        mine = [d for d in sent if d.get("source") == "ai-lsp" and d.get("code") == CODE]
        first, last = document.line_at(span.start), document.line_at(span.end)
        is_here = proposal.is_open and first <= proposal.line <= last
        if not is_here and not mine:
            return ()
        by_model = proposal.origin == "model"
        if proposal.kind == "jump" or not proposal.is_open:
            place = f"{self._session.relative(proposal.uri)}:{proposal.line + 1}"
            title, arguments = f"Go to the next edit: {place}", []
        else:
            title, arguments = "Apply next edit", [self._standing.id]
        return [
            command_action(
                title,
                COMMAND,
                arguments,
                kind=QUICK_FIX,
                diagnostics=mine,
                is_preferred=True,
                is_by_model=by_model,
            )
        ]

    def inlay(self, document: DocumentSnapshot) -> list[dict[str, Any]]:
        """The hint as an inlay hint at the end of its line."""
        proposal = self.standing(document) if self.kind == "inlay" else None
        if proposal is None:
            return []
        end = document.line_span(document.line_at(proposal.edit.span.start) if proposal.is_open else 0).end
        label = f"⇥ {self.sentence(proposal)}"
        return [{"position": position(document, end), "label": label, "paddingLeft": True}]


def _diagnostic(document: DocumentSnapshot, line: int, message: str) -> dict[str, Any]:
    span = _visible(document, line)
    place = lsp_range(document, span.start, span.end)
    return {"range": place, "severity": HINT, "source": "ai-lsp", "code": CODE, "message": message}


def _visible(document: DocumentSnapshot, line: int) -> Span:
    """A line without the blanks around its text: an empty range would not be seen."""
    whole, text = document.line_span(line), document.line(line)
    start = whole.start + len(text) - len(text.lstrip())
    return Span(min(start, whole.end), max(start, whole.start + len(text.rstrip())))


def _in_short(proposal: Proposal) -> str:
    if proposal.kind == "jump":
        return f"something is due here ({proposal.why})"
    snapshot, span = proposal.snapshot, proposal.edit.span
    start, end = snapshot.line_span(proposal.line).start, snapshot.line_span(snapshot.line_at(span.end)).end
    new = snapshot.slice(start, span.start) + proposal.edit.new_text + snapshot.slice(span.end, end)
    lines = [line.strip() for line in new.split("\n") if line.strip()]
    if not new.strip() or ("\n" in proposal.removed and not proposal.edit.new_text.strip()):
        return f"delete {_cut(proposal.removed)}"
    return f"{_cut(lines[0])}{' …' if len(lines) > 1 else ''}"


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"

"""What the user's last edits have broken, found by the checkers while the user pauses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ai_lsp.diagnostics.shadow.verdict import ERROR, Reported
from ai_lsp.edits.faults import RECENT_S, fault, is_unfinished, may_break
from ai_lsp.edits.next_values import Proposal
from ai_lsp.edits.staging import Stage, key, moved
from ai_lsp.lsp.from_lsp import offset_at
from ai_lsp.lsp.services.next_edit_check import checking_of
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit
from ai_lsp.text.history import Kind

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

SWIFT_S, ALL_S = 0.06, 0.35
"""Seconds after the last change in which the swift checkers are asked, and all of them."""

WITHIN_S = 3.0
"""Nobody waits for them: what comes late is still of use."""

EDITS = 32
MOST = 40

Target = Callable[[str], Awaitable[tuple[DocumentSnapshot, bool] | None]]


class Faults:
    """The places where something does not fit any more. `told` is called when there are others than before."""

    def __init__(self, session: Session, target: Target, told: Callable[[str], None]) -> None:
        self._session = session
        self._target = target
        self._told = told
        self._looking: asyncio.Task[Any] | None = None
        self._warmed: set[str] = set()  # documents that the swift checkers have read
        self._has_begun = False
        self.stage = Stage()

    def changed(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> None:
        """A document changed: what is known moves along, and is looked for again when the user pauses."""
        self.stage = self.stage.moved(before, edits, after)
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        checking = checking_of(self._session)
        if checking is not None and checking.can_check(after.uri):
            if after.uri not in self._warmed and not self._session.is_ignored(after.uri):
                self._warmed.add(after.uri)
                checking.warm(after.uri, only_swift=True)
            self._looking = self._session.spawn("what the last edits broke", self._look(after.uri))

    def opened(self, document: DocumentSnapshot) -> None:
        """A document was opened."""
        self.stage = self.stage.opened(document)

    def closed(self, uri: str) -> None:
        """A document was closed."""
        self.stage = self.stage.without(uri)
        self._warmed.discard(uri)

    async def _look(self, uri: str) -> None:
        await asyncio.sleep(SWIFT_S)
        earlier = self._earlier()
        if not earlier:
            self.stage = Stage()
            return
        checking = checking_of(self._session)
        if checking is not None and not self._has_begun:
            self._has_begun = True
            checking.warm(uri)  # they start while the swift ones are asked
        await self._ask(uri, earlier, only_swift=True)
        await asyncio.sleep(ALL_S - SWIFT_S)
        await self._ask(uri, earlier, only_swift=False)

    def _earlier(self) -> dict[str, str]:
        """The texts of documents before the last edits, where those may have broken something."""
        session, now = self._session, self._session.clock()
        oldest: dict[str, DocumentSnapshot] = {}
        newest: dict[str, DocumentSnapshot] = {}
        is_due = False
        for each in reversed(session.history.recent(EDITS)):
            if each.kind is Kind.BULK or now - each.ended > RECENT_S:
                break
            newest.setdefault(each.uri, each.after)
            oldest[each.uri] = each.before
            is_due = is_due or may_break(each)
        kept = {}
        for uri, before in oldest.items():
            document = session.documents.get(uri)
            is_known = document is not None and document.serial == newest[uri].serial
            if is_known and not session.is_ignored(uri):
                kept[uri] = before.text
        return kept if is_due else {}

    async def _ask(self, uri: str, earlier: Mapping[str, str], *, only_swift: bool) -> None:
        checking = checking_of(self._session)
        if checking is None:
            return
        asked = {document.uri: document for document in self._session.documents.all()}
        verdict, closed = await checking.brought_up(earlier, WITHIN_S, only_swift=only_swift)
        errors = [each for each in verdict.introduces if each.severity == ERROR]
        if any(is_unfinished(each.code, each.message) for each in errors):
            errors = []
        found = [p for each in errors[:MOST] if (p := await self._place(each, asked, closed)) is not None]
        if only_swift:  # what the others said before holds until they are asked again
            found += [each for each in self.stage.waiting if key(each) not in {key(p) for p in found}]
        known = {key(each) for each in self.stage.waiting}
        self.stage = Stage(tuple(found))
        if any(key(each) not in known for each in found):
            self._told(uri)

    async def _place(
        self, each: Reported, asked: Mapping[str, DocumentSnapshot], closed: Mapping[str, str]
    ) -> Proposal | None:
        """An error's place in the text as it is now; None where the user has written there since, or just now."""
        session = self._session
        at = {"line": each.line, "character": each.column}
        snapshot = asked.get(each.uri)
        if snapshot is None:
            target = await self._target(each.uri)
            if target is None or target[1] or target[0].text != closed.get(each.uri):
                return None
            return fault(target[0], offset_at(target[0], at), each.message, is_open=False)
        now, later = session.documents.get(each.uri), session.edits_since(snapshot)
        if now is None or later is None or session.is_ignored(each.uri) or self._is_own(each):
            return None
        place = fault(snapshot, offset_at(snapshot, at), each.message)
        found = moved(place, snapshot, later, now) if later else place
        return found if isinstance(found, Proposal) else None

    def _is_own(self, each: Reported) -> bool:
        """Whether an error stands in the lines of the last edit itself, which the user has before their eyes."""
        last = self._session.history.recent(1)
        if not last or last[0].uri != each.uri:
            return False
        hunk = last[0].lines
        return hunk.start <= each.line < hunk.start + max(1, len(hunk.new))

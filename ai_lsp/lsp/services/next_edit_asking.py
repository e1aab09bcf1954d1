"""What the next edit keeps from one request to the next, and how a request becomes a question to the core."""

from __future__ import annotations

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ai_lsp.completion.query import Due, Query
from ai_lsp.context.workspace_files import may_suggest_in, read_source
from ai_lsp.edits.at_cursor import inserted_at
from ai_lsp.edits.faults import renames
from ai_lsp.edits.next_edit import NextWorld, next_edit
from ai_lsp.edits.next_formats.table import MARKS
from ai_lsp.edits.next_values import NextDeclined, NextQuery, NextReason, Offer, Problem, Proposal
from ai_lsp.edits.rejections import UNWANTED, Rejections
from ai_lsp.edits.staging import Stage, at_hand_in, moved
from ai_lsp.edits.validation import Facts
from ai_lsp.lsp.from_lsp import path_of
from ai_lsp.lsp.services.next_edit_check import check_of
from ai_lsp.lsp.services.next_edit_engine import EngineFeed
from ai_lsp.lsp.services.next_edit_faults import Faults
from ai_lsp.lsp.services.next_edit_models import NextModels
from ai_lsp.lsp.services.next_edit_taste import Taste
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, map_offset
from ai_lsp.text.history import HistoryEdit

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

REMEMBERED = 128
"""Offers whose acceptance can still be told."""

HISTORY = 64
"""Edits that a proposal is held against."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the last request ended, for `ai-lsp.why`."""

    uri: str
    answer: tuple[Offer, ...] | NextDeclined
    at: float
    took_ms: float


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the user is, as far as the editor has told."""

    uri: str
    offset: int


class NextEdits:
    """The next edit of one session: what waits, what was dismissed, what was offered, where the cursor is."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.engine = EngineFeed(session)
        self.models = NextModels(session)
        self.stage = Stage()
        self.rejections = Rejections()
        self.visited = Stage()  # jumps that were followed
        self.faults = Faults(session, self._target, self._on_fault)
        self.taste = Taste(session)
        self.on_news: Callable[[], None] = lambda: None
        self.cursor: Cursor | None = None
        self.last: Outcome | None = None
        self.accepted = 0
        self._said_after: HistoryEdit | None = None  # the last edit before what waits was said
        self._offers: OrderedDict[str, Offer] = OrderedDict()
        self._places: dict[str, int] = {}  # where the cursor was last in each document
        self._problems: dict[str, tuple[Problem, ...]] = {}
        self._ids = itertools.count(1)

    # Asking

    async def suggest(
        self, query: NextQuery, *, is_asked: bool = True, may_ask_model: bool = True
    ) -> tuple[Offer, ...] | NextDeclined:
        """The next edits of a query, best first; remembered by id for their acceptance. `ai-lsp.why` speaks only
        of what the client or the user has asked for."""
        session, began = self.session, self.session.clock()
        self.moved_to(query.uri, query.offset)
        query = replace(query, problems=self._new_problems(query))
        answer: tuple[Offer, ...] | NextDeclined = NextDeclined(NextReason.CANCELLED)
        try:
            if not session.is_checked(query.uri):
                await session.checked(query.uri)
            await self._look_at_files()
            world = self._world(query)
            answer = await next_edit(query, world if may_ask_model else replace(world, model=None))
        finally:
            now = session.clock()
            if is_asked:
                self.last = Outcome(query.uri, answer, now, (now - began) * 1000)
                if not isinstance(answer, NextDeclined):
                    self.taste.shown(answer[0])
        if not isinstance(answer, NextDeclined):
            self._remember(answer)
            best = answer[0].proposal
            if may_ask_model and not any(
                p.uri == best.uri and p.origin == "model" for p in self.stage.waiting if p != best
            ):
                self.models.look_ahead(query, best, session.history.recent(HISTORY))
        return answer

    def _world(self, query: NextQuery) -> NextWorld:
        session = self.session
        recent = session.history.recent(HISTORY)
        model = self.models.asker(recent)
        return NextWorld(
            settings=session.settings.next_edit,
            is_off=not session.settings.routes.next_edit,
            is_ignored=session.is_ignored(query.uri),
            engine=self.engine,
            model=model,
            check=check_of(session, query.uri, has_model=model is not None),
            target=self._target,
            edits_since=session.edits_since,
            current=session.documents.get,
            new_id=lambda: f"next-{next(self._ids)}",
            facts=Facts(recent, session.clock(), MARKS),
            stage=self._standing_stage(recent),
            engine_silence=lambda: self.engine.silence,
            rejections=self.rejections,
            visited=self.visited.waiting,
            calibrated=self.taste.confidence,
            faults=self.faults.stage.waiting,
            renamed=renames(recent),
            has_history=bool(recent),
        )

    def _standing_stage(self, recent: Sequence[HistoryEdit]) -> Stage:
        """What waits. What the engine said before the last edit may have been about a name not finished yet: the
        engine says it anew."""
        if recent and recent[-1] is self._said_after:
            return self.stage
        return Stage(tuple(each for each in self.stage.waiting if each.origin != "local"), self.stage.lost)

    async def _look_at_files(self) -> None:
        """Drop what was said of a file that is gone or reads otherwise by now; not every editor tells of that."""
        waiting = (*self._standing_stage(self.session.history.recent(1)).waiting, *self.faults.stage.waiting)
        closed = {each.uri: each for each in waiting if not each.is_open}
        for uri, proposal in closed.items():
            target = await self._target(uri)
            if target is None or (not target[1] and target[0].text != proposal.snapshot.text):
                self.files_changed(uri.__eq__)

    def files_changed(self, is_gone: Callable[[str], bool]) -> None:
        """Files that are not open have changed, or are gone: those whose uri is one of them."""
        self.stage = self.stage.without_files(is_gone)
        self.visited = self.visited.without_files(is_gone)
        self.faults.stage = self.faults.stage.without_files(is_gone)

    async def _target(self, uri: str) -> tuple[DocumentSnapshot, bool] | None:
        """A document's text and that it is open, or a file's; None where it may not be read."""
        session = self.session
        if session.documents.get(uri) is not None:
            await session.checked(uri)
            document = session.documents.get(uri)
            return None if document is None or session.is_ignored(uri) else (document, True)
        path = path_of(uri)
        if path is None:
            return None
        text = await asyncio.to_thread(_readable, path, session.roots, session.settings.privacy.ignore)
        return None if text is None else (DocumentSnapshot(uri, 0, "", text), False)

    def _new_problems(self, query: NextQuery) -> tuple[Problem, ...]:
        """Errors that the request brings and the one before it did not, away from the cursor, nearest first."""
        known = self._problems.get(query.uri)
        self._problems[query.uri] = query.problems
        if known is None:
            return ()
        before = {problem.message for problem in known}
        new = [p for p in query.problems if p.is_error and p.message not in before]
        line_at, here = query.snapshot.line_at, query.snapshot.line_at(query.offset)
        new = [p for p in new if line_at(p.span.start) != here]
        return tuple(sorted(new, key=lambda p: abs(p.span.start - query.offset)))

    def _remember(self, offers: Sequence[Offer]) -> None:
        recent = self.session.history.recent(1)
        self.stage = self._standing_stage(recent).put(offer.proposal for offer in offers)
        self._said_after = recent[-1] if recent else None
        for offer in offers:
            self._keep(offer)

    def _on_fault(self, uri: str) -> None:
        """The checkers have found something that the last answer did not know."""
        document = self.session.documents.get(uri)
        if document is not None and self.session.features.draws_next_edit:
            about = {"textDocument": {"uri": uri, "version": document.version}}
            self.session.client.notify("aiLsp/nextEditReady", about)
        self.on_news()

    def _keep(self, offer: Offer) -> None:
        self._offers[offer.id] = offer
        while len(self._offers) > REMEMBERED:
            self._offers.popitem(last=False)

    def due(self, query: Query) -> Due | None:
        """What waits for the cursor of a completion and only inserts text there."""
        least, now = self.session.settings.next_edit.min_confidence, self.session.clock()
        for each in self._standing_stage(self.session.history.recent(1)).waiting:
            if each.snapshot is not query.snapshot or each.confidence < least:
                continue
            text = inserted_at(each, query.offset)
            if text is not None and self.rejections.weight(each, now) < UNWANTED:
                offer = Offer(f"next-{next(self._ids)}", each)
                self._keep(offer)
                return Due(offer.id, text, each.origin, each.confidence, each.why)
        return None

    # What becomes of offers

    def offer(self, id: str) -> Offer | None:
        """What went out under an id, while it is remembered."""
        return self._offers.get(id)

    def accept(self, id: str) -> bool:
        """The user took an offer; False where it is not one of ours."""
        offer = self._offers.pop(id, None)
        if offer is None:
            return False
        self.accepted += 1
        self.taste.ended(offer, is_taken=True)
        self.stage = self.stage.taken(offer.proposal)
        if offer.proposal.kind == "jump":
            self._led_to(offer.proposal)
        return True

    def _led_to(self, jump: Proposal) -> None:
        """The user followed a jump: it is not offered again, and the engine may say more about the place."""
        document = self.session.documents.get(jump.uri)
        if document is None:
            self.visited = self.visited.put([jump])
        elif not jump.is_open:
            here = at_hand_in(jump, document)
            self.visited = self.visited.put([here] if here is not None else [])
        elif (later := self.session.edits_since(jump.snapshot)) is not None:
            now = moved(jump, jump.snapshot, later, document) if later else jump
            self.visited = self.visited.put([now] if isinstance(now, Proposal) else [])

    def reject(self, id: str) -> bool:
        """The user dismissed an offer; False where it is not one of ours."""
        offer = self._offers.pop(id, None)
        if offer is None:
            return False
        self.stage = self.stage.taken(offer.proposal)
        self.taste.ended(offer, is_taken=False)
        self.rejections = self.rejections.add(offer.proposal, self.session.clock())
        return True

    # What happens meanwhile

    def opened(self, document: DocumentSnapshot) -> None:
        """A document was opened, perhaps anew."""
        self.stage, self.visited = self.stage.opened(document), self.visited.opened(document)
        self.faults.opened(document)
        self.engine.opened(document)

    def changed(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> None:
        """A document changed: what waits there is moved, and the cursor is where the last edit ends."""
        self.engine.changed(before, edits, after)
        self.stage = self.stage.moved(before, edits, after)
        self.visited = self.visited.moved(before, edits, after)
        self.faults.changed(before, edits, after)
        self.taste.changed(before, edits, after)
        self.rejections = self.rejections.moved(before.uri, edits)
        offset = map_offset(edits[-1].span.end, edits[-1]) if edits else 0
        self.moved_to(after.uri, min(offset, len(after)))

    def moved_to(self, uri: str, offset: int) -> None:
        """The editor says that the user is now there."""
        self._places[uri] = offset
        self.cursor = Cursor(uri, offset)

    def focused(self, uri: str) -> None:
        """The user looks at a document, wherever they were in it last."""
        self.cursor = Cursor(uri, self._places.get(uri, 0))

    def closed(self, uri: str) -> None:
        """A document was closed."""
        self.engine.closed(uri)
        self.stage, self.visited = self.stage.without(uri), self.visited.without(uri)
        self.faults.closed(uri)
        self._problems.pop(uri, None)
        self._places.pop(uri, None)
        if self.cursor is not None and self.cursor.uri == uri:
            self.cursor = None

    def why(self) -> tuple[float, str] | None:
        """When the last request was answered, and in a sentence how."""
        if self.last is None:
            return None
        name, answer = self.session.relative(self.last.uri), self.last.answer
        if isinstance(answer, NextDeclined):
            return self.last.at, f"No next edit in {name}: {answer}"
        best = answer[0].proposal
        source = "the embedded engine" if best.origin == "local" else "the model"
        place = f"{self.session.relative(best.uri)}:{best.line + 1}"
        sure = f"{best.confidence:.0%} sure: {best.why}"
        return (
            self.last.at,
            f"The next {best.kind} at {place} came from {source} ({sure}), in {self.last.took_ms:.0f} ms",
        )


def _readable(path: str, roots: Sequence[str], patterns: tuple[str, ...]) -> str | None:
    return read_source(path) if may_suggest_in(path, roots, patterns) else None

"""What a session's ghost text remembers between two keys: streams on their way, answers, how the user types."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ai_lsp.completion.cache import Answer, Answers
from ai_lsp.completion.in_flight import Flight, Flights
from ai_lsp.completion.prompt import Around
from ai_lsp.completion.query import Query
from ai_lsp.completion.reuse import spot_of
from ai_lsp.completion.rhythm import Rhythm, debounce_s
from ai_lsp.text.document import DocumentSnapshot

TYPED_LINES, TYPED_CHARS = 24, 1_500
"""So much may be typed until the prompt's prefix is ended anew at the cursor's line."""

SAME_CHARS = 1_500
"""Text on either side that must be the same for the prompt to go on from the last one."""

ACCEPTED_S = 1.0
"""So long after an acceptance nothing is waited for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request about a document: the cursor, how many lines above it count as typed, the prompt's size in
    tokens, and what it is told of other places; None where that is to be found out."""

    snapshot: DocumentSnapshot
    offset: int
    typed_lines: int
    tokens: int
    around: Around | None = None

    @property
    def typed_from(self) -> int:
        """Where the typed part begins."""
        return self.snapshot.line_span(self.snapshot.line_at(self.offset) - self.typed_lines).start


class Reuse:
    """Mutable, one per session; made of parts that each know one thing."""

    def __init__(self) -> None:
        self.answers = Answers()
        self.flights = Flights(self._landed)
        self.rhythm = Rhythm()
        self._asked: dict[str, Asked] = {}
        self._accepted_at = -ACCEPTED_S
        self._ahead: asyncio.TimerHandle | None = None

    # What the session tells

    def key(self, now: float) -> None:
        """A document was changed by the user."""
        self.rhythm = self.rhythm.key(now)

    def asks(self, now: float) -> None:
        """The editor asks."""
        self.rhythm = self.rhythm.asked(now)

    def accepted(self, now: float) -> None:
        """A suggestion was taken."""
        self._accepted_at = now

    def rejected(self, snapshot: DocumentSnapshot, offset: int) -> None:
        """What was shown there was dismissed: it does not come back by itself."""
        self.flights.forget(snapshot.uri)
        self.answers.forget(spot_of(Query(snapshot, offset)))

    def forget(self, uri: str) -> None:
        """A document was closed, or opened anew. Answers stay: they hold wherever the same text stands."""
        self._asked.pop(uri, None)
        self.flights.forget(uri)

    def renew(self) -> None:
        """Settings or ignore rules have changed: prompts are made anew."""
        self._asked.clear()

    async def aclose(self) -> None:
        """Close every stream."""
        self.unplan()
        await self.flights.aclose()

    # What completions ask

    def debounce_s(self, now: float, fixed: float | None = None) -> float:
        """How long to wait before the model is asked, in seconds; `fixed` None: as the typing wants it."""
        if fixed is not None:
            return fixed
        return 0.0 if now - self._accepted_at < ACCEPTED_S else debounce_s(self.rhythm)

    def asked(self, query: Query, all_tokens: int, swift_tokens: int) -> Asked:
        """How to ask about a query so that the server reads little: as last time, with what was typed since put
        behind the middle token, where nothing else has changed; otherwise anew, with what is read swiftly."""
        last, most = self._asked.get(query.snapshot.uri), min(all_tokens, swift_tokens)
        if last is None or not _is_near(query, last):
            return Asked(query.snapshot, query.offset, 0, most)
        if not _goes_on(query, last):
            is_alike = last.tokens / 2 <= most <= last.tokens * 2
            return Asked(query.snapshot, query.offset, 0, last.tokens if is_alike else most)
        lines = query.line - query.snapshot.line_at(last.typed_from)
        return Asked(query.snapshot, query.offset, lines, last.tokens, last.around)

    def asked_whole(self, query: Query, all_tokens: int) -> Asked:
        """The same with all that may be read: for when the user rests."""
        last = self._asked.get(query.snapshot.uri)
        goes_on = last is not None and _is_near(query, last) and _goes_on(query, last)
        lines = query.line - query.snapshot.line_at(last.typed_from) if goes_on and last is not None else 0
        return Asked(query.snapshot, query.offset, lines, all_tokens)

    def remember(self, asked: Asked) -> None:
        """The model is being asked so."""
        self._asked[asked.snapshot.uri] = asked

    def plan(self, wait_s: float, ask: Callable[[], None]) -> None:
        """Ask ahead after so many seconds without another request."""
        self.unplan()
        self._ahead = asyncio.get_running_loop().call_later(wait_s, ask)

    def unplan(self) -> None:
        """Another request has come."""
        if self._ahead is not None:
            self._ahead.cancel()
            self._ahead = None

    def _landed(self, flight: Flight) -> None:
        if flight.error is None and (flight.text.strip() or flight.is_whole):
            self.answers.put(Answer(flight.spot, flight.epoch, flight.text, flight.is_whole))
        if flight.line_s is not None:
            self.rhythm = self.rhythm.answered(flight.line_s)
        elif flight.error is None and not flight.is_guess:
            self.rhythm = self.rhythm.came_to_nothing()


def steady(new: Around, last: Around | None) -> Around:
    """What is told of other places: as last time, so that the front of the prompt stays the same, unless
    something lasting has come. What only changed since waits until the prompt is made anew."""
    if last is None or {p.key for p in new.files if p.stability != "volatile"} - {p.key for p in last.files}:
        return new
    return last


def _is_near(query: Query, last: Asked) -> bool:
    return abs(query.line - last.snapshot.line_at(last.offset)) <= 2 * TYPED_LINES


def _goes_on(query: Query, last: Asked) -> bool:
    """Whether between two queries only the text from `typed_from` to the cursor has changed."""
    now, then, start = query.snapshot, last.snapshot, last.typed_from
    if not start <= query.offset <= start + TYPED_CHARS:
        return False
    if query.line - now.line_at(start) > TYPED_LINES:
        return False
    above = now.slice(start - SAME_CHARS, start) == then.slice(start - SAME_CHARS, start)
    below = now.slice(query.offset, query.offset + SAME_CHARS) == then.slice(
        last.offset, last.offset + SAME_CHARS
    )
    return above and below

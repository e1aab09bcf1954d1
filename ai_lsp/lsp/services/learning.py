"""What becomes of each suggestion, however the editor tells it; and what that says about the next one.

Editors that report acceptance are believed. Of others (Neovim, Helix, eglot) it is seen in the text: what appears
at the suggestion's place in one piece was taken, what appears key by key was typed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ai_lsp.completion.acceptance import BARS, SHOWN_ANYWAY, Acceptance, Row, learned, row
from ai_lsp.completion.query import Declined, Query, Reason, Suggestion
from ai_lsp.lsp.journal import Event, Journal, read_journal
from ai_lsp.lsp.services.service import Service
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, rebase_insertion

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

SEEN_S = 0.75
"""Seconds after which somebody has seen a suggestion, and leaving it says something."""

KEPT_AFTER_S = (30.0, 300.0)
"""When it is looked whether a suggestion that was taken still stands."""

OUTCOMES: Mapping[str, tuple[float, float]] = {
    "accepted": (1.0, 1.0),
    "partly": (0.7, 1.0),
    "typed": (0.5, 0.3),
    "left": (0.0, 0.4),
    "dismissed": (0.0, 1.0),
}
"""(outcome, weight) that an event teaches."""


@dataclass(slots=True)
class Watched:
    """A suggestion on the screen. `rest` is what of its text is still to come, `at` its place now."""

    suggestion: Suggestion
    features: Row
    began: float
    rest: str
    at: int
    is_taken: bool = False


@dataclass(slots=True)
class Taken:
    """A suggestion that was taken, and the seconds after which it is still to be looked for."""

    suggestion: Suggestion
    features: Row
    moments: list[float]


class LearningService(Service):
    """Watches suggestions, keeps the figures, and holds back what is seldom taken."""

    def __init__(self, session: Session, kept_after_s: Sequence[float] = KEPT_AFTER_S) -> None:
        super().__init__(session)
        self._kept_after_s = kept_after_s
        self.journal = Journal()
        self.known = Acceptance()
        self._watched: dict[str, Watched] = {}  # by document
        self._passed: dict[str, str] = {}  # id of the last suggestion judged, by document
        self._taken: list[Taken] = []
        self._held = 0
        self._again = 0
        self._is_read = False
        session.judge = self.judge
        session.shown.on_shown(self._on_shown)
        session.shown.on_accepted(lambda s: self._end(s.snapshot.uri, "accepted", s.id))
        session.shown.on_rejected(lambda s: self._end(s.snapshot.uri, "dismissed", s.id))
        session.shown.on_partly(self._on_partly)

    def settings_changed(self) -> None:
        if not self._is_read and self.session.settings.completion.learning:
            self._is_read = True
            self.session.spawn("learning", self._read())

    async def _read(self) -> None:
        self.known = await asyncio.to_thread(taste, self.journal)

    async def aclose(self) -> None:
        await asyncio.to_thread(self.journal.close)

    # Before it is shown

    def judge(self, query: Query, answer: Suggestion | Declined) -> Suggestion | Declined:
        """The answer, or the reason to hold it back. What stands on the screen and what was asked for by hand is
        not judged."""
        completion = self.session.settings.completion
        if isinstance(answer, Declined) or query.is_invoked or not completion.learning:
            return answer
        uri = query.snapshot.uri
        last = self._watched.get(uri)
        if self._passed.get(uri) == answer.id or (last is not None and last.suggestion.id == answer.id):
            return answer
        chance = self.known.chance(self._features(answer))
        if chance is not None and chance < BARS[completion.aggressiveness]:
            self._held += 1
            if self._held % SHOWN_ANYWAY:
                self._write("held", answer)
                return Declined(Reason.UNLIKELY, f"{chance:.0%}")
        self._passed[uri] = answer.id
        return answer

    def _features(self, suggestion: Suggestion) -> Row:
        snapshot, offset = suggestion.snapshot, suggestion.offset
        left = snapshot.slice(snapshot.line_span(snapshot.line_at(offset)).start, offset)
        is_local = suggestion.origin == "local"
        return row(
            self.known, is_local=is_local, confidence=suggestion.confidence, text=suggestion.text, left=left
        )

    # While it is shown

    def _on_shown(self, suggestion: Suggestion, took_ms: float) -> None:
        uri = suggestion.snapshot.uri
        last = self._watched.get(uri)
        if last is not None:
            if last.suggestion.id == suggestion.id or (
                last.at == suggestion.offset and suggestion.text.startswith(last.rest) and not last.is_taken
            ):
                # The same, perhaps longer: one suggestion to whoever looks at it.
                self._watched[uri] = replace(
                    last, suggestion=suggestion, rest=suggestion.text, at=suggestion.offset
                )
                self._again += 1
                return
            self._end(uri, "left")
        now = self.session.clock()
        features = self._features(suggestion)
        self._watched[uri] = Watched(suggestion, features, now, suggestion.text, suggestion.offset)
        self._write("shown", suggestion, ms=round(took_ms, 1), again=self._again)
        self._again = 0

    def changed(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> None:
        watched = self._watched.get(before.uri)
        if watched is None or watched.is_taken:
            return
        covers = watched.suggestion.covers
        for edit in edits:
            text = edit.new_text.replace("\r\n", "\n")
            takes_cover = edit.span.start == watched.at and 0 < len(edit.span) <= covers
            same = Edit(edit.span if not takes_cover else replace(edit.span, end=edit.span.start), text)
            moved = rebase_insertion(watched.at, watched.rest, [same])
            if moved is None:
                moved = _retyped_line(watched, edit, text, before)
            if moved is None:
                self._end(before.uri, "left")
                return
            gained = len(watched.rest) - len(moved[1])
            watched.at, watched.rest = moved
            if gained and not watched.rest.strip():
                self._end(before.uri, "accepted" if gained > 1 else "typed", chars=gained)
                return
            if gained > 2 and len(text) > 2:  # a word or a line of it at once; brackets come in pairs
                self._end(before.uri, "partly", chars=gained)
                return

    def closed(self, uri: str) -> None:
        self._watched.pop(uri, None)
        self._passed.pop(uri, None)
        for taken in self._taken:
            if taken.suggestion.snapshot.uri == uri:
                self._look(taken, is_last=True)

    # When it is over

    def _on_partly(self, suggestion: Suggestion, chars: int) -> None:
        self._end(suggestion.snapshot.uri, "partly", suggestion.id, chars=chars)

    def _end(self, uri: str, event: Event, id: str | None = None, chars: int | None = None) -> None:
        watched = self._watched.get(uri)
        if watched is None or watched.is_taken or (id is not None and watched.suggestion.id != id):
            return
        suggestion = watched.suggestion
        seen_s = self.session.clock() - watched.began
        if event == "left":
            self._watched.pop(uri)
            if seen_s < SEEN_S:
                return
        taken = event in ("accepted", "partly")
        watched.is_taken = True
        size = len(watched.rest or suggestion.text) if chars is None else chars
        self._write(event, suggestion, features=watched.features, size=size, seen_s=round(seen_s, 2))
        if self.session.settings.completion.learning:
            outcome, weight = OUTCOMES[event]
            self.known = learned(self.known, watched.features, outcome, weight)
        if taken:
            text = suggestion.text if event == "accepted" else suggestion.text[:size]
            self.session.spawn("kept", self._look_back(replace(suggestion, text=text), watched.features))

    async def _look_back(self, suggestion: Suggestion, features: Row) -> None:
        taken = Taken(suggestion, features, list(self._kept_after_s))
        self._taken.append(taken)
        waited = 0.0
        while taken.moments:
            after_s = taken.moments[0]
            await asyncio.sleep(after_s - waited)
            waited = after_s
            self._look(taken)
        self._taken.remove(taken)

    def _look(self, taken: Taken, *, is_last: bool = False) -> None:
        """Tell whether it stands, for its next moment. What is gone is gone for all of them, and what stands in a
        document that is being closed stays."""
        suggestion = taken.suggestion
        document = self.session.documents.get(suggestion.snapshot.uri)
        later = self.session.edits_since(suggestion.snapshot)
        if not taken.moments or document is None or later is None:
            taken.moments.clear()  # told already, or too many edits ago: nobody knows
            return
        kept = still_there(suggestion, document, later)
        told = taken.moments[:1] if kept and not is_last else list(taken.moments)
        for after_s in told:
            self._write("kept", suggestion, after_s=after_s, kept=kept)
        del taken.moments[: len(told)]
        if not kept and self.session.settings.completion.learning:
            self.known = learned(self.known, taken.features, 0.0)

    def _write(self, event: Event, suggestion: Suggestion, **facts: Any) -> None:
        if not self.session.settings.completion.learning:
            return
        features = facts.pop("features", None)
        x = {"x": [round(v, 4) for v in features]} if features is not None else {}
        language = suggestion.snapshot.language_id[:40]
        told = {"at": round(time.time(), 1), "event": event, "origin": suggestion.origin, "language": language}
        self.journal.write({**told, "chars": len(suggestion.text), **facts, **x})


def _retyped_line(watched: Watched, edit: Edit, text: str, before: DocumentSnapshot) -> tuple[int, str] | None:
    """An editor may write the whole line anew when it takes a suggestion: its start, the text and maybe more."""
    start, end = edit.span.start, edit.span.end
    if not start <= watched.at <= end or end - start > 1_000:
        return None
    left = before.slice(start, watched.at)
    if not text.startswith(left) or len(text) <= len(left):
        return None
    gained = text[len(left) :]
    if gained.startswith(watched.rest):
        return watched.at + len(watched.rest), ""
    if watched.rest.startswith(gained):
        return watched.at + len(gained), watched.rest[len(gained) :]
    return None


def still_there(suggestion: Suggestion, document: DocumentSnapshot, later: Sequence[Edit]) -> bool:
    """Whether a text that was taken stands where it was put, white space aside; equal words elsewhere are others.

    `later` are all edits since it was suggested, the one that took it among them: whatever touches its place
    belongs to it.
    """
    start = end = suggestion.offset
    for edit in later:
        if edit.span.end < start:
            start, end = start + edit.growth, end + edit.growth
        elif edit.span.start <= end:
            start, end = min(start, edit.span.start), max(end, edit.span.end) + edit.growth
    return "".join(suggestion.text.split()) in "".join(document.slice(start, end).split())


def taste(journal: Journal) -> Acceptance:
    """What the journal's outcomes teach, the last few thousand of them. Reads the disk."""
    known = Acceptance()
    entries = [e for e in read_journal(journal.path) if e["event"] in OUTCOMES and isinstance(e.get("x"), list)]
    for entry in entries[-4_000:]:
        outcome, weight = OUTCOMES[entry["event"]]
        try:
            known = learned(known, [float(v) for v in entry["x"]], outcome, weight)
        except (TypeError, ValueError):
            continue
    return known

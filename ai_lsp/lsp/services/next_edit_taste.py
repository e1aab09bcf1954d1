"""What becomes of the next edits that were shown: kept without text in the user's own figures, learned from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ai_lsp.edits.next_taste import OUTCOMES, NextTaste
from ai_lsp.edits.next_values import NextReason, Offer, Proposal
from ai_lsp.edits.staging import moved
from ai_lsp.lsp.journal import Journal, read_journal
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

MOST_READ = 2_000

ENDS: Mapping[NextReason, str] = {NextReason.TYPED: "typed", NextReason.CONTRADICTED: "contradicted"}
"""What the text says of an offer on the screen, where the editor says nothing."""


class Taste:
    """One session's: what it knows of this user, and the offer on the screen."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._journal = Journal()
        self._known = NextTaste()
        self._shown: Offer | None = None
        self._is_read = False

    def settings_changed(self) -> None:
        """Read what earlier sessions learned."""
        if not self._is_read and self._is_on:
            self._is_read = True
            self._session.spawn("learning of next edits", self._read())

    async def aclose(self) -> None:
        await asyncio.to_thread(self._journal.close)

    def confidence(self, proposal: Proposal) -> float:
        """How sure a proposal is, in the light of what became of those before it."""
        return (
            self._known.chance(self._source(proposal), proposal.confidence)
            if self._is_on
            else proposal.confidence
        )

    def shown(self, offer: Offer) -> None:
        """An offer is on the screen."""
        self._shown = offer

    def changed(self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot) -> None:
        """A document changed: an offer may have been typed, taken by an editor that does not say so, or
        contradicted."""
        offer = self._shown
        if offer is None or offer.proposal.uri != before.uri or not offer.proposal.is_open:
            return
        now = moved(offer.proposal, before, edits, after)
        if isinstance(now, Proposal):
            self._shown = replace(offer, proposal=now)
            return
        self._shown = None
        end = ENDS.get(now)
        if end is None or offer.proposal.kind == "jump":
            return
        is_at_once = any(len(edit.new_text) > 2 for edit in edits)
        self._learn(offer.proposal, "taken" if end == "typed" and is_at_once else end)

    def ended(self, offer: Offer, *, is_taken: bool) -> None:
        """The editor says what became of an offer; one that the text has told of already is not counted twice."""
        is_shown = self._shown is not None and self._shown.id == offer.id
        if is_taken and not is_shown and offer.proposal.kind == "edit" and offer.proposal.is_open:
            return  # the text of a taken edit comes before the word
        self._shown = None
        self._learn(offer.proposal, "taken" if is_taken else "dismissed")

    @property
    def _is_on(self) -> bool:
        return self._session.settings.completion.learning

    def _source(self, proposal: Proposal) -> str:
        name = "local" if proposal.origin == "local" else f"model {self._session.settings.routes.next_edit}"
        return f"{name} {proposal.kind}"

    def _learn(self, proposal: Proposal, end: str) -> None:
        if not self._is_on:
            return
        source = self._source(proposal)
        said = self._known.said(source, proposal.confidence)
        self._known = self._known.learned(source, said, *OUTCOMES[end])
        told = {
            "at": round(time.time(), 1),
            "event": "next",
            "source": source,
            "said": round(said, 4),
            "end": end,
        }
        self._journal.write(told)

    async def _read(self) -> None:
        self._known = await asyncio.to_thread(taste, self._journal)


def taste(journal: Journal) -> NextTaste:
    """What the journal's ends teach, the last few thousand of them. Reads the disk."""
    known = NextTaste()
    for entry in [e for e in read_journal(journal.path) if e["event"] == "next"][-MOST_READ:]:
        source, said, end = entry.get("source"), entry.get("said"), entry.get("end")
        if not (isinstance(source, str) and isinstance(said, int | float) and isinstance(end, str)):
            continue
        if 0 <= said <= 1 and end in OUTCOMES:
            known = known.learned(source, float(said), *OUTCOMES[end])
    return known

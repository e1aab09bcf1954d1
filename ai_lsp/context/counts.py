"""Token counts already made, so that a text is counted once however many prompts it stands in."""

from __future__ import annotations

from collections.abc import Callable

from ai_lsp.context.parts import Layout

Count = Callable[[str], int]
"""Tokens of a text. Pure: same text, same number, 0 for "". A counter that learns is another callable after."""


class Counts:
    """Token counts already made, per counter and hash of the text; and the layout of the last prompt. Bounded.

    Each of the latest `counters` callables has two generations of at most `entries` counts; what was not asked
    for in a whole generation is forgotten. Results never depend on it, and it is not for several threads.
    """

    def __init__(self, entries: int = 65_536, counters: int = 4) -> None:
        self._entries = entries
        self._counters = counters
        self._tallies: dict[Count, Tally] = {}
        self.layout: Layout | None = None

    def __len__(self) -> int:
        return sum(len(tally.young) + len(tally.old) for tally in self._tallies.values())

    def by(self, count: Count) -> Tally:
        """What `count` said so far, and will be asked once per text."""
        tally = self._tallies.pop(count, None) or Tally(count, self._entries)
        self._tallies[count] = tally  # the latest stands last
        while len(self._tallies) > self._counters:
            del self._tallies[next(iter(self._tallies))]
        return tally


class Tally:
    """The counts of one counter.

    `young` maps hashes of texts to what was counted lately; a loop that cannot afford a call looks there first.
    """

    __slots__ = ("_count", "_entries", "old", "young")

    def __init__(self, count: Count, entries: int) -> None:
        self._count = count
        self._entries = entries
        self.young: dict[int, int] = {}
        self.old: dict[int, int] = {}

    def of(self, text: str) -> int:
        """Tokens of the text; 0 for "", whatever the counter says."""
        key = hash(text)
        known = self.young.get(key)
        if known is None:
            known = self.old.get(key)
            if known is None:
                known = self._count(text) if text else 0
            if len(self.young) >= self._entries:
                self.young, self.old = {}, self.young
            self.young[key] = known
        return known
